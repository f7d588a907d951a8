package codec

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/freshet-rec/freshet"
)

// fourFields is a body of n minimal events.
func fourFields(n int) []byte {
	body := []byte(`{"events":[`)
	names := []string{"click", "view", "expose", "purchase"}
	for i := range n {
		if i > 0 {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"user_id":"u%d","item_id":"v%d","event":"%s","ts":%d}`, i*7919%100_000, i*104_729%1_000_000, names[i%4], 1_700_000_000+i)
	}
	return append(body, "]}"...)
}

// wide is n lines of events with most fields and a context of up to four.
func wide(n int) []byte {
	var body []byte
	names := []string{"expose", "expose", "click", "like"}
	for i := range n {
		body = fmt.Appendf(body, `{"event_id":"19a2b3c4d5e-%d-%09d","user_id":"u%d","item_id":"i%d","event":"%s","ts":%d`, i%8, i, i*7919%1000, i*104_729%500, names[i*31%4], 1_700_000_000_000+i)
		if i%5 > 0 {
			body = fmt.Appendf(body, `,"value":%v`, float64(i*2557%2560)/128)
		}
		if i%3 > 0 {
			body = fmt.Appendf(body, `,"rank":%d`, 1+i%40)
		}
		body = fmt.Appendf(body, `,"context":{"device":"%s","place":"p%d"`, []string{"phone", "tablet", "desktop", "tv"}[i%4], i%8)
		if i%2 > 0 {
			body = fmt.Appendf(body, `,"depth":%d,"load":%v`, 1+i%6, float64(i*1999%2000)/100)
		}
		body = append(body, "}}\n"...)
	}
	return body
}

// BenchmarkDecodeWide decodes lines, AppendWide writes them.
func BenchmarkDecodeWide(b *testing.B) {
	body, rules := wide(1000), testRules()
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if got, err := DecodeEvents(body, NDJSON, rules); err != nil || len(got.List) != 1000 {
			b.Fatal(err, got.Problems)
		}
	}
}

func BenchmarkAppendWide(b *testing.B) {
	got, err := DecodeEvents(wide(1000), NDJSON, testRules())
	if err != nil {
		b.Fatal(err)
	}
	var text []byte
	b.ReportAllocs()
	for b.Loop() {
		text = text[:0]
		for i := range got.List {
			text = AppendEvent(text, &got.List[i])
		}
	}
}

func BenchmarkDecodeEvents(b *testing.B) {
	body, rules := fourFields(1000), testRules()
	b.Run("events=1000/fields=4", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(body)))
		n := 0
		for b.Loop() {
			got, err := DecodeEvents(body, JSON, rules)
			if err != nil || len(got.List) != 1000 {
				b.Fatal(err)
			}
			n += len(got.List)
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("events=1000/fields=4/encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var into struct {
				Events []struct {
					User  string `json:"user_id"`
					Item  string `json:"item_id"`
					Event string `json:"event"`
					TS    int64  `json:"ts"`
				} `json:"events"`
			}
			if err := json.Unmarshal(body, &into); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecodeEvent(b *testing.B) {
	raw := []byte(`{"event_id":"e-9f2","user_id":"ada","item_id":"b-0417","event":"click","ts":"2026-11-20T15:04:09.300+08:00","request_id":"r-01JD","rank":2,"context":{"device":"mobile"}}`)
	rules := testRules()
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := DecodeEvent(raw, rules); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}

func BenchmarkAppendEvent(b *testing.B) {
	e := freshet.Event{ID: "e-9f2", User: "ada", Item: "b-0417", Name: "click", Time: 1_700_000_000_000}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendEvent(buf[:0], &e)
	}
}

func BenchmarkFingerprint(b *testing.B) {
	e := freshet.Event{ID: "e-9f2", User: "ada", Item: "b-0417", Name: "click", Time: 1_700_000_000_000}
	b.ReportAllocs()
	for b.Loop() {
		if Fingerprint(&e) == 0 {
			b.Fatal("a print of 0")
		}
	}
}

// The event path allocates the ids of each event, and for the batch as a whole little more.
func TestAllocations(t *testing.T) {
	const n = 1000
	body, rules := fourFields(n), testRules()
	got := testing.AllocsPerRun(5, func() {
		if _, err := DecodeEvents(body, JSON, rules); err != nil {
			t.Error(err)
		}
	})
	if got > 2*n+20 {
		t.Errorf("%.0f allocations for %d events, want two each and 20", got, n)
	}
	e := freshet.Event{ID: "e", User: "u", Item: "i", Name: "click", Time: noon, Value: 0.5, HasValue: true}
	if got := testing.AllocsPerRun(100, func() { Fingerprint(&e) }); got != 0 {
		t.Errorf("%.0f allocations for a fingerprint", got)
	}
}
