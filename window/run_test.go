package window

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/internal/slab"
)

// runner is Cells that take runs.
type runner struct {
	Cells
	words int
	add   func(run *Run, from int) (made int, began uint64)
}

// runners makes all cells that take runs, of a slab of their own.
func runners(hop, tiles, slack int64) map[string]runner {
	var s slab.Slab
	all := map[string]runner{}
	plain := func(add func(run *Run, from int) int) func(*Run, int) (int, uint64) {
		return func(run *Run, from int) (int, uint64) { return add(run, from), 0 }
	}
	count, rate := NewCounters(nil, tiles*hop, hop, slack, &s), NewCounters(&Rate{}, tiles*hop, hop, slack, &s)
	all["count"] = runner{count, count.Words(), plain(count.AddRun)}
	all["rate"] = runner{rate, rate.Words(), plain(rate.AddRun)}
	latest := Latest{Age{}}
	all["latest"] = runner{latest, latest.Words(), plain(latest.AddRun)}
	sum := NewDecayedSum(slack, slack, &s).(Running)
	all["decayed sum"] = runner{sum, sum.Words(), sum.AddRun}
	return all
}

// pace is how far apart events are, in ms.
type pace struct {
	name       string
	runs, next int64 // from one run to the next, and from an event to one of the same run: less than that
}

// TestRunsAreAdds plays runs over some records, hot ones and rare ones, in order and out of it, beside
// Add of each event: cells hold the same afterwards, those that were empty or began to wait are told.
// Where events are dense, the counts of hot records outgrow a byte.
func TestRunsAreAdds(t *testing.T) {
	for _, p := range []pace{{"sparse", 200, 60}, {"dense", 3, 2}} {
		t.Run(p.name, func(t *testing.T) { runsAreAdds(t, p) })
	}
}

func runsAreAdds(t *testing.T, p pace) {
	const hop, slack, records = 1000, 3000, 12
	for _, tiles := range []int64{1, 7, 10, 60, 61, 70, 300} {
		singles := runners(hop, tiles, slack)
		for name, many := range runners(hop, tiles, slack) {
			one := singles[name]
			widened, advanced := 0, 0 // cells of counters that became wide, and those that were and went on to a later tile
			rng := rand.New(rand.NewPCG(uint64(tiles), 5))
			var cells, held [records][]uint64
			for i := range records {
				cells[i], held[i] = make([]uint64, one.words), make([]uint64, many.words+3)
			}
			now := int64(hop * 5)
			for range 4000 {
				if now += rng.Int64N(p.runs); rng.IntN(300) == 0 {
					now += rng.Int64N(2 * tiles * hop)
				}
				run, made, began := Run{}, 0, uint64(0)
				laned := name == "rate" || rng.IntN(2) == 0
				for i := range rng.IntN(60) + 1 {
					if rng.IntN(3) == 0 {
						now += rng.Int64N(p.next)
					}
					at, lanes := int(rng.ExpFloat64()*1.5)%records, uint8(1)
					sample := Sample{Time: now, Number: 1, Horizon: now - slack}
					if rng.IntN(5) == 0 {
						sample.Time -= rng.Int64N(slack)
					}
					if laned {
						lanes = uint8(rng.IntN(4))
						if run.Lanes = append(run.Lanes, lanes); name != "rate" {
							lanes &= 1
							run.Lanes[i] = lanes
						}
					}
					sample.Lanes = lanes
					run.Records, run.Times = append(run.Records, held[at]), append(run.Times, sample.Time)
					if lanes == 0 {
						continue
					}
					if cells[at][0] == 0 {
						made++
					}
					sum, waits := one.Cells.(Putting)
					waited := waits && sum.Waits(cells[at])
					if one.Add(cells[at], &sample); waits && !waited && sum.Waits(cells[at]) {
						began |= 1 << i
					}
				}
				var before [records]uint64
				for i := range records {
					before[i] = held[i][2]
				}
				gotMade, gotBegan := many.add(&run, 2)
				if _, is := many.Cells.(*Counters); is {
					for i, was := range before {
						switch cell := held[i][2:]; {
						case cell[0]&wideFlag == 0:
						case was&wideFlag == 0:
							widened++
						case Newest(cell)/hop > Newest([]uint64{was})/hop:
							advanced++
						}
					}
				}
				if gotMade != made || gotBegan != began {
					t.Fatalf("%s, %d tiles: %d cells made, %b began to wait; want %d, %b", name, tiles, gotMade, gotBegan, made, began)
				}
				if rng.IntN(40) == 0 {
					i := rng.IntN(records)
					one.Clear(cells[i])
					many.Clear(held[i][2 : 2+many.words])
				}
				for i := range records {
					if rng.IntN(20) > 0 {
						continue
					}
					got, want := many.Export(held[i][2:2+many.words], now), one.Export(cells[i], now)
					if got != want || held[i][0]|held[i][1]|held[i][2+many.words] != 0 ||
						cells[i][0] != 0 && !bytes.Equal(packed(many.Pack, held[i][2:2+many.words]), packed(one.Pack, cells[i])) {
						t.Fatalf("%s, %d tiles: record %d is %v (%s), want %v (%s)", name, tiles, i, held[i], got, cells[i], want)
					}
				}
			}
			if _, is := many.Cells.(*Counters); is && p.name == "dense" && (widened == 0 || tiles > 1 && advanced == 0) {
				t.Errorf("%s, %d tiles: %d cells became wide, %d of them went on to a later tile", name, tiles, widened, advanced)
			}
		}
	}
}

// TestTilesSince holds the multiplication by an inverse against the division.
func TestTilesSince(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	hops := []int64{1, 2, 3, 7, 1000, 30_000, 60_000, 86_400_000, 1<<32 - 1, 1 << 32, 1 << 40}
	for range 20_000 {
		hop := hops[rng.IntN(len(hops))]
		if rng.IntN(2) == 0 {
			hop = 1 + rng.Int64N(1<<rng.IntN(34))
		}
		r := newRing(hop, hop, 0)
		tile := 1 + rng.Int64N(1<<uint(1+rng.IntN(22)))
		in := near{from: tile * hop, tile: tile}
		for _, before := range slices.Concat([]int64{0, 1, hop - 1, hop, in.from - 1}, []int64{rng.Int64N(in.from), rng.Int64N(min(in.from, 1<<32+5))}) {
			if before = min(before, in.from-1); before < 0 {
				continue
			}
			newest := in.from - 1 - before
			if got, want := r.since(newest, &in), tile-newest/hop; got != want {
				t.Fatalf("from %d to tile %d of %d ms are %d tiles, want %d", newest, tile, hop, got, want)
			}
		}
	}
}
