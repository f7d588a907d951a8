package eval

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/freshet-rec/freshet"
)

// MaxRoutes is how many routes one Routes compares.
const MaxRoutes = 64

// Routes compares the routes of recall over many asks: what share of the wanted each finds,
// what only it finds, and how much of what it proposes others propose too. Use NewRoutes.
//
//	routes := eval.NewRoutes([]string{"covisit", "hot"}, 200)
//	routes.Add([][]uint32{covisit, hot}, merged, wanted) // once per ask
//	rows := routes.Rows(0)
//
// An ask takes time and memory by the proposals of its lists, and 8 bytes for every item number
// up to the highest once.
type Routes struct {
	names  []string
	k      int
	asks   int
	hits   []float64 // by route, the merge last: Σ over asks of the share of the wanted that it has
	unique []float64 // by route: likewise of the wanted that no other route has
	listed []int64   // by route: proposals
	both   [][]int64 // by route, then by route: proposals of the first that the second has
	who    []uint64  // by item: the routes of this ask that propose it, a bit each
	merged ItemSet   // of this ask
}

// NewRoutes returns an empty Routes. Lists are cut at k ≥ 1; there are at most MaxRoutes names,
// each once.
func NewRoutes(names []string, k int) *Routes {
	n := len(names)
	if n > MaxRoutes {
		panic(fmt.Sprintf("BUG: %d routes compared, at most %d", n, MaxRoutes))
	}
	r := &Routes{names: slices.Clone(names), k: k, hits: make([]float64, n+1), unique: make([]float64, n), listed: make([]int64, n), both: make([][]int64, n)}
	for i := range r.both {
		r.both[i] = make([]int64, n)
	}
	return r
}

// Add notes one ask. lists[i] is what route i proposed, best first, no item twice, nil for
// nothing; merged is what recall made of it. wanted are the items looked for, each once; with
// none the ask counts as a miss for all. Nothing is kept or changed.
func (r *Routes) Add(lists [][]uint32, merged, wanted []uint32) {
	r.asks++
	for i, list := range lists {
		for _, item := range list[:min(r.k, len(list))] {
			for int(item) >= len(r.who) {
				r.who = append(r.who, 0)
			}
			r.who[item] |= 1 << i
		}
	}
	for i, list := range lists {
		list = list[:min(r.k, len(list))]
		r.listed[i] += int64(len(list))
		for _, item := range list {
			for rest := r.who[item]; rest != 0; rest &= rest - 1 {
				r.both[i][bits.TrailingZeros64(rest)]++
			}
		}
	}
	share := 1 / float64(max(1, len(wanted)))
	for _, item := range wanted {
		if int(item) >= len(r.who) {
			continue
		}
		for rest := r.who[item]; rest != 0; rest &= rest - 1 {
			r.hits[bits.TrailingZeros64(rest)] += share
		}
		if bits.OnesCount64(r.who[item]) == 1 {
			r.unique[bits.TrailingZeros64(r.who[item])] += share
		}
	}
	r.addMerged(merged[:min(r.k, len(merged))], wanted, share)
	for _, list := range lists {
		for _, item := range list[:min(r.k, len(list))] {
			r.who[item] = 0
		}
	}
}

// addMerged counts what the merge found: one look at each of the wanted when these are few.
func (r *Routes) addMerged(merged, wanted []uint32, share float64) {
	last := len(r.hits) - 1
	if len(wanted) <= 4 {
		for _, item := range wanted {
			if slices.Contains(merged, item) {
				r.hits[last] += share
			}
		}
		return
	}
	for _, item := range merged {
		r.merged.Add(item)
	}
	for _, item := range wanted {
		if r.merged.Has(item) {
			r.hits[last] += share
		}
	}
	for _, item := range merged {
		r.merged.remove(item)
	}
}

// Rows are the figures of each route in the order of the names, and of the merge last, under
// the name "recall".
func (r *Routes) Rows(delay freshet.Duration) []RouteRow {
	asks := float64(max(1, r.asks))
	var out []RouteRow
	for i, name := range r.names {
		row := RouteRow{Name: "route:" + name, K: r.k, Delay: delay, N: r.asks, Recall: r.hits[i] / asks, Unique: r.unique[i] / asks, Proposals: float64(r.listed[i]) / asks, Overlap: map[string]float64{}}
		for j, other := range r.names {
			if j != i {
				row.Overlap["route:"+other] = float64(r.both[i][j]) / float64(max(1, r.listed[i]))
			}
		}
		out = append(out, row)
	}
	return append(out, RouteRow{Name: "recall", K: r.k, Delay: delay, N: r.asks, Recall: r.hits[len(r.names)] / asks})
}

// RouteRow is what one route is worth to recall. Its JSON is
//
//	{"name":"route:covisit","k":200,"delay":"0s","recall@200":0.61,"unique":0.12,
//	 "proposals":187.4,"overlap":{"route:hot":0.31},"n":942}
type RouteRow struct {
	Config    string           // of the configuration; "" where none were compared
	Name      string           // route:<name>, or recall for the merge
	K         int              // where lists are cut
	Delay     freshet.Duration // for how long events were withheld
	N         int              // asks
	Recall    float64          // RecallAt(K): the mean share of an ask's wanted items that it proposed
	Unique    float64          // the mean share of them that it alone proposed; 0 of the merge
	Proposals float64          // mean length of its lists; 0 of the merge
	// Overlap is, by another route's row name, the share of this one's proposals that the
	// other has too; nil of the merge.
	Overlap map[string]float64
}

// MarshalJSON writes the row with the cut-off in the name of its measure.
func (r RouteRow) MarshalJSON() ([]byte, error) {
	name := fmt.Sprintf("recall@%d", r.K)
	fields := append(configured(r.Config), field{"name", r.Name}, field{"k", r.K}, field{"delay", r.Delay}, field{name, r.Recall})
	if r.Overlap != nil {
		fields = append(fields, field{"unique", r.Unique}, field{"proposals", r.Proposals}, field{"overlap", r.Overlap})
	}
	return object(r.Name, append(fields, field{"n", r.N}))
}
