package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

func testWorld(seed uint64) *world {
	opts := options{batch: 50, users: 100, items: 100, disorder: 0.2, resend: 0.05, tooLate: 0.02}
	w := newWorld(opts, "run", rand.New(rand.NewPCG(seed, 1)))
	w.prepare(5000)
	return w
}

// read reads the lines of a batch, by a decoder that has nothing in common with what wrote them.
func (b *batch) read(t *testing.T) []event {
	t.Helper()
	var events []event
	lines := json.NewDecoder(bytes.NewReader(b.body))
	for {
		var e event
		switch err := lines.Decode(&e); err {
		case nil:
			events = append(events, e)
		case io.EOF:
			return events
		default:
			t.Fatalf("line %d of %s: %v", len(events)+1, b.body, err)
		}
	}
}

// TestWorld makes a long stream and checks what the server's verdicts rely on: ids are new
// unless announced as sent before, and times lie where their kind says.
func TestWorld(t *testing.T) {
	w, now := testWorld(7), time.UnixMilli(1_800_000_000_000)
	seen := map[string]event{}
	total, duplicate, late, back, ahead, far := 0, 0, 0, 0, 0, 0
	with := map[string]int{}
	names := map[string]int{}
	for range 400 {
		now = now.Add(10 * time.Millisecond)
		b := w.batch(now)
		duplicates, lates := 0, 0
		events := b.read(t)
		for _, e := range events {
			total++
			if first, again := seen[e.EventID]; again {
				if !reflect.DeepEqual(e, first) {
					t.Fatalf("%+v was %+v before", e, first)
				}
				duplicates++
				continue
			}
			seen[e.EventID] = e
			names[e.Event]++
			if e.Value != nil && (*e.Value < 0 || *e.Value >= 20) {
				t.Errorf("value %v", *e.Value)
			}
			if (e.UserID == "") == (e.AnonymousID == "") || (e.ItemID == "") != (e.Event == "search") {
				t.Errorf("event %+v", e)
			}
			for what, has := range map[string]bool{
				"value": e.Value != nil, "rank": e.Rank > 0, "query": e.Query != "", "anonymous": e.AnonymousID != "",
				"device": e.Context.Device != "", "place": e.Context.Place != "", "depth": e.Context.Depth > 0, "load": e.Context.Load > 0,
			} {
				if has {
					with[what]++
				}
			}
			switch away := time.Duration(e.TS-now.UnixMilli()) * time.Millisecond; {
			case away == -tooLateBy:
				lates++
			case away < -furthestBack || away > furthestAhead:
				t.Errorf("an event %v from now", away)
			case away < 0:
				back++
			case away > 0:
				if ahead++; away > farAhead {
					far++
				}
			}
		}
		if duplicates != b.duplicate || lates != b.late || len(events) != 50 || b.events != 50 {
			t.Fatalf("%d duplicates and %d late of %d, announced %d and %d", duplicates, lates, len(events), b.duplicate, b.late)
		}
		duplicate, late = duplicate+duplicates, late+lates
		w.accepted(b)
		if len(w.recent) > recentEvents {
			t.Fatalf("%d recent events", len(w.recent))
		}
	}
	for what, c := range map[string]struct {
		n     int
		share float64
	}{
		"duplicate": {duplicate, 0.05}, "late": {late, 0.02}, "shifted": {back + ahead, 0.2},
		"expose": {names["expose"], 0.65}, "click": {names["click"], 0.2}, "like": {names["like"], 0.1}, "search": {names["search"], 0.05},
		"far ahead": {far, 0.2 * 7 / 36},
		"value":     {with["value"], 0.8}, "rank": {with["rank"], 0.67}, "query": {with["query"], 0.05}, "anonymous": {with["anonymous"], 0.05},
		"device": {with["device"], 0.8}, "place": {with["place"], 0.8}, "depth": {with["depth"], 0.5}, "load": {with["load"], 0.5},
	} {
		if got := float64(c.n) / float64(total); got < c.share*0.8 || got > c.share*1.1 {
			t.Errorf("share of %s is %v, want about %v", what, got, c.share)
		}
	}
	if ahead == 0 || back < ahead {
		t.Errorf("%d events back, %d ahead", back, ahead)
	}
}

func TestNothingSpecialBeforeTheFirstAcceptance(t *testing.T) {
	w := testWorld(7)
	for range 20 {
		if b := w.batch(time.UnixMilli(1_800_000_000_000)); b.duplicate+b.late > 0 {
			t.Fatalf("%d duplicates, %d late", b.duplicate, b.late)
		}
	}
}

func TestSameSeedSameWorld(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	if a, b := testWorld(7).batch(now), testWorld(7).batch(now); !reflect.DeepEqual(a, b) {
		t.Error("two batches of one seed differ")
	}
	if a, b := testWorld(7).batch(now), testWorld(8).batch(now); reflect.DeepEqual(a, b) {
		t.Error("batches of two seeds are the same")
	}
}
