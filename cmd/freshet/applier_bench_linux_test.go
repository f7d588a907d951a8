package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/sim"
	"github.com/freshet-rec/freshet/stream"
)

const (
	appliedAtOnce = 128  // events, as a stream hands them over
	measuredChunk = 4096 // events between two looks at the clock
)

// BenchmarkApplier folds events as a server does, and tells the processor time of that alone: what
// freshet bench ingest sends, in the default configuration and without recall, and what a load test
// sends (internal/loadrun).
func BenchmarkApplier(b *testing.B) {
	b.Run("ingest", func(b *testing.B) { applyIngest(b, true) })
	b.Run("ingest_no_recall", func(b *testing.B) { applyIngest(b, false) })
	b.Run("ten_features", func(b *testing.B) { applyLoad(b, tenFeatures) })
	b.Run("every_aggregate", func(b *testing.B) { applyLoad(b, everyFeature) })
}

// applyIngest folds the world of freshet bench ingest and then acts as it draws them, that happen as
// they come: by any visitor, on items by a Zipf law, one click for every eight items shown.
func applyIngest(b *testing.B, recall bool) {
	s := watchedState(b, "version: 1", recall)
	world := sim.New(sim.Options{Seed: 7, End: time.UnixMilli(benchBegins)})
	var entries []stream.Entry
	items := world.Items()
	for i := range items {
		entries = append(entries, stream.Entry{Item: &items[i], Received: benchBegins})
	}
	for e := range world.History() {
		entries = append(entries, stream.Entry{Event: &e, Received: benchBegins})
	}
	applyEntries(s, entries)
	rng := rand.New(rand.NewPCG(7, 0))
	popular, order, users := rand.NewZipf(rng, 1.1, 8, uint64(len(items)-1)), rng.Perm(len(items)), world.Visitors()
	acts := make([]freshet.Event, 1<<16)
	for i := range acts {
		acts[i] = freshet.Event{User: users[rng.IntN(len(users))], Item: items[order[popular.Uint64()]].ID, Name: "expose"}
		if rng.IntN(9) == 0 {
			acts[i].Name = "click"
		}
	}
	measureApplying(b, s, func(n int) freshet.Event {
		e := acts[n%len(acts)]
		e.ID, e.Time = "bench-"+strconv.Itoa(n), benchBegins+int64(n/400)
		return e
	})
}

// applyLoad folds the catalogue and the users of a load test and then events like its own: users and
// items by Zipf laws, one in five out of order, with values, ranks and contexts.
func applyLoad(b *testing.B, text string) {
	s := watchedState(b, text, true)
	rng := rand.New(rand.NewPCG(1, 0))
	texts := func(letter string, of, n int) (list []any) {
		for _, k := range rng.Perm(of)[:n] {
			list = append(list, letter+strconv.Itoa(k))
		}
		return list
	}
	var entries []stream.Entry
	for i := range 500 {
		doc := freshet.Item{ID: freshet.ItemID(fmt.Sprintf("i%d", i)), Title: fmt.Sprintf("Item %d", i), Attributes: map[string]any{"grade": json.Number(strconv.Itoa(rng.IntN(4)))}}
		for _, c := range texts("c", 12, 1+rng.IntN(3)) {
			doc.Categories = append(doc.Categories, c.(string))
		}
		for _, tag := range texts("t", 8, rng.IntN(3)) {
			doc.Tags = append(doc.Tags, tag.(string))
		}
		if rng.IntN(4) > 0 {
			doc.Attributes["sizes"] = texts("s", 10, 1+rng.IntN(3))
		}
		if rng.IntN(5) > 0 {
			doc.Attributes["brand"] = "b" + strconv.Itoa(rng.IntN(6))
		}
		entries = append(entries, stream.Entry{Item: &doc, Received: benchBegins})
	}
	for i := range 1000 {
		if i%10 != 9 {
			entries = append(entries, stream.Entry{Received: benchBegins, User: &freshet.User{ID: freshet.UserID(fmt.Sprintf("u%d", i)),
				Attributes: map[string]any{"plan": []string{"free", "gold", "team"}[rng.IntN(3)], "groups": texts("g", 5, rng.IntN(3))}}})
		}
	}
	applyEntries(s, entries)
	users, items := rand.NewZipf(rng, 1.1, 8, 999), rand.NewZipf(rng, 1.2, 4, 499)
	acts := make([]freshet.Event, 1<<17)
	for i := range acts {
		e := freshet.Event{Item: freshet.ItemID(fmt.Sprintf("i%d", items.Uint64())), Name: loadName(rng)}
		if user := fmt.Sprintf("u%d", users.Uint64()); rng.IntN(20) > 0 {
			e.User = freshet.UserID(user)
		} else {
			e.Anonymous = user
		}
		if e.HasValue = rng.IntN(5) > 0; e.HasValue {
			e.Value = float64(rng.IntN(2560)) / 128
		}
		if rng.IntN(3) > 0 {
			e.Rank = 1 + rng.IntN(40)
		}
		if e.Name == "search" {
			e.Item, e.Query = "", "q"+strconv.Itoa(rng.IntN(300))
		}
		e.Time, e.Context = loadShift(rng), loadContext(rng)
		acts[i] = e
	}
	measureApplying(b, s, func(n int) freshet.Event {
		e := acts[n%len(acts)]
		e.ID = "0-" + strconv.Itoa(n)
		e.Time += benchBegins + int64(n/150)
		return e
	})
}

// benchBegins is when what is measured happens, Unix ms.
const benchBegins = int64(1_795_187_045_000)

// loadName draws a name: of twenty thirteen expose, four click, two like, one search.
func loadName(rng *rand.Rand) string {
	switch n := rng.IntN(20); {
	case n < 13:
		return "expose"
	case n < 17:
		return "click"
	case n < 19:
		return "like"
	}
	return "search"
}

// loadShift draws how far from now an event happens, in ms: one in five up to 40 minutes back or 59
// seconds ahead.
func loadShift(rng *rand.Rand) int64 {
	if rng.IntN(5) > 0 {
		return 0
	}
	switch rng.IntN(6) {
	case 0:
		return rng.Int64N(59_000)
	case 1:
		return 50_000 + rng.Int64N(9_000)
	}
	return -rng.Int64N(40 * 60_000)
}

// loadContext draws where something happens.
func loadContext(rng *rand.Rand) map[string]any {
	c := map[string]any{}
	if n := rng.IntN(5); n < 4 {
		c["device"] = []string{"phone", "tablet", "desktop", "tv"}[n]
	}
	if n := rng.IntN(10); n < 8 {
		c["place"] = "p" + strconv.Itoa(n)
	}
	if rng.IntN(2) == 0 {
		c["depth"] = json.Number(strconv.Itoa(1 + rng.IntN(6)))
	}
	if rng.IntN(2) == 0 {
		c["load"] = json.Number(strconv.FormatFloat(float64(rng.IntN(2000))/100, 'f', -1, 64))
	}
	return c
}

// watchedState is the state of a server with a configuration, with or without its routes.
func watchedState(b *testing.B, text string, recall bool) *fold.State {
	b.Helper()
	cfg, problems := config.Parse("freshet.yaml", []byte(text), nil)
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	if !recall {
		cfg.Recall = nil
	}
	s, err := fold.New(watchedFold(cfg))
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// applyEntries folds entries in batches.
func applyEntries(s *fold.State, entries []stream.Entry) {
	var at stream.Stretch
	for from := 0; from < len(entries); from += appliedAtOnce {
		s.ApplyAll(entries[from:min(from+appliedAtOnce, len(entries))], &at)
	}
}

// measureApplying folds b.N events, of which event makes the one with a number, and reports the
// processor time that one takes the thread that folds.
func measureApplying(b *testing.B, s *fold.State, event func(n int) freshet.Event) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b.ReportAllocs()
	var took time.Duration
	entries := make([]stream.Entry, measuredChunk)
	for n := 0; n < b.N; {
		b.StopTimer()
		events := make([]freshet.Event, min(measuredChunk, b.N-n))
		for i := range events {
			events[i] = event(n)
			entries[i] = stream.Entry{Event: &events[i], Position: freshet.Position(n + 1), Received: events[i].Time, Source: "http"}
			n++
		}
		b.StartTimer()
		before := threadTime(b)
		applyEntries(s, entries[:len(events)])
		took += threadTime(b) - before
	}
	b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "cpu-ns/event")
}

// threadTime is the processor time that this thread has used.
func threadTime(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
