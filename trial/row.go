package trial

import (
	"math/rand/v2"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/eval"
)

// row collects what one name showed.
type row struct {
	name  string
	tally *eval.Tally
	shown eval.ItemSet
	items int     // shown, with repeats
	bits  float64 // sum of their self-information
	auc   float64 // sum over the asks that had one
	aucs  int     // their number
}

// note takes in the list of one ask, already cut. wanted is the item looked for, 0 when
// nothing would be right; bits is the mean self-information
// of the list.
func (r *row) note(group int, list []uint32, wanted uint32, bits float64) {
	r.items += len(list)
	r.bits += bits * float64(len(list))
	for _, item := range list {
		r.shown.Add(item)
	}
	rank := 0
	if wanted != 0 {
		rank = slices.Index(list, wanted) + 1
	}
	r.tally.Add(group, rank)
}

// figures are the row's results. All rows draw the same groups for their intervals, so that
// these can be compared.
func (r *row) figures(k int, delay freshet.Duration, catalogue int, seed uint64) eval.Row {
	sums, asks := r.tally.Groups()
	hits, _ := r.tally.Hits()
	out := eval.Row{
		Name: r.name, K: k, Delay: delay, N: r.tally.N(),
		Hit: r.tally.HitRate(), NDCG: r.tally.NDCG(), MRR: r.tally.MRR(),
		Coverage: r.shown.Coverage(catalogue), Novelty: r.bits / float64(max(1, r.items)),
		Tally: r.tally,
		HitCI: eval.Bootstrap(hits, asks, resamples, level, rand.New(rand.NewPCG(seed, 0))),
		CI:    eval.Bootstrap(sums, asks, resamples, level, rand.New(rand.NewPCG(seed, 0))),
	}
	if r.aucs > 0 {
		mean := r.auc / float64(r.aucs)
		out.AUC = &mean
	}
	return out
}
