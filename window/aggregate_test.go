package window

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/slab"
)

// onEach runs a test on every aggregate with streams of several lengths and ranges of time.
func onEach(t *testing.T, test func(t *testing.T, k *kind, rng *rand.Rand, kept []Sample)) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			for seed := range uint64(40) {
				rng := rand.New(rand.NewPCG(seed, 1))
				var kept []Sample
				for range []int{0, 1, 2, 5, 30, 200, 900}[seed%7] {
					kept = append(kept, drawSample(rng, 1000+rng.Int64N([]int64{1, 5, 100, 10_000}[seed%4])))
				}
				test(t, &k, rng, kept)
			}
		})
	}
}

// filled is a state with samples.
func filled(a Aggregate, kept []Sample) []uint64 {
	state := make([]uint64, a.Words())
	for i := range kept {
		a.Add(state, &kept[i])
	}
	return state
}

// value is what is read of one state.
func value(a Aggregate, state []uint64, q int64) Value {
	var v Value
	a.Read(&v, Of(state), q)
	return v
}

// wanted is the oracle's value of one state, which knows nothing of Updated.
func (k *kind) wanted(kept []Sample, q int64) Value {
	v := k.want(kept, q, always)
	v.Updated = 0
	return v
}

func TestAggregateAgreesWithOracle(t *testing.T) {
	onEach(t, func(t *testing.T, k *kind, rng *rand.Rand, kept []Sample) {
		var s slab.Slab
		a := k.make(&s)
		state := make([]uint64, a.Words())
		for i := range kept {
			if i%37 == 0 || i < 5 {
				q := 900 + rng.Int64N(12_000)
				same(t, value(a, state, q), k.wanted(kept[:i], q), "after %d samples, at %d", i, q)
			}
			a.Add(state, &kept[i])
		}
		same(t, value(a, state, 5000), k.wanted(kept, 5000), "after all %d samples", len(kept))
	})
}

func TestAggregateMerges(t *testing.T) {
	onEach(t, func(t *testing.T, k *kind, rng *rand.Rand, kept []Sample) {
		var s slab.Slab
		a := k.make(&s)
		var parts [3][]Sample
		for i := range kept {
			at := rng.IntN(3)
			parts[at] = append(parts[at], kept[i])
		}
		// merged is the state of parts merged one into the other, from left to right.
		merged := func(order ...int) []uint64 {
			into := filled(a, parts[order[0]])
			for _, i := range order[1:] {
				from := filled(a, parts[i])
				before := packed1(a, from)
				a.Merge(into, from)
				if !bytes.Equal(packed1(a, from), before) {
					t.Fatal("Merge changes what it merges from")
				}
				a.Clear(from)
			}
			return into
		}
		whole := packed1(a, filled(a, kept))
		left := merged(0, 1, 2)
		same(t, value(a, left, 5000), k.wanted(kept, 5000), "%d samples in three parts", len(kept))
		right, last := merged(1, 2), filled(a, parts[0])
		a.Merge(last, right)
		for name, state := range map[string][]uint64{"(0+1)+2": left, "0+(1+2)": last, "(2+1)+0": merged(2, 1, 0), "(1+0)+2": merged(1, 0, 2)} {
			if got := packed1(a, state); !bytes.Equal(got, whole) {
				t.Fatalf("%d samples merged as %s are %x, added they are %x", len(kept), name, got, whole)
			}
		}
		// The states read together are as if they were merged, in tiles that have no times in common.
		slices.SortStableFunc(kept, func(a, b Sample) int { return int(a.Time - b.Time) })
		var ring []uint64
		n := 0
		for from := 0; from < len(kept); n++ {
			to := min(len(kept), from+1+rng.IntN(100))
			for to < len(kept) && kept[to].Time == kept[to-1].Time {
				to++
			}
			ring = append(ring, filled(a, kept[from:to])...)
			from = to
		}
		var v Value
		a.Read(&v, States{ring: ring, words: a.Words(), n: n}, 5000)
		same(t, v, k.wanted(kept, 5000), "%d states read together", n)
	})
}

// packed1 is a state in bytes. An empty one is not packed.
func packed1(a Aggregate, state []uint64) []byte {
	if zero(state) {
		return nil
	}
	return packed(func(w *pack.Writer, state []uint64) { a.Pack(w, state) }, state)
}

func TestAggregateTakesAnyOrder(t *testing.T) {
	onEach(t, func(t *testing.T, k *kind, rng *rand.Rand, kept []Sample) {
		var s slab.Slab
		a := k.make(&s)
		want := packed1(a, filled(a, kept))
		rng.Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
		if got := packed1(a, filled(a, kept)); !bytes.Equal(got, want) {
			t.Fatalf("%d samples in another order are %x, before %x", len(kept), got, want)
		}
	})
}

func TestAggregateClears(t *testing.T) {
	onEach(t, func(t *testing.T, k *kind, rng *rand.Rand, kept []Sample) {
		var s slab.Slab
		a := k.make(&s)
		state := make([]uint64, a.Words())
		for range 3 { // cleared states are as good as new ones
			for i := range kept {
				a.Add(state, &kept[i])
			}
			same(t, value(a, state, 5000), k.wanted(kept, 5000), "%d samples", len(kept))
			a.Clear(state)
			if !zero(state) || s.Len() != 0 {
				t.Fatalf("after %d samples a cleared state is %v and %d pieces are in use", len(kept), state, s.Len())
			}
		}
	})
}

func TestAggregatePacks(t *testing.T) {
	onEach(t, func(t *testing.T, k *kind, rng *rand.Rand, kept []Sample) {
		if len(kept) == 0 {
			return
		}
		var s, other slab.Slab
		a, b := k.make(&s), k.make(&other)
		half := 1 + rng.IntN(len(kept))
		state := filled(a, kept[:half])
		bytes1 := packed1(a, state)
		r := pack.NewReader(bytes1)
		again := make([]uint64, b.Words())
		if b.Unpack(r, again); r.Done() != nil {
			t.Fatal(r.Done())
		}
		if !bytes.Equal(packed1(b, again), bytes1) {
			t.Fatal("packed again it is something else")
		}
		for i := half; i < len(kept); i++ {
			a.Add(state, &kept[i])
			b.Add(again, &kept[i])
		}
		same(t, value(b, again, 5000), value(a, state, 5000), "%d samples after the first %d", len(kept)-half, half)
		if !bytes.Equal(packed1(b, again), packed1(a, state)) {
			t.Fatal("it does not go on alike")
		}
		if b.Clear(again); other.Len() != 0 {
			t.Fatalf("%d pieces are in use after all", other.Len())
		}
		for cut := range min(len(bytes1), 300) {
			r := pack.NewReader(bytes1[:cut])
			if b.Unpack(r, make([]uint64, b.Words())); r.Done() == nil {
				t.Fatalf("the first %d of %d bytes are taken for a state", cut, len(bytes1))
			}
		}
	})
}

// TestOrderOfOneMillisecond goes through the ties, one by one.
func TestOrderOfOneMillisecond(t *testing.T) {
	older := Sample{Time: 5, Item: 2, EventID: "b", Number: 1}
	for name, newer := range map[string]Sample{
		"a later time":            {Time: 6, Item: 3, EventID: "a", Number: 2},
		"a greater item id":       {Time: 5, Item: 1, EventID: "a", Number: 2}, // a smaller number: i99 > i98
		"a greater event id":      {Time: 5, Item: 2, EventID: "ba", Number: 2},
		"as bytes, not as letter": {Time: 5, Item: 2, EventID: "é", Number: 2},
	} {
		for _, later := range []bool{false, true} {
			samples := []Sample{older, newer}
			if !later {
				slices.Reverse(samples)
			}
			var s slab.Slab
			last := &Last{Order{Slab: &s, ItemID: itemID}}
			if v := value(last, filled(last, samples), 9); v.Value != 2 {
				t.Errorf("%s, added later: %v: last is %v, want 2", name, later, v.Value)
			}
			list := &LastK{1, Order{Slab: &s, ItemID: itemID}}
			if v := value(list, filled(list, samples), 9); v.List[0] != (Entry{newer.Item, newer.Time}) {
				t.Errorf("%s, added later: %v: the list is %v", name, later, v.List)
			}
		}
	}
	var s slab.Slab
	last := &Last{Order{Slab: &s, ItemID: itemID}}
	twin := older
	twin.Number = 3
	if v := value(last, filled(last, []Sample{older, twin}), 9); v.Value != 3 {
		t.Errorf("of two alike the one added later is newer; last is %v, want 3", v.Value)
	}
	without := Sample{Time: 5, Number: 4, EventID: "z"}
	if v := value(last, filled(last, []Sample{older, without}), 9); v.Value != 1 {
		t.Errorf("no item comes before any item; last is %v, want 1", v.Value)
	}
}

func TestSumRounds(t *testing.T) {
	for _, c := range []struct {
		numbers []float64
		want    float64
	}{
		{[]float64{0.1, 0.2}, 0.3},
		{[]float64{0.0000005}, 0},        // half to even
		{[]float64{0.0000015}, 0.000002}, // so is this
		{[]float64{-0.0000015, 1}, 0.999998},
		{[]float64{1e12, 1e-6, -1e12}, 1e-6},
		{[]float64{9e12, 9e12}, float64(math.MaxInt64) / 1e6},
		{[]float64{-9e12, -9e12}, float64(math.MinInt64) / 1e6},
	} {
		var kept []Sample
		for _, x := range c.numbers {
			kept = append(kept, Sample{Number: x})
		}
		if v := value(Sum{}, filled(Sum{}, kept), 0); v.Value != c.want {
			t.Errorf("the sum of %v is %v, want %v", c.numbers, v.Value, c.want)
		}
		state := make([]uint64, 2)
		for i := range kept {
			Sum{}.Merge(state, filled(Sum{}, kept[i:i+1]))
		}
		if v := value(Sum{}, state, 0); v.Value != c.want {
			t.Errorf("%v merged are %v, want %v", c.numbers, v.Value, c.want)
		}
	}
}

func TestExtremesOfAllNumbers(t *testing.T) {
	numbers := []float64{-math.MaxFloat64, -1, -math.SmallestNonzeroFloat64, math.Copysign(0, -1), 0, math.SmallestNonzeroFloat64, 1, math.MaxFloat64}
	for i, low := range numbers {
		for _, high := range numbers[i:] {
			kept := []Sample{{Number: high}, {Number: low}}
			if v := value(Max{}, filled(Max{}, kept), 0); v.Value != high || v.Value == 0 && math.Signbit(v.Value) {
				t.Errorf("the largest of %v and %v is %v", low, high, v.Value)
			}
			if v := value(Min{}, filled(Min{}, kept), 0); v.Value != low || v.Value == 0 && math.Signbit(v.Value) {
				t.Errorf("the smallest of %v and %v is %v", low, high, v.Value)
			}
		}
	}
}

func TestRatio(t *testing.T) {
	for _, c := range []struct {
		prior   [2]float64
		of, per int
		want    float64
	}{
		{[2]float64{}, 0, 0, 0},
		{[2]float64{}, 1, 0, 1},
		{[2]float64{}, 1, 4, 0.25},
		{[2]float64{}, 5, 4, 1},
		{[2]float64{1, 3}, 0, 0, 0.25},
		{[2]float64{1, 3}, 3, 4, 0.5},
		{[2]float64{0, 4}, 0, 4, 0},
		{[2]float64{0, 4}, 2, 0, 0.5},
	} {
		a := &Rate{c.prior}
		var kept []Sample
		for range c.of {
			kept = append(kept, Sample{Lanes: LaneOf})
		}
		for range c.per {
			kept = append(kept, Sample{Lanes: LanePer})
		}
		if v := value(a, filled(a, kept), 0); v.Value != c.want || v.Null {
			t.Errorf("%d of %d with the prior %v is %+v, want %v", c.of, c.per, c.prior, v, c.want)
		}
	}
}

// TestLastRefusesAValueOfNoEvents: a last value of no events is a contradiction; its ids would stay in the slab for ever.
func TestLastRefusesAValueOfNoEvents(t *testing.T) {
	var s slab.Slab
	a := &Last{testOrder(&s)}
	state := filled(a, []Sample{{Time: 5, Item: 1, EventID: "e"}})
	state[0] = 0
	data := packed(func(w *pack.Writer, state []uint64) { a.Pack(w, state) }, state)
	state[0] = 1
	a.Clear(state)
	r := pack.NewReader(data)
	if a.Unpack(r, state); r.Done() == nil {
		t.Errorf("it is taken; cleared, it leaves %d pieces", func() int { a.Clear(state); return s.Len() }())
	}
}
