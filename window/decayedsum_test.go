package window

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/slab"
)

// decaying is a cell of a decayed sum, and everything that it was given.
type decaying struct {
	halfLife, slack int64
	pieces          slab.Slab
	cells           Putting
	cell            []uint64
	kept            []amount
	newest          int64 // of all cells
	head            int64 // of this one
}

type amount struct {
	t int64
	x float64
}

// newDecaying is the one place that knows how the cells are made.
func newDecaying(halfLife, slack int64) *decaying {
	d := &decaying{halfLife: halfLife, slack: slack}
	d.cells = NewDecayedSum(halfLife, slack, &d.pieces)
	d.cell = make([]uint64, d.cells.Words())
	return d
}

// give adds without keeping it for the oracle.
func (d *decaying) give(t int64, x float64) {
	d.newest, d.head = max(d.newest, t), max(d.head, t)
	d.cells.Add(d.cell, &Sample{Time: t, Number: x, Horizon: d.newest - d.slack})
}

func (d *decaying) add(t int64, x float64) {
	d.give(t, x)
	d.kept = append(d.kept, amount{t, x})
}

// want is the sum at q, and that of the absolute amounts, which the error is relative to.
func (d *decaying) want(q int64) (sum, size float64) {
	lost := 0.0 // Kahan's summation: the error of the oracle does not grow
	for _, a := range d.kept {
		weight := math.Exp2(-float64(max(0, q-a.t)) / float64(d.halfLife))
		size += math.Abs(a.x) * weight
		y := a.x*weight - lost
		next := sum + y
		lost = (next - sum) - y
		sum = next
	}
	return sum, size
}

// check reads at q.
func (d *decaying) check(t *testing.T, q int64) {
	t.Helper()
	q = max(q, 0)
	var got Value
	d.cells.Read(&got, d.cell, q)
	sum, size := d.want(q)
	if math.Abs(got.Value-sum) > 1e-9*size+1e-300 {
		t.Fatalf("half-life %d, slack %d, %d events, at newest%+d ms: %v, want %v: off by %.1e", d.halfLife, d.slack, len(d.kept), q-d.newest, got.Value, sum, (got.Value-sum)/size)
	}
	if got.Events != int64(len(d.kept)) || got.Null || len(d.kept) > 0 && got.Updated != d.head {
		t.Fatalf("half-life %d, slack %d: %+v, want %d events up to %d", d.halfLife, d.slack, got, len(d.kept), d.head)
	}
	if number := d.cells.Number(d.cell, q); number != got.Value {
		t.Fatalf("Number is %v, where Read gives %v", number, got.Value)
	}
}

// checkAll reads before, at and after the newest event.
func (d *decaying) checkAll(t *testing.T, rng *rand.Rand) {
	t.Helper()
	for _, q := range []int64{-d.slack, -d.slack / 2, -1, 0, 1, d.halfLife, 20 * d.halfLife, 2000 * d.halfLife, d.slack, -rng.Int64N(d.slack + 1)} {
		d.check(t, d.newest+q)
	}
}

// shapesOfDecay are half-lives against slacks: short ones, long ones, and those around which the
// representation changes.
var shapesOfDecay = []struct{ halfLife, slack int64 }{
	{1, 0}, {1, 1}, {1, 16}, {1, 17}, {1, 60_000}, {10, 159}, {10, 160}, {10, 161}, {10_000, 60_000}, {3750, 60_000}, {3749, 60_000},
	{21_600_000, 60_000}, {21_600_000, 0}, {21_600_000, 3_600_000}, {10_000, 3_600_000}, {365 * 86_400_000, 60_000}, {50, 300},
}

// TestDecayedSumAgreesWithOracle adds events in every order that may come: in order, some at one
// ms, behind within the slack and beyond it, ahead, after pauses.
func TestDecayedSumAgreesWithOracle(t *testing.T) {
	for _, c := range shapesOfDecay {
		t.Run(fmt.Sprintf("half-life %d, slack %d", c.halfLife, c.slack), func(t *testing.T) {
			for seed := range uint64(12) {
				rng := rand.New(rand.NewPCG(seed, uint64(c.halfLife)))
				d := newDecaying(c.halfLife, c.slack)
				d.checkAll(t, rng)
				d.newest = 1_700_000_000_000
				step := []int64{1, 3, 1 + c.slack/50, 1 + c.halfLife/10}[seed%4]
				for range 400 {
					at := d.newest
					switch rng.IntN(12) {
					case 0: // twice at one ms
						if len(d.kept) > 0 {
							at = d.kept[rng.IntN(len(d.kept))].t
						}
					case 1, 2, 3:
						at -= rng.Int64N(c.slack + 1)
					case 4: // behind the horizon
						at -= c.slack + rng.Int64N(3*c.slack+3*c.halfLife)
					case 5:
						at += rng.Int64N(c.slack + 1)
					case 6:
						at -= c.slack - rng.Int64N(3) // around the horizon
					case 7: // a pause
						if rng.IntN(10) == 0 {
							at += 2*c.slack + rng.Int64N(30*c.halfLife)
						}
					case 8: // elsewhere time goes on
						d.newest += rng.Int64N(2*step + c.slack/10 + 1)
					default:
						at += rng.Int64N(step + 1)
					}
					x := 1.0
					if seed%3 > 0 {
						x = float64(rng.IntN(2001)-500) / 10
					}
					d.add(max(at, 0), x)
					if rng.IntN(20) == 0 {
						d.settle(t)
					}
					if rng.IntN(8) == 0 {
						d.checkAll(t, rng)
					}
				}
				d.checkAll(t, rng)
				d.finish(t)
			}
		})
	}
}

// settle does what an engine does when it is time.
func (d *decaying) settle(t *testing.T) {
	t.Helper()
	horizon := d.newest - d.slack
	if !d.cells.Waits(d.cell) {
		if d.cells.Settle(d.cell, horizon) {
			t.Fatal("a cell that does not wait still waits when it is settled")
		}
		return
	}
	due := d.cells.Due(d.cell)
	if waits := d.cells.Settle(d.cell, horizon); waits != d.cells.Waits(d.cell) || waits && d.cells.Due(d.cell) <= horizon || !waits && due > horizon {
		t.Fatalf("due at %d, settled at %d, it waits: %t", due, horizon, waits)
	}
}

// finish lets all time pass: nothing waits any more, nothing is lost, and nothing is left in the slab.
func (d *decaying) finish(t *testing.T) {
	t.Helper()
	d.newest = d.head + d.slack
	d.settle(t)
	if d.cells.Waits(d.cell) || d.pieces.Len() != 0 {
		t.Fatalf("when no read can be ahead of anything, %d pieces are in use and the cell waits: %t", d.pieces.Len(), d.cells.Waits(d.cell))
	}
	d.check(t, d.newest)
	d.check(t, d.newest-d.slack)
	if d.cells.Clear(d.cell); d.pieces.Len() != 0 || !zero(d.cell) {
		t.Fatalf("%d pieces are in use after all", d.pieces.Len())
	}
}

// hot fills cells with n events at different ms within the slack, in the order given.
func hot(d *decaying, n int, order func(i int) int) {
	const start = 1_700_000_000_000
	step := max(1, d.slack/int64(n))
	for i := range n {
		d.add(start+int64(order(i))*step, 1+float64(i%7))
	}
}

// orders are those in which n events may come.
func orders(n int) map[string]func(i int) int {
	shuffled := rand.New(rand.NewPCG(9, 9)).Perm(n)
	return map[string]func(i int) int{
		"in order":       func(i int) int { return i },
		"backwards":      func(i int) int { return n - 1 - i },
		"shuffled":       func(i int) int { return shuffled[i] },
		"pairs changed":  func(i int) int { return min(n-1, i^1) },
		"in two streams": func(i int) int { return i/2 + i%2*(n/2) },
	}
}

// TestDecayedSumOfAHotKey has tens of thousands of different ms within the slack, in whatever order
// they come.
func TestDecayedSumOfAHotKey(t *testing.T) {
	const n = 40_000
	for _, c := range []struct{ halfLife, slack int64 }{{21_600_000, 60_000}, {10_000, 60_000}, {7500, 60_000}, {21_600_000, 3_600_000}} {
		for name, order := range orders(n) {
			t.Run(fmt.Sprintf("half-life %d, slack %d, %s", c.halfLife, c.slack, name), func(t *testing.T) {
				hotKey(t, c.halfLife, c.slack, n, order)
			})
		}
	}
}

// TestDecayedSumOfAHotKeyAndAShortHalfLife is the same where all times that a read may lie behind
// are kept one by one.
func TestDecayedSumOfAHotKeyAndAShortHalfLife(t *testing.T) {
	const n = 5000
	for name, order := range orders(n) {
		t.Run(name, func(t *testing.T) { hotKey(t, 1000, 60_000, n, order) })
	}
}

func hotKey(t *testing.T, halfLife, slack int64, n int, order func(i int) int) {
	t.Helper()
	d := newDecaying(halfLife, slack)
	hot(d, n, order)
	for _, back := range []int64{slack, slack * 3 / 4, slack / 2, 1000, 1, 0, -1, -halfLife} {
		d.check(t, d.newest-back)
	}
	d.finish(t)
}

// TestDecayedSumPacks moves the cell to other memory, with few times within the slack and with
// very many, and goes on alike to the bit.
func TestDecayedSumPacks(t *testing.T) {
	for _, c := range shapesOfDecay {
		for _, n := range []int{1, 2, 50, 5000} {
			d, again := newDecaying(c.halfLife, c.slack), newDecaying(c.halfLife, c.slack)
			rng := rand.New(rand.NewPCG(uint64(n), 4))
			d.newest = 1_700_000_000_000
			near := func() int64 { return d.newest + rng.Int64N(4) - rng.Int64N(min(c.slack, 20)+1) }
			for range n {
				d.add(near(), float64(rng.IntN(100)))
			}
			before := packed(d.cells.Pack, d.cell)
			r := pack.NewReader(before)
			if again.cells.Unpack(r, again.cell); r.Done() != nil {
				t.Fatalf("%+v, %d events: %v", c, n, r.Done())
			}
			if !bytes.Equal(packed(again.cells.Pack, again.cell), before) {
				t.Fatalf("%+v, %d events: packed again it is something else", c, n)
			}
			again.newest, again.head, again.kept = d.newest, d.head, append(again.kept, d.kept...)
			for i := range 300 {
				at, x := near(), float64(rng.IntN(100))
				d.add(at, x)
				again.add(at, x)
				q := d.newest - rng.Int64N(c.slack+1) + rng.Int64N(5)
				if one, other := d.cells.Number(d.cell, q), again.cells.Number(again.cell, q); math.Float64bits(one) != math.Float64bits(other) {
					t.Fatalf("%+v: %d events after the first %d it is %v at newest%+d ms, want %v", c, i+1, n, other, q-d.newest, one)
				}
			}
			again.checkAll(t, rng)
			if got, want := packed(again.cells.Pack, again.cell), packed(d.cells.Pack, d.cell); !bytes.Equal(got, want) {
				t.Fatalf("%+v, %d events: they do not go on alike", c, n)
			}
			again.finish(t)
			for cut := range min(len(before), 200) {
				r := pack.NewReader(before[:cut])
				if again.cells.Unpack(r, make([]uint64, len(d.cell))); r.Done() == nil {
					t.Fatalf("%+v: the first %d of %d bytes are taken for a cell", c, cut, len(before))
				}
			}
		}
	}
}

// TestDecayedSumOfOneOrder: the same order gives the same bits, and settling on the way too.
func TestDecayedSumOfOneOrder(t *testing.T) {
	for _, c := range shapesOfDecay {
		one, other := newDecaying(c.halfLife, c.slack), newDecaying(c.halfLife, c.slack)
		rng := rand.New(rand.NewPCG(6, 6))
		one.newest = 1_700_000_000_000
		other.newest = one.newest
		for i := range 2000 {
			at, x := one.newest+rng.Int64N(5)-rng.Int64N(min(c.slack, 50)+1), rng.Float64()
			one.give(at, x)
			other.give(at, x)
			if i%3 == 0 {
				other.settle(t)
			}
			q := one.newest - rng.Int64N(c.slack+1)
			if a, b := one.cells.Number(one.cell, q), other.cells.Number(other.cell, q); math.Float64bits(a) != math.Float64bits(b) {
				t.Fatalf("%+v, after %d events at newest%+d ms: %v, and %v settled", c, i+1, q-one.newest, a, b)
			}
		}
	}
}

// TestDecayedSumCounts: events count up to the end of their 32 bits and stay there.
func TestDecayedSumCounts(t *testing.T) {
	for _, halfLife := range []int64{1, 1000} {
		d := newDecaying(halfLife, 1000)
		d.give(5000, 1)
		d.cell[1] += math.MaxUint32 - 2
		for _, want := range []int64{math.MaxUint32, math.MaxUint32, math.MaxUint32} {
			d.give(5000, 1)
			var v Value
			if d.cells.Read(&v, d.cell, 5000); v.Events != want {
				t.Errorf("half-life %d: %d events, want %d", halfLife, v.Events, want)
			}
		}
	}
}

// TestWeight holds the table against the library, at every scale.
func TestWeight(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for i := range 200_000 {
		x := rng.Float64() * math.Exp2(float64(i%22)-10)
		if got, want := exp2neg(x), math.Exp2(-x); math.Abs(got-want) > 1e-15*want {
			t.Fatalf("2^−%v is %v, want %v", x, got, want)
		}
	}
	for x, want := range map[float64]float64{0: 1, 1: 0.5, 10: 1.0 / 1024, 999: math.Exp2(-999), 1074: math.SmallestNonzeroFloat64, 1e9: 0} {
		if got := exp2neg(x); got != want {
			t.Errorf("2^−%v is %v, want %v", x, got, want)
		}
	}
	if got := (decay{10, 0.1}).weight(-5); got != 1 {
		t.Errorf("what is ahead of time weighs %v, want 1", got)
	}
}

// TestDecayedSumPacksNearTheEpoch: thousands of different ms within the slack of time 0: what a dense piece covers must not begin
// before it.
func TestDecayedSumPacksNearTheEpoch(t *testing.T) {
	d := newDecaying(21_600_000, 60_000)
	for i := range int64(5000) {
		d.add(i, 1)
	}
	d.check(t, 0)
	before := packed(d.cells.Pack, d.cell)
	again := newDecaying(21_600_000, 60_000)
	r := pack.NewReader(before)
	if again.cells.Unpack(r, again.cell); r.Done() != nil {
		t.Fatal(r.Done())
	}
}

// TestDecayedSumRefusesTimesBeforeZero: times before 0 are none: they must be refused, not panic.
func TestDecayedSumRefusesTimesBeforeZero(t *testing.T) {
	var w pack.Writer
	w.Uint(1) // newest at 0
	w.Uint(1)
	w.Uint(0)
	w.Uint(0)
	w.Len(5000)
	for i := range int64(5000) {
		w.Int(i - 4999)
		w.Float(1)
	}
	d := newDecaying(21_600_000, 60_000)
	r := pack.NewReader(w.Bytes)
	if d.cells.Unpack(r, d.cell); r.Done() == nil {
		t.Error("times before 0 are taken")
	}
}

// TestDecayedSumIsExactAtItsBorder: where the half-life is a 16th of the slack, the rounding of 40,000 events is 2·10⁻⁹ of the value.
func TestDecayedSumIsExactAtItsBorder(t *testing.T) {
	d := newDecaying(3750, 60_000)
	hot(d, 40_000, func(i int) int { return i })
	d.check(t, d.newest-60_000)
}

// TestDecayedSumTakesRoomByItsEvents: a key with 3,000 different ms within the slack takes room for them, not for every ms there is.
func TestDecayedSumTakesRoomByItsEvents(t *testing.T) {
	d := newDecaying(21_600_000, 3_600_000)
	hot(d, 3000, func(i int) int { return i })
	if bytes := d.pieces.Bytes() / 3000; bytes > 100 {
		t.Errorf("%d bytes an event", bytes)
	}
}
