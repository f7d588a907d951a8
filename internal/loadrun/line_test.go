package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"
)

// TestLine: lines are those of encoding/json, to the byte.
func TestLine(t *testing.T) {
	w, now := testWorld(3), time.UnixMilli(1_800_000_000_000)
	check := func(e event) {
		t.Helper()
		want, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.appendLine(nil); !bytes.Equal(got, append(want, '\n')) {
			t.Fatalf("%+v is %q, want %q", e, got, want)
		}
	}
	check(event{})
	for range 20_000 {
		check(w.event(now))
	}
}

// BenchmarkBatch makes the body of a request of 1,000 events; what else an event costs in this
// process is the HTTP of a thousandth of a request.
func BenchmarkBatch(b *testing.B) {
	opts := options{batch: 1000, users: 1000, items: 500, disorder: 0.2, resend: 0.01, tooLate: 0.002}
	w := newWorld(opts, "run", rand.New(rand.NewPCG(1, 1)))
	w.prepare(mostDrafts)
	for b.Loop() {
		w.accepted(w.batch(time.UnixMilli(1_800_000_000_000)))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*opts.batch), "ns/event")
}
