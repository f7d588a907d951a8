package window

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestDecayWeight(t *testing.T) {
	d := Decay{HalfLife: 1000}
	tests := []struct {
		name string
		age  int64
		want float64
	}{
		{"now", 0, 1},
		{"ahead of the read", -5000, 1},
		{"one half-life", 1000, 0.5},
		{"two", 2000, 0.25},
		{"half of one", 500, math.Sqrt2 / 2},
		{"older than a float64 can say", 2_000_000, 0},
	}
	for _, tt := range tests {
		if got := d.Weight(tt.age); math.Abs(got-tt.want) > 1e-15 {
			t.Errorf("%s: Weight(%d) = %v, want %v", tt.name, tt.age, got, tt.want)
		}
	}
}

// deed is one event of a decayed sum.
type deed struct {
	t      int64
	amount float64
}

// decayed is the definition: Σ amount · 2^(−max(0, q−t)/halfLife). Its second result is the
// size of the terms, which bounds what rounding can do.
func decayed(deeds []deed, halfLife, q int64) (sum, size float64) {
	for _, e := range deeds {
		v := e.amount * math.Pow(0.5, float64(max(0, q-e.t))/float64(halfLife))
		sum += v
		size += math.Abs(v)
	}
	return sum, size
}

// key is one key of a decayed feature as its caller keeps it: what may still lie ahead of a
// read waits.
type key struct {
	cell    []uint64
	pending Pending
}

func (k *key) fold(d *Decay, e deed, horizon int64) {
	if k.cell == nil {
		k.cell = make([]uint64, d.Words())
	}
	k.pending = k.pending.Settle(d, k.cell, horizon)
	if e.t > horizon {
		k.pending = k.pending.Insert(e.t, e.amount)
	} else {
		d.Add(k.cell, e.t, e.amount)
	}
}

func drawDeeds(t *rapid.T) []deed {
	n := rapid.IntRange(1, 40).Draw(t, "deeds")
	start := rapid.Int64Range(0, 1_800_000_000_000).Draw(t, "start")
	deeds := make([]deed, n)
	for i := range deeds {
		deeds[i] = deed{start + rapid.Int64Range(0, 400).Draw(t, "t"), rapid.Float64Range(-1e6, 1e6).Draw(t, "amount")}
	}
	return deeds
}

func TestDecayAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Decay{HalfLife: rapid.Int64Range(1, 500).Draw(t, "half-life")}
		slack := rapid.Int64Range(0, 100).Draw(t, "slack")
		deeds := drawDeeds(t)
		var k key
		newest := int64(0)
		for i, e := range deeds {
			newest = max(newest, e.t)
			k.fold(&d, e, newest-slack)
			for _, q := range []int64{newest - slack, newest - slack/2, newest, newest + rapid.Int64Range(0, 1000).Draw(t, "later")} {
				want, size := decayed(deeds[:i+1], d.HalfLife, q)
				if got := d.Read(k.cell, k.pending, q); math.Abs(got-want) > 1e-9*size {
					t.Fatalf("half-life %d, newest %d: Read at %d = %v, want %v", d.HalfLife, newest, q, got, want)
				}
			}
		}
	})
}

func TestDecayDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Decay{HalfLife: rapid.Int64Range(1, 500).Draw(t, "half-life")}
		slack := rapid.Int64Range(0, 100).Draw(t, "slack")
		deeds := drawDeeds(t)
		shuffled := slices.Clone(deeds)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		var one, other key
		newestOne, newestOther := int64(0), int64(0)
		for i := range deeds {
			newestOne, newestOther = max(newestOne, deeds[i].t), max(newestOther, shuffled[i].t)
			one.fold(&d, deeds[i], newestOne-slack)
			other.fold(&d, shuffled[i], newestOther-slack)
		}
		q := newestOne - slack + rapid.Int64Range(0, 500).Draw(t, "q")
		_, size := decayed(deeds, d.HalfLife, q)
		a, b := d.Read(one.cell, one.pending, q), d.Read(other.cell, other.pending, q)
		if math.Abs(a-b) > 1e-9*size {
			t.Fatalf("at %d: %v in one order, %v in another", q, a, b)
		}
	})
}

// Equal sequences give equal bits: a replay finds what serving saw.
func TestDecayRepeatsBitForBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Decay{HalfLife: rapid.Int64Range(1, 500).Draw(t, "half-life")}
		deeds := drawDeeds(t)
		var one, other key
		for _, e := range deeds {
			one.fold(&d, e, e.t-50)
			other.fold(&d, e, e.t-50)
		}
		q := deeds[len(deeds)-1].t
		a, b := d.Read(one.cell, one.pending, q), d.Read(other.cell, other.pending, q)
		if math.Float64bits(a) != math.Float64bits(b) || !slices.Equal(one.cell, other.cell) {
			t.Fatalf("the same events gave %v (cell %v) and %v (cell %v)", a, one.cell, b, other.cell)
		}
	})
}

func TestDecayReadWithoutCell(t *testing.T) {
	d := Decay{HalfLife: 100}
	if got := d.Read(nil, nil, 5); got != 0 {
		t.Errorf("Read of nothing = %v, want 0", got)
	}
	if got := d.Read(nil, Pending{{100, 2}, {300, 1}}, 200); got != 2 {
		t.Errorf("Read at 200 of 2 at 100 and 1 ahead = %v, want 2·½ + 1", got)
	}
}

func TestPending(t *testing.T) {
	insert := func(deeds ...deed) Pending {
		var p Pending
		for _, e := range deeds {
			p = p.Insert(e.t, e.amount)
		}
		return p
	}
	tests := []struct {
		name    string
		deeds   []deed
		horizon int64
		want    Pending // what still waits
		settled float64 // what the cell holds at 1000, half-life 1000
		at      int64   // time the cell is decayed to
	}{
		{"nothing", nil, 10, nil, 0, 0},
		{"in order", []deed{{5, 1}, {6, 2}}, 4, Pending{{5, 1}, {6, 2}}, 0, 0},
		{"out of order", []deed{{6, 2}, {5, 1}, {9, 3}, {7, 4}}, 4, Pending{{5, 1}, {6, 2}, {7, 4}, {9, 3}}, 0, 0},
		{"one millisecond is one entry", []deed{{6, 2}, {5, 1}, {6, 3}, {5, -1}}, 4, Pending{{5, 0}, {6, 5}}, 0, 0},
		{"the horizon itself settles", []deed{{1000, 2}, {2000, 1}}, 1000, Pending{{2000, 1}}, 2, 1000},
		{"all settle, oldest first", []deed{{1000, 1}, {0, 2}}, 5000, nil, 2, 1000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Decay{HalfLife: 1000}
			cell := make([]uint64, d.Words())
			rest := insert(tt.deeds...).Settle(&d, cell, tt.horizon)
			if !slices.Equal(rest, tt.want) {
				t.Errorf("left waiting %v, want %v", rest, tt.want)
			}
			if got := d.Read(cell, nil, 1000); got != tt.settled || int64(cell[1]) != tt.at {
				t.Errorf("the cell reads %v, decayed to %d; want %v, decayed to %d", got, cell[1], tt.settled, tt.at)
			}
		})
	}
}

// A list is ordered by time, holds a millisecond once, and settling it in parts gives the
// cell that adding its entries oldest first gives.
func TestPendingSettlesInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Decay{HalfLife: rapid.Int64Range(1, 500).Draw(t, "half-life")}
		var p Pending
		sums := map[int64]float64{}
		for _, e := range drawDeeds(t) {
			p = p.Insert(e.t, e.amount)
			sums[e.t] += e.amount
		}
		if len(p) != len(sums) {
			t.Fatalf("%d entries for %d milliseconds", len(p), len(sums))
		}
		want := make([]uint64, d.Words())
		for i, w := range p {
			if i > 0 && p[i-1].Time >= w.Time {
				t.Fatalf("entry %d at %d does not follow the one at %d", i, w.Time, p[i-1].Time)
			}
			if w.Amount != sums[w.Time] {
				t.Fatalf("%v at %d, want %v", w.Amount, w.Time, sums[w.Time])
			}
			d.Add(want, w.Time, w.Amount)
		}
		cell := make([]uint64, d.Words())
		first, last := p[0].Time, p[len(p)-1].Time
		horizon := rapid.Int64Range(first-1, last).Draw(t, "horizon")
		p = p.Settle(&d, cell, horizon)
		if len(p) > 0 && p[0].Time <= horizon {
			t.Fatalf("an entry at %d still waits at horizon %d", p[0].Time, horizon)
		}
		if p = p.Settle(&d, cell, last); len(p) != 0 {
			t.Fatalf("%v still wait at the newest time", p)
		}
		if !slices.Equal(cell, want) {
			t.Fatalf("cell %v, want %v", cell, want)
		}
	})
}
