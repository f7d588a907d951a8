package learn

import (
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// mixedWorld plays choices among twenty rows, each the best by a wish that is the logarithm of recall's
// score times byScore and the other number times byOther, and some luck. It returns the NDCG of the order of the
// learner and of recall over the later half.
func mixedWorld(t *testing.T, byScore, byOther float64) (own, order float64) {
	t.Helper()
	o := NewOnline(rank.Names{Numbers: []string{recallScore, "other"}}, "lr", 1)
	rng := rand.New(rand.NewPCG(3, 4))
	const asks, n = 6000, 20
	for ask := range asks {
		var rows rank.Rows
		best, most := 0, -1e9
		for i := range n {
			other := rng.NormFloat64()
			one := row(1/(60+float64(i)), other)
			rows.Append(&one)
			if wish := -byScore*float64(i) + byOther*other + rng.ExpFloat64(); wish > most {
				best, most = i, wish
			}
		}
		scores := make([]float64, n)
		scored := o.Score(&rows, scores)
		if note := o.Look(best); note != nil {
			note()
		} else if scored {
			t.Fatal("rows were scored, and there is nothing to look at")
		}
		if ask >= asks/2 {
			own, order = own+gainAt(best, scores), order+gainAt(best, make([]float64, n))
		}
		for _, i := range []int{best, rng.IntN(n)} {
			one := rows.Row(i)
			if err := o.Learn(&one, i == best); err != nil {
				t.Fatal(err)
			}
		}
	}
	return own, order
}

// TestOnlineIsNoWorseThanRecall: where recall's order is all there is to know it is kept, and where
// another number decides that is learned.
func TestOnlineIsNoWorseThanRecall(t *testing.T) {
	if own, order := mixedWorld(t, 1, 0); own < 0.99*order {
		t.Errorf("where recall knows everything the learner has %.1f, recall's order %.1f", own, order)
	}
	if own, order := mixedWorld(t, 0, 3); own < 1.5*order {
		t.Errorf("where another number decides the learner has %.1f, recall's order %.1f", own, order)
	}
}
