package window

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRecent fills recents to their end, mostly in order, mostly not, all at a few times, forgets, makes
// room and orders, beside a map that adds up the amounts of each time as they come: to the bit, since of
// what is late too those of one time are added one after the other.
func TestRecent(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 3))
		r := make(recent, 8<<rng.IntN(8))
		kept := map[int64]float64{}
		newest, horizon := int64(1000), int64(0)
		step, back := 1+rng.Int64N(20), 1+rng.Int64N(2000)
		for range 3000 {
			at := newest + rng.Int64N(step)
			if rng.IntN(4) == 0 || seed%3 == 0 {
				at = newest - rng.Int64N(back)
			}
			if at <= horizon {
				continue
			}
			amount := float64(rng.IntN(1000)) / 7
			if !r.add(at, amount, at > newest) {
				r.order()
				r.forget(horizon)
				if r.late() != 0 || !slices.IsSorted(timesOf(r)) {
					t.Fatalf("seed %d: in order these are %d", seed, timesOf(r))
				}
				if !r.spare() {
					if n := r.len(); n < r.room()*3/4 {
						t.Fatalf("seed %d: %d entries take the room of %d", seed, n, r.room())
					}
					horizon = newest - rng.Int64N(newest-r.time(0)+1) // what a larger one would have to hold
					r.forget(horizon)
					if at <= horizon || !r.spare() {
						continue
					}
				}
				if !r.add(at, amount, at > newest) {
					t.Fatalf("seed %d: no room where some was made", seed)
				}
			}
			kept[at] += amount
			if newest = max(newest, at); rng.IntN(100) == 0 {
				horizon = max(horizon, newest-back)
			}
			if rng.IntN(50) > 0 {
				continue
			}
			for _, q := range []int64{horizon, horizon + rng.Int64N(newest-horizon+1), newest} {
				checkEach(t, r, kept, q)
			}
		}
	}
}

// checkEach holds what is visited after q against the amounts by time.
func checkEach(t *testing.T, r recent, kept map[int64]float64, q int64) {
	t.Helper()
	var got, want []entry
	r.each(q, func(t int64, amount float64) { got = append(got, entry{t, amount}) })
	for at, amount := range kept {
		if at > q {
			want = append(want, entry{at, amount})
		}
	}
	slices.SortFunc(want, func(a, b entry) int { return cmp.Compare(b.t, a.t) })
	if !slices.EqualFunc(got, want, func(a, b entry) bool {
		return a.t == b.t && math.Float64bits(a.amount) == math.Float64bits(b.amount)
	}) {
		t.Fatalf("after %d there is\n%v, want\n%v", q, got, want)
	}
}

func timesOf(r recent) (times []int64) {
	for i := range r.len() {
		times = append(times, r.time(i))
	}
	return times
}
