package collab

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/freshet-rec/freshet/eval"
)

// judge measures models on pairs that were held out of a matrix.
type judge struct {
	kept    *Matrix
	held    [][]uint32 // of the users who are asked; nil for others
	asked   []int      // these users, ascending
	k       int
	workers int
}

// judgeScores is about how many scores a judge's worker has at a time: 16 MiB.
const judgeScores = 1 << 22

// newJudge holds pairs out and draws whom to ask, at most most users.
func newJudge(m *Matrix, o *TuneOptions) *judge {
	j := &judge{k: o.K, workers: max(1, o.Workers)}
	j.kept, j.held = HoldOut(m, o.Share, o.Seed)
	for u, held := range j.held {
		if len(held) > 0 {
			j.asked = append(j.asked, u)
		}
	}
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	rng.Shuffle(len(j.asked), func(a, b int) { j.asked[a], j.asked[b] = j.asked[b], j.asked[a] })
	for _, u := range j.asked[min(o.Users, len(j.asked)):] {
		j.held[u] = nil
	}
	j.asked = j.asked[:min(o.Users, len(j.asked))]
	slices.Sort(j.asked)
	return j
}

// measure ranks the catalogue for those who are asked.
func (j *judge) measure(ctx context.Context, model Model) (eval.Lists, error) {
	return Measure(ctx, model, j.kept, j.held, j.k, j.workers)
}

// Measure ranks for each user of a matrix all its items but what the user took, by the model and that
// history, and measures where those stand that the user wanted: see eval.Catalogue.
func Measure(ctx context.Context, model Model, m *Matrix, wanted [][]uint32, k, workers int) (eval.Lists, error) {
	return MeasureLists(ctx, model, m, wanted, k, workers, 0, nil)
}

// MeasureLists is Measure, and tells the first deep items of each list to told, if that is not nil, as
// eval.Catalogue does.
func MeasureLists(ctx context.Context, model Model, m *Matrix, wanted [][]uint32, k, workers, deep int, told func(user int, list []uint32)) (eval.Lists, error) {
	c := eval.Catalogue{
		K: k, Users: m.Users, Items: m.Items, Workers: workers,
		Batch: min(256, max(1, judgeScores/max(1, m.Items))),
		Seen:  m.Row, Wanted: func(u int) []uint32 { return wanted[u] },
		Deep: deep, Told: told,
	}
	return c.Rank(ctx, func(scores []float32, users []int) {
		histories := make([][]uint32, len(users))
		for k, u := range users {
			histories[k] = m.Row(u)
		}
		ScoreAll(model, scores, histories)
	})
}
