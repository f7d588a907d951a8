package window

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/internal/slab"
)

// sweeper is Cells that take sweeps.
type sweeper struct {
	Cells
	sweep func(s *Sweep, from, place int)
}

// sweepers makes all cells that take sweeps, of a slab of their own. Counts have one When for all times,
// as a reader has.
func sweepers(hop, tiles, slack int64) map[string]sweeper {
	var s slab.Slab
	all := map[string]sweeper{}
	counts := func(c *Counters) sweeper {
		var when When
		return sweeper{c, func(s *Sweep, from, place int) {
			when.Set(c, s.Time)
			c.SweepAt(s, from, place, &when)
		}}
	}
	all["count"] = counts(NewCounters(nil, tiles*hop, hop, slack, &s))
	all["rate"] = counts(NewCounters(&Rate{Prior: [2]float64{1, 20}}, tiles*hop, hop, slack, &s))
	for name, c := range map[string]Sweeping{"age": Latest{Age{}}, "last time": Latest{LastTime{}}, "decayed sum": NewDecayedSum(slack, slack, &s).(Sweeping)} {
		all[name] = sweeper{c, c.Sweep}
	}
	return all
}

// TestSweepsAreNumbers plays events over some records, hot ones and rare ones, in order and out of it,
// and reads them at times before and long after the newest: a sweep gives the bits of Number.
func TestSweepsAreNumbers(t *testing.T) {
	const hop, slack, records, width = 1000, 3000, 12, 3
	for _, tiles := range []int64{1, 7, 10, 60, 61, 70, 300} {
		for name, c := range sweepers(hop, tiles, slack) {
			rng := rand.New(rand.NewPCG(uint64(tiles), 9))
			held := make([][]uint64, records)
			for i := range held[1:] {
				held[i] = make([]uint64, c.Words()+2) // the last one has no record
			}
			now, filled := int64(hop*5), 0
			for range 300 {
				if now += rng.Int64N(2000); rng.IntN(40) == 0 {
					now += rng.Int64N(2 * tiles * hop)
				}
				for range rng.IntN(200) {
					at := int(rng.ExpFloat64()*1.5) % (records - 2) // the last but one stays empty
					s := Sample{Time: now - rng.Int64N(2)*rng.Int64N(slack), Number: 1, Lanes: uint8(1 + rng.IntN(3)), Horizon: now - slack}
					if !c.Beyond(s.Time, s.Horizon) {
						c.Add(held[at][1:1+c.Words()], &s)
					}
				}
				q := now - slack + rng.Int64N(2*slack)
				if rng.IntN(3) == 0 {
					q += rng.Int64N((tiles + 2) * hop)
				}
				s := Sweep{Records: held, Rows: make([]float64, records*width), Width: width, Time: q}
				c.sweep(&s, 1, 2)
				for i, record := range held {
					var cell []uint64
					if record != nil {
						cell = record[1 : 1+c.Words()]
					}
					got, want := s.Rows[i*width+2], c.Number(cell, q)
					if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
						t.Fatalf("%s, %d tiles, record %d at %d, the newest event at %d: %v, want %v", name, tiles, i, q, now, got, want)
					}
					if s.Rows[i*width] != 0 || s.Rows[i*width+1] != 0 {
						t.Fatalf("%s: a number of another place was written", name)
					}
					if want > 0 {
						filled++
					}
				}
			}
			if filled < 500 {
				t.Errorf("%s, %d tiles: only %d numbers of events", name, tiles, filled)
			}
		}
	}
}
