package lives

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
	"github.com/freshet-rec/freshet/stream"
)

// shelf is the catalogue of these tests.
func shelf() (items []freshet.Item) {
	for i := range 6 {
		items = append(items, freshet.Item{ID: freshet.ItemID(fmt.Sprintf("i-%d", i)), Categories: []string{"sea", "hill", "town"}[i%3 : 1+i%3], Attributes: map[string]any{"author": fmt.Sprint(i % 2)}})
	}
	return items
}

// told is what a machine was left with.
type told struct {
	export []string
	out    stream.Outcome // of all batches together
}

// tell posts events in batches of random size, and returns what came of it.
func tell(t testing.TB, events []freshet.Event, rng *rand.Rand) told {
	t.Helper()
	m := boot(t, fsys.NewMem())
	defer m.down()
	if _, err := m.stream.Items(t.Context(), stream.SourceHTTP, t0, shelf(), nil); err != nil {
		t.Fatal(err)
	}
	users := []freshet.User{{ID: "u-0", Attributes: map[string]any{"plan": "free"}}, {ID: "u-1", Attributes: map[string]any{"plan": "gold"}}}
	if _, err := m.stream.Users(t.Context(), stream.SourceHTTP, t0, users, nil); err != nil {
		t.Fatal(err)
	}
	var all told
	received := int64(0) // a batch comes when its newest event happens, or when the one before came
	for len(events) > 0 {
		n := min(len(events), 1+rng.IntN(12))
		for i := range n {
			received = max(received, events[i].Time)
		}
		out, err := m.stream.Events(t.Context(), stream.SourceHTTP, received, slices.Clone(events[:n]), nil)
		if err != nil {
			t.Fatal(err)
		}
		all.out.Accepted += out.Accepted
		all.out.Duplicate += out.Duplicate
		all.out.Late += out.Late
		all.out.Conflicts = append(all.out.Conflicts, out.Conflicts...)
		events = events[n:]
	}
	all.export = strings.SplitAfter(m.export(t), "\n")
	return all
}

// happenings are events by time, over so many hours.
func happenings(rng *rand.Rand, n int, hours float64) []freshet.Event {
	names := []string{"click", "view", "like", "purchase", "hide", "expose"}
	events := make([]freshet.Event, n)
	for i := range events {
		events[i] = freshet.Event{User: freshet.UserID(fmt.Sprintf("u-%d", rng.IntN(4))), Item: freshet.ItemID(fmt.Sprintf("i-%d", rng.IntN(6))), Name: names[rng.IntN(len(names))],
			Time: t0 + int64(rng.Float64()*hours*float64(freshet.Hour))/100*100, Value: float64(rng.IntN(9000)) / 1000, HasValue: rng.IntN(2) == 0, Query: queries[rng.IntN(len(queries))], Context: randomContext(rng)}
	}
	slices.SortFunc(events, func(a, b freshet.Event) int { return int(a.Time - b.Time) })
	for i := range events {
		events[i].ID = fmt.Sprintf("e-%d", i)
	}
	return events
}

// alike compares two exports: everything bit for bit, decayed sums within 1e-9.
func alike(a, b []string) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d keys and %d", len(a), len(b))
	}
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		head, sum, ok := strings.Cut(strings.TrimSuffix(a[i], "\n"), " sum=")
		head2, sum2, ok2 := strings.Cut(strings.TrimSuffix(b[i], "\n"), " sum=")
		x, err := strconv.ParseFloat(sum, 64)
		y, err2 := strconv.ParseFloat(sum2, 64)
		if !ok || !ok2 || head != head2 || err != nil || err2 != nil || math.Abs(x-y) > 1e-9*max(x, y) {
			return fmt.Errorf("%q and %q", a[i], b[i])
		}
	}
	return nil
}

// TestGoalDuplicates posts every event up to five times, the copies anywhere after it: also when
// its id has been forgotten, since by then the copy is late.
func TestGoalDuplicates(t *testing.T) {
	g := goal.Begin(t, "G8", "hash equal in ≥ 10,000 cases", goal.Sizes{Quick: 200, CI: 10_000})
	copies, beyond := 0, 0
	for seed := g.Seed(); g.More(); seed++ {
		rng := rand.New(rand.NewPCG(seed, 8))
		events := happenings(rng, 5+rng.IntN(30), 4)
		if rng.IntN(2) == 0 {
			shuffle(events, rng, float64(lifeLateness))
		}
		repeated := slices.Clone(events)
		for i := len(events) - 1; i >= 0; i-- { // from behind, so that i is still its place
			for range rng.IntN(5) {
				at := i + 1 + rng.IntN(len(repeated)-i)
				repeated = slices.Insert(repeated, at, events[i])
				copies++
			}
		}
		once, often := tell(t, events, rng), tell(t, repeated, rng)
		if !slices.Equal(once.export, often.export) {
			t.Fatalf("seed %d: the state with repetitions differs: %v", seed, alike(once.export, often.export))
		}
		more := often.out.Accepted - once.out.Accepted // of copies whose id was forgotten
		if len(often.out.Conflicts) > 0 || often.out.Late-once.out.Late != more || often.out.Duplicate+more != len(repeated)-len(events) {
			t.Fatalf("seed %d: once %+v, with %d copies %+v", seed, once.out, len(repeated)-len(events), often.out)
		}
		beyond += more
		g.Add(1)
	}
	if beyond == 0 {
		t.Error("no copy came after its id was forgotten")
	}
	g.End("equal, with %d copies, %d of them after their id was forgotten", copies, beyond)
}

// shuffle lets events arrive at most so many ms later than they happened.
func shuffle(events []freshet.Event, rng *rand.Rand, most float64) {
	arrival := map[string]float64{}
	for i := range events {
		arrival[events[i].ID] = float64(events[i].Time) + rng.Float64()*most
	}
	slices.SortStableFunc(events, func(a, b freshet.Event) int {
		return int(min(1, max(-1, arrival[a.ID]-arrival[b.ID])))
	})
}

// TestGoalOrder lets events arrive in other orders than they happened in: within the allowed
// lateness that changes nothing; beyond it, exactly those are late which a loop over the arrivals
// says, and the rest is as if those had never been.
func TestGoalOrder(t *testing.T) {
	g := goal.Begin(t, "G9", "equal in ≥ 10,000 cases", goal.Sizes{Quick: 200, CI: 10_000})
	lateOnes := 0
	for seed := g.Seed(); g.More(); seed++ {
		rng := rand.New(rand.NewPCG(seed, 9))
		events := happenings(rng, 5+rng.IntN(40), 4)
		arrived := slices.Clone(events)
		within := rng.IntN(2) == 0
		if within {
			shuffle(arrived, rng, float64(lifeLateness))
		} else {
			shuffle(arrived, rng, float64(8*freshet.Hour))
		}
		watermark, late := int64(math.MinInt64/2), map[string]bool{}
		for i := range arrived {
			if arrived[i].Time < watermark-int64(lifeLateness) {
				late[arrived[i].ID] = true
			}
			watermark = max(watermark, arrived[i].Time)
		}
		if within && len(late) > 0 {
			t.Fatalf("seed %d: %d late within the lateness", seed, len(late))
		}
		rest := slices.DeleteFunc(slices.Clone(events), func(e freshet.Event) bool { return late[e.ID] })
		want, got := tell(t, rest, rng), tell(t, arrived, rng)
		if got.out.Late != len(late) || want.out.Late != 0 {
			t.Fatalf("seed %d: %d late, want %d", seed, got.out.Late, len(late))
		}
		if err := alike(want.export, got.export); err != nil {
			t.Fatalf("seed %d: in another order the state differs: %v", seed, err)
		}
		lateOnes += len(late)
		g.Add(1)
	}
	if lateOnes < g.N() {
		t.Errorf("only %d events were late", lateOnes)
	}
	g.End("equal, decayed sums within 1e-9, %d late as the oracle says", lateOnes)
}
