package window

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/internal/slab"
)

// BenchmarkHotDecayedSum adds to one key whose events fill the slack of a minute to so many a second, one
// in five of them up to 50 seconds late, and reads it where 30 seconds of them are ahead.
func BenchmarkHotDecayedSum(b *testing.B) {
	for _, perSecond := range []int{1, 10, 30, 100, 1000} {
		const t0, slack = int64(1_700_000_000_000), 60_000
		cells := NewDecayedSum(6*3_600_000, slack, &slab.Slab{})
		cell := make([]uint64, cells.Words())
		rng := rand.New(rand.NewPCG(15, 1))
		now := t0
		add := func() {
			now += rng.Int64N(int64(2000/perSecond + 1))
			s := Sample{Time: now, Number: 1, Horizon: now - slack}
			if rng.IntN(5) == 0 {
				s.Time -= rng.Int64N(50_000)
			}
			cells.Add(cell, &s)
		}
		for range 120 * perSecond {
			add()
		}
		b.Run(fmt.Sprintf("add/%d", perSecond), func(b *testing.B) {
			for b.Loop() {
				add()
			}
		})
		b.Run(fmt.Sprintf("read/%d", perSecond), func(b *testing.B) {
			for b.Loop() {
				cells.Number(cell, now-30_000)
			}
		})
	}
}
