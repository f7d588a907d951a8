package serve

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/registry"
)

// request is one of 30 candidates of 200: what a live model says of them, by how good each is for
// everyone and for this visitor.
func request(rng *rand.Rand) *scored {
	s := &scored{}
	for _, item := range rng.Perm(200)[:30] {
		odds := -3 + 2*math.Sin(float64(item)) + rng.NormFloat64()
		s.items, s.live = append(s.items, uint32(item+1)), append(s.live, odds)
		s.recall = append(s.recall, odds+2*rng.NormFloat64())
	}
	return s
}

// TestComparison: each kind of misbehaviour has its code, soon; a sound model has none, ever.
func TestComparison(t *testing.T) {
	for name, c := range map[string]struct {
		own    func(rng *rand.Rand, i int, s *scored) float64
		code   string
		within int
	}{
		"a sound one":               {func(rng *rand.Rand, i int, s *scored) float64 { return s.live[i] + rng.NormFloat64() }, "", 0},
		"a sharper one":             {func(rng *rand.Rand, i int, s *scored) float64 { return -3.3 + 1.4*(s.live[i]+3) + rng.NormFloat64() }, "", 0},
		"one with little in common": {func(rng *rand.Rand, i int, s *scored) float64 { return -3 + (s.live[i]+3)/3 + 2*rng.NormFloat64() }, "", 0},
		"an inverted one":           {func(_ *rand.Rand, i int, s *scored) float64 { return -6 - s.live[i] }, registry.Inverted, 25},
		"a constant one":            {func(*rand.Rand, int, *scored) float64 { return -3 }, registry.Constant, 25},
		"a shifted one":             {func(_ *rand.Rand, i int, s *scored) float64 { return s.live[i] + 3 }, registry.Shifted, 25},
		"one for some visitors": {func(rng *rand.Rand, i int, s *scored) float64 {
			if s.items[0]%10 == 0 { // one visitor in ten
				return math.NaN()
			}
			return s.live[i]
		}, registry.NonFinite, 100},
	} {
		for seed := range uint64(5) {
			rng := rand.New(rand.NewPCG(seed, 1))
			var found comparison
			n, code := 0, ""
			for ; n < 400 && code == ""; n++ {
				s := request(rng)
				for i := range s.live {
					s.own = append(s.own, c.own(rng, i, s))
				}
				found.add(s)
				if f := found.fault("lr version 1"); f != nil {
					code = f.Code
				}
			}
			if code != c.code || code != "" && n > c.within {
				t.Errorf("%s, seed %d: %q after %d requests, want %q within %d", name, seed, code, n, c.code, c.within)
			}
		}
	}
}

// TestOneItemFirst: a model that puts one item first for everyone is caught where the live one does not.
func TestOneItemFirst(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var found comparison
	for range leastRequests {
		s := request(rng)
		s.items[0] = 777
		s.own = slices.Clone(s.live)
		s.own[0] = 9
		found.add(s)
	}
	if f := found.fault("lr version 1"); f == nil || f.Code != registry.OneItem {
		t.Errorf("%v", f)
	}
}

// TestBehindIsSeldomWrong: sides that are alike are told apart in fewer than one trial of a hundred,
// though asked again and again, also when a visitor has many slates and wants of nearly all or of none; one
// that is wanted half as often is caught.
func TestBehindIsSeldomWrong(t *testing.T) {
	run := func(rng *rand.Rand, visitors int, habits bool, ratio float64) bool {
		var f fold.Firsts
		rates, canaried := make([]float64, visitors), make([]bool, visitors)
		for i := range rates {
			rates[i], canaried[i] = 0.2, rng.IntN(20) == 0
			if habits && rng.IntN(5) > 0 {
				rates[i] = 0.05
			} else if habits {
				rates[i] = 0.8
			}
			if canaried[i] {
				rates[i] *= ratio
			}
		}
		for n := range 20_000 {
			visitor := rng.IntN(visitors)
			f.Slate(uint32(visitor), canaried[visitor])
			if rng.Float64() < rates[visitor] {
				f.Wanted(uint32(visitor), canaried[visitor])
			}
			if n%10 == 0 && behind(f.Live, f.Challenger) != nil {
				return true
			}
		}
		return false
	}
	for _, c := range []struct {
		visitors int
		habits   bool
	}{{300, true}, {2_000, true}, {20_000, true}, {20_000, false}} {
		wrong := 0
		for seed := range uint64(300) {
			if run(rand.New(rand.NewPCG(seed, 1)), c.visitors, c.habits, 1) {
				wrong++
			}
		}
		if wrong > 3 {
			t.Errorf("%+v: %d of 300 trials between equals ended", c, wrong)
		}
	}
	for seed := range uint64(5) {
		if !run(rand.New(rand.NewPCG(seed, 2)), 20_000, true, 0.5) {
			t.Errorf("seed %d: half as many wishes of some 600 visitors were not seen", seed)
		}
	}
}

// TestSlowOnTrial: what decides is the best of many batches, and a guard decides by how often.
func TestSlowOnTrial(t *testing.T) {
	for name, c := range map[string]struct {
		own   func(i int) time.Duration
		guard *fold.Guard
		slow  bool
	}{
		"as fast":              {func(int) time.Duration { return 100 * time.Microsecond }, nil, false},
		"twenty times as slow": {func(int) time.Duration { return 2 * time.Millisecond }, nil, false},
		"fifty times as slow":  {func(int) time.Duration { return 5 * time.Millisecond }, nil, true},
		"a busy machine": {func(i int) time.Duration {
			if i%10 > 0 {
				return 50 * time.Millisecond
			}
			return 100 * time.Microsecond
		}, nil, false},
		"within the guard": {func(i int) time.Duration { return time.Duration(1+i%100/99*20) * time.Millisecond }, &fold.Guard{P99: 10}, false},
		"beyond the guard": {func(i int) time.Duration { return time.Duration(1+i%10/8*20) * time.Millisecond }, &fold.Guard{P99: 10}, true},
	} {
		w := newTrial()
		for i := range 400 {
			w.took(c.own(i), 100*time.Microsecond, timedRows, c.guard)
		}
		if f := w.slow(c.guard); (f != nil) != c.slow || f != nil && f.Code != registry.TooSlow {
			t.Errorf("%s: %v", name, f)
		}
	}
}

// TestSpearman holds the correlation against its definition by pairs of ranks.
func TestSpearman(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	rank := func(list []float64, i int) (r float64) {
		for j, v := range list {
			if v < list[i] || v == list[i] && j != i {
				r++
			}
			if v == list[i] && j != i {
				r -= 0.5
			}
		}
		return r
	}
	for range 200 {
		n := 2 + rng.IntN(20)
		a, b := make([]float64, n), make([]float64, n)
		for i := range a {
			a[i], b[i] = float64(rng.IntN(6)), float64(rng.IntN(6))
		}
		var sa, sb, saa, sbb, sab float64
		for i := range a {
			x, y := rank(a, i), rank(b, i)
			sa, sb, saa, sbb, sab = sa+x, sb+y, saa+x*x, sbb+y*y, sab+x*y
		}
		m := float64(n)
		want := (sab - sa*sb/m) / math.Sqrt((saa-sa*sa/m)*(sbb-sb*sb/m))
		got, ok := spearman(a, b)
		if ok != (!flat(a) && !flat(b)) || ok && math.Abs(got-want) > 1e-9 {
			t.Fatalf("%v of %v and %v, want %v", got, a, b, want)
		}
	}
}

// TestGain: the NDCG of one wanted item is that of its place, equal scores in the order of recall.
func TestGain(t *testing.T) {
	for _, c := range []struct {
		scores    []float64
		wanted    int
		ndcg, auc float64
	}{
		{[]float64{3, 2, 1}, 0, 1, 1},
		{[]float64{3, 2, 1}, 2, 0.5, 0},
		{[]float64{1, 1, 1}, 1, 1 / math.Log2(3), 0.5},
		{[]float64{0, 5, math.NaN()}, 1, 1, 1}, // what has no number stands last, as in a slate
		{[]float64{0, 5, math.NaN()}, 2, 0.5, 0},
		{[]float64{math.NaN(), 5, math.NaN()}, 2, 0.5, 0.25},
		{[]float64{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2}, 10, 0, 0},
	} {
		ndcg, auc, ok := (&shot{wanted: c.wanted}).gain(c.scores)
		if !ok || math.Abs(ndcg-c.ndcg) > 1e-12 || math.Abs(auc-c.auc) > 1e-12 {
			t.Errorf("%v, wanted %d: %v, %v", c.scores, c.wanted, ndcg, auc)
		}
	}
	if _, _, ok := (&shot{wanted: -1}).gain([]float64{1, 2}); ok {
		t.Error("what is not there has a place")
	}
}

// TestLiveNoNumber: that the live model makes no number of some candidates is no fault of the one that
// is held against it, and ends nothing.
func TestLiveNoNumber(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var found comparison
	for i := range 10 * leastRequests {
		s := request(rng)
		for i := range s.live {
			s.own = append(s.own, s.live[i]+rng.NormFloat64())
		}
		if i%2 == 0 {
			s.live[i%len(s.live)] = math.NaN()
		}
		found.add(s)
		if f := found.fault("lr version 1"); f != nil {
			t.Fatalf("after %d requests: %v", i+1, f)
		}
	}
	if found.requests != 5*leastRequests {
		t.Errorf("%d requests were compared, want those of which both make numbers", found.requests)
	}
}
