package sim

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
)

// slates is a recommender without wits: n books by the visit's number.
func slates(w *World, n int, rng *rand.Rand) []freshet.ItemID {
	var slate []freshet.ItemID
	for _, b := range rng.Perm(len(w.books))[:n] {
		slate = append(slate, w.books[b].item.ID)
	}
	return slate
}

func TestCrowdsOfOneSeedAreOne(t *testing.T) {
	w := New(Options{Seed: 7, Items: 300, Visitors: 100, End: harbourEnd})
	play := func(seed, shown uint64) (visits, events string) {
		c, rng := w.Crowd(seed), rand.New(rand.NewPCG(shown, 0))
		for i := range int64(200) {
			v := c.Come(harbourEnd.UnixMilli() + i*60_000)
			visits += fmt.Sprintln(v.User(), v.Session(), v.Device(), v.Time())
			text, err := json.Marshal(v.React(slates(w, 8, rng), "r"))
			if err != nil {
				t.Fatal(err)
			}
			events += string(text)
		}
		return visits, events
	}
	visits, events := play(1, 1)
	if again, same := play(1, 1); again != visits || same != events {
		t.Error("equal seeds and slates bring other visits or reactions")
	}
	if others, differ := play(1, 2); others != visits || differ == events {
		t.Error("who comes must not depend on what is shown; what they do must")
	}
	if others, _ := play(2, 1); others == visits {
		t.Error("seeds 1 and 2 bring the same visits")
	}
}

func TestWhoComes(t *testing.T) {
	w := New(Options{Seed: 7, Items: 300, Visitors: 500, End: harbourEnd})
	c := w.Crowd(3)
	known, strangers := map[freshet.UserID]bool{}, map[freshet.UserID]int{}
	for _, id := range w.Visitors() {
		known[id] = true
	}
	const visits = 4000
	for range visits {
		id := c.Come(harbourEnd.UnixMilli()).User()
		if id == "ada" {
			t.Fatal("ada came by herself")
		}
		if !known[id] {
			strangers[id]++
		}
	}
	if share := float64(len(strangers)) / visits; math.Abs(share-newcomers) > 0.02 {
		t.Errorf("%.3f of the visits are somebody's first, want about %.3f", share, newcomers)
	}
	if slices.Max(slices.Collect(values(strangers))) < 2 {
		t.Error("no newcomer came again")
	}
}

func values[K comparable, V any](m map[K]V) func(func(V) bool) {
	return func(yield func(V) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// TestReactions: every event is valid, in order, with an id that neither the history nor
// another visit has, and at the rank where the item was shown.
func TestReactions(t *testing.T) {
	w := New(Options{Seed: 7, Items: 300, Visitors: 100, End: harbourEnd})
	ids := map[string]bool{}
	for e := range w.History() {
		ids[e.ID] = true
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for seed := range uint64(2) {
		c := w.Crowd(seed)
		for i := range int64(300) {
			v := c.Come(harbourEnd.UnixMilli() + i*1000)
			slate := slates(w, 8, rng)
			slate[3] = "unheard-of"
			exposed, before := 0, v.Time()
			for _, e := range v.React(slate, "r-5") {
				if ids[e.ID] {
					t.Fatalf("the id %s comes twice", e.ID)
				}
				ids[e.ID] = true
				if e.Item != slate[e.Rank-1] || e.Request != "r-5" || e.User != v.User() || e.Session != v.Session() || e.Time < before {
					t.Fatalf("event %+v", e)
				}
				before = e.Time
				if e.Name == "expose" {
					exposed++
				}
			}
			if exposed != 7 {
				t.Fatalf("%d of 7 books that exist were exposed", exposed)
			}
		}
	}
}

// TestExpectedIsWhatHappens: over many visits the clicks are as many as Expected says, at every
// rank.
func TestExpectedIsWhatHappens(t *testing.T) {
	for name, o := range map[string]Options{
		"default":          {Seed: 7},
		"no bias":          {Seed: 8, PositionBias: -1},
		"strong bias":      {Seed: 9, PositionBias: 3, Noise: -1},
		"noisy":            {Seed: 10, Noise: 0.3},
		"wandering":        {Seed: 11, Drift: 2, Tastes: 2},
		"many hidden ones": {Seed: 12, Drift: -1, Tastes: 64},
	} {
		t.Run(name, func(t *testing.T) {
			o.Items, o.Visitors, o.End = 200, 100, harbourEnd
			w := New(o)
			c, rng := w.Crowd(1), rand.New(rand.NewPCG(2, 2))
			var clicks, expected, variance [9]float64
			for i := range int64(4000) {
				v := c.Come(harbourEnd.UnixMilli() + i*int64(time.Hour/time.Millisecond))
				slate := slates(w, 8, rng)
				for rank, item := range slate {
					p := v.ClickProbability(item, rank+1)
					expected[rank+1] += p
					variance[rank+1] += p * (1 - p)
				}
				for _, e := range v.React(slate, "") {
					if e.Name == "click" {
						clicks[e.Rank]++
					}
				}
			}
			for rank := 1; rank <= 8; rank++ {
				if off := math.Abs(clicks[rank]-expected[rank]) / math.Sqrt(variance[rank]); off > 4.5 {
					t.Errorf("rank %d: %v clicks, %.1f expected", rank, clicks[rank], expected[rank])
				}
			}
			full := o.withDefaults()
			attention := (expected[8]/4000 - full.Noise) / (expected[1]/4000 - full.Noise)
			if want := 1 / (1 + 7*full.PositionBias); math.Abs(attention-want) > 0.1 {
				t.Errorf("attention at rank 8 is %.3f of that at rank 1, want %.3f", attention, want)
			}
		})
	}
}

// TestOracleIsTheBest holds it against every slate of a small shop.
func TestOracleIsTheBest(t *testing.T) {
	w := New(Options{Seed: 3, Items: 50, Visitors: 10, End: harbourEnd})
	c := w.Crowd(1)
	for i := range 20 {
		v := c.Come(harbourEnd.UnixMilli() + int64(i)*86_400_000)
		refused := map[freshet.ItemID]bool{}
		for b := range w.books {
			refused[w.books[b].item.ID] = b%5 == i%5
		}
		best, most := v.Oracle(3, func(id freshet.ItemID) bool { return refused[id] }), 0.0
		for a := range w.books {
			for b := range w.books {
				for c := range w.books {
					slate := []freshet.ItemID{w.books[a].item.ID, w.books[b].item.ID, w.books[c].item.ID}
					if a != b && b != c && a != c && !refused[slate[0]] && !refused[slate[1]] && !refused[slate[2]] {
						most = max(most, v.Expected(slate))
					}
				}
			}
		}
		if got := v.Expected(best); len(best) != 3 || math.Abs(got-most) > 1e-12 || refused[best[0]] {
			t.Errorf("visit %d: the oracle's slate %v is worth %v, another %v", i, best, got, most)
		}
	}
	if got := c.Come(harbourEnd.UnixMilli()).Oracle(80, nil); len(got) != 50 {
		t.Errorf("a slate longer than the shop has %d books", len(got))
	}
	if got := c.Come(harbourEnd.UnixMilli()).Oracle(0, nil); len(got) != 0 {
		t.Errorf("a slate of none has %d books", len(got))
	}
}

// TestTastesSwing: tastes move a little in an hour and much in a month, and not at all without
// drift.
func TestTastesSwing(t *testing.T) {
	moved := func(o Options, after time.Duration) (most float64) {
		o.Seed, o.Items, o.Visitors, o.End = 7, 100, 50, harbourEnd
		w := New(o)
		for v := range w.visitors {
			for b := range w.books {
				now, then := harbourEnd.UnixMilli(), harbourEnd.Add(after).UnixMilli()
				most = max(most, math.Abs(w.visitors[v].liking(&w.books[b], now, noErrand, &w.options)-w.visitors[v].liking(&w.books[b], then, noErrand, &w.options)))
			}
		}
		return most
	}
	if hour, month := moved(Options{}, time.Hour), moved(Options{}, 30*24*time.Hour); hour > 0.02 || month < 0.1 {
		t.Errorf("likings move by up to %.3f in an hour and %.3f in a month", hour, month)
	}
	if month := moved(Options{Drift: -1}, 30*24*time.Hour); month != 0 {
		t.Errorf("without drift likings move by %v", month)
	}
}

func BenchmarkOracle(b *testing.B) {
	w := New(Options{Seed: 7, End: harbourEnd})
	v := w.Crowd(1).Come(harbourEnd.UnixMilli())
	for b.Loop() {
		v.Oracle(8, nil)
	}
}
