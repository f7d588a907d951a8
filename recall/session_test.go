package recall

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

// naiveSession is a session of the oracle.
type naiveSession struct {
	visitor uint32
	last    int64
	items   []uint32
}

// naiveSessions cuts acts into sessions, by the words of SessionRoute, without bounds.
func naiveSessions(acts []*Act) (list []*naiveSession, open map[uint32]*naiveSession) {
	open = map[uint32]*naiveSession{}
	for _, a := range acts {
		if a.Visitor == 0 || a.Item == 0 || !a.Signal.Positive() {
			continue
		}
		s := open[a.Visitor]
		if s == nil || a.Time-s.last > int64(30*freshet.Minute) {
			s = &naiveSession{visitor: a.Visitor, last: a.Time}
			open[a.Visitor], list = s, append(list, s)
		}
		s.last = max(s.last, a.Time)
		if slices.Contains(s.items, a.Item) {
			continue
		}
		if len(s.items) == maxSessionItems {
			s = &naiveSession{visitor: a.Visitor, last: a.Time}
			open[a.Visitor], list = s, append(list, s)
		}
		s.items = append(s.items, a.Item)
	}
	return list, open
}

func TestSessionAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var acts []*Act
		at := noon
		for range rapid.IntRange(0, 80).Draw(t, "acts") {
			at += rapid.SampledFrom([]int64{0, 1000, int64(10 * freshet.Minute), int64(freshet.Hour), int64(freshet.Day)}).Draw(t, "step")
			a := signalled(rapid.Uint32Range(0, 4).Draw(t, "visitor"), rapid.Uint32Range(0, 8).Draw(t, "item"), at-rapid.Int64Range(0, 2000).Draw(t, "behind"),
				rapid.SampledFrom([]freshet.Signal{freshet.SignalClick, freshet.SignalClick, freshet.SignalView}).Draw(t, "signal"))
			acts = append(acts, a)
		}
		r, h := NewSession("session", SessionOptions{}), &Histories{}
		for _, a := range acts {
			r.Apply(a)
			h.Apply(a)
		}
		sessions, open := naiveSessions(acts)
		q := at + rapid.Int64Range(0, int64(3*freshet.Day)).Draw(t, "later")
		for visitor := range uint32(6) {
			recent := newestFirst(h.Recent(visitor))
			shared := func(item uint32) int { return slices.IndexFunc(recent, func(p Past) bool { return p.Item == item }) }
			want := map[uint32]float64{}
			for _, s := range sessions {
				if visitor != 0 && s == open[visitor] {
					continue
				}
				similar := 0.0
				for _, item := range s.items {
					if k := shared(item); k >= 0 {
						similar += 1 / float64(k+1)
					}
				}
				similar *= math.Exp2(-float64(max(0, q-s.last)) / float64(freshet.Day))
				met := false
				for _, item := range s.items {
					switch {
					case shared(item) >= 0:
						met = true
					case met:
						want[item] += similar
					default:
						want[item] += similar / 2
					}
				}
			}
			got, err := r.Recall(t.Context(), &Request{Time: q, Visitor: visitor, Recent: recent, Skip: nothing}, 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range got {
				if math.Abs(p.Score-want[p.Item]) > 1e-9 {
					t.Fatalf("visitor %d: item %d scores %v, want %v", visitor, p.Item, p.Score, want[p.Item])
				}
				delete(want, p.Item)
			}
			for item, score := range want {
				if score > 0 {
					t.Fatalf("visitor %d: item %d, which scores %v, is not proposed", visitor, item, score)
				}
			}
			if !slices.IsSortedFunc(got, better) {
				t.Fatalf("visitor %d: not best first: %v", visitor, got)
			}
		}
	})
}

// Only the sessions most similar speak, and what is gone says nothing.
func TestSessionBounds(t *testing.T) {
	r := NewSession("session", SessionOptions{})
	for i := range uint32(maxOfItem + 50) {
		r.Apply(act(1+i, 1, noon+int64(i)))
		r.Apply(act(1+i, 100+i, noon+int64(i)))
	}
	got, err := r.Recall(t.Context(), &Request{Time: noon, Recent: []Past{{Item: 1}}, Skip: nothing}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != sessionsNearest {
		t.Errorf("%d sessions speak, want %d", len(got), sessionsNearest)
	}
	if len(r.of[1]) != maxOfItem {
		t.Errorf("%d sessions of an item are kept, want %d", len(r.of[1]), maxOfItem)
	}
	newest := slices.MaxFunc(got, func(a, b Proposal) int { return cmp.Compare(a.Item, b.Item) })
	if newest.Item != 100+maxOfItem+49 {
		t.Errorf("the newest session's item is %d", newest.Item)
	}
}

func BenchmarkSessionRecall(b *testing.B) {
	b.Run("items=1e6", func(b *testing.B) {
		rng := rand.New(rand.NewPCG(1, 1))
		r := NewSession("session", SessionOptions{})
		skewed := func() uint32 { return 1 + uint32(rng.Float64()*rng.Float64()*1e6) }
		for i := range 2_000_000 {
			r.Apply(act(1+uint32(i)/5, skewed(), noon+int64(i)))
		}
		requests := make([]Request, 1000)
		for i := range requests {
			requests[i] = Request{Time: noon + 2_000_000, Skip: nothing}
			for range 10 {
				requests[i].Recent = append(requests[i].Recent, Past{Item: 1 + skewed()/1000})
			}
		}
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			if _, err := r.Recall(b.Context(), &requests[i%len(requests)], 200); err != nil {
				b.Fatal(err)
			}
			i++
		}
	})
}
