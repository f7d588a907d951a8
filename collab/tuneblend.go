package collab

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet/eval"
)

// poolDepth is how far down each part's list items are taken into the pool that weights are searched
// on. What is in no part's first 200 is in no blend's first 20, but for a few.
const poolDepth = 200

// pool is for each user who is asked the best items of all parts, with every part's score.
type pool struct {
	users  []pooled
	tilts  []float64   // powers that are tried
	tilted [][]float32 // by tilt: the factor of each item
}

type pooled struct {
	items  []uint32
	wanted []uint32
	scores [][]float32 // by part, in units of its spread
}

// blend searches methods and the weights of their sum, whose trial is told by a name.
func (t *tuner) blend(ctx context.Context, name string, methods []string) (*tunedModel, error) {
	var parts []*tunedModel
	for _, method := range methods {
		part, err := t.method(ctx, method)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	p, err := t.pool(ctx, parts)
	if err != nil {
		return nil, err
	}
	weights := []float64{0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1, 1.3, 1.7, 2.2, 3}
	var axes []axis
	best := 0
	for k, part := range parts {
		if part.worth() > parts[best].worth() {
			best = k
		}
	}
	for k, part := range parts {
		a := axis{part.Method, weights, 4}
		if k == best {
			a = axis{part.Method, []float64{1}, 0} // only the others' weights beside it matter
		} else if part.Method == "popular" {
			a.start = 0
		}
		axes = append(axes, a)
	}
	tilt := axis{name: "target", start: 1}
	for k := range p.tilts {
		tilt.values = append(tilt.values, float64(k))
	}
	point, _, err := climb(append(axes, tilt), func(point []float64) (float64, error) {
		worths, err := p.worths(ctx, t.o.K, t.o.Workers, point)
		return mean(worths), err
	})
	if err != nil {
		return nil, err
	}
	if point, err = t.even(ctx, p, parts, point); err != nil {
		return nil, err
	}
	recipe := blendRecipe{target: p.tilts[int(point[len(parts)])], workers: t.o.Workers}
	var models []Model
	var settings []string
	for k, part := range parts {
		if point[k] == 0 {
			continue
		}
		recipe.parts, recipe.weights = append(recipe.parts, part.Tuned), append(recipe.weights, point[k])
		models = append(models, part.model)
		settings = append(settings, fmt.Sprintf("%.3g·%s(%s)", point[k], part.Method, part.Settings))
	}
	model, err := recipe.of(ctx, t.judge.kept, models)
	if err != nil {
		return nil, err
	}
	trial, err := t.try(ctx, name, fmt.Sprintf("%s target=%v", strings.Join(settings, " + "), recipe.target), model)
	return &tunedModel{model: model, Tuned: Tuned{Trial: trial, Train: recipe.train}}, err
}

// blendRecipe is how a blend is made again from another matrix: weights are in units of the spread
// that each part's scores have there.
type blendRecipe struct {
	parts   []Tuned
	weights []float64
	target  float64
	workers int
}

func (r *blendRecipe) train(ctx context.Context, m *Matrix) (Model, error) {
	var models []Model
	for _, part := range r.parts {
		model, err := part.Train(ctx, m)
		if err != nil {
			return nil, err
		}
		models = append(models, model)
	}
	return r.of(ctx, m, models)
}

func (r *blendRecipe) of(ctx context.Context, m *Matrix, models []Model) (Model, error) {
	var parts []Part
	for k, model := range models {
		s, err := spread(ctx, model, m, r.workers)
		if err != nil {
			return nil, err
		}
		parts = append(parts, Part{model, float32(r.weights[k] / s)})
	}
	return NewBlend(m, r.target, parts...)
}

// pool has every part score every user who is asked.
func (t *tuner) pool(ctx context.Context, parts []*tunedModel) (*pool, error) {
	kept := t.judge.kept
	p := &pool{tilts: []float64{-0.1, 0, 0.1, 0.2, 0.3}, users: make([]pooled, len(t.judge.asked))}
	degrees := kept.Transposed().degrees()
	for _, tilt := range p.tilts {
		p.tilted = append(p.tilted, powers(degrees, -tilt))
	}
	units := make([]float32, len(parts))
	for k, part := range parts {
		s, err := spread(ctx, part.model, kept, t.o.Workers)
		if err != nil {
			return nil, err
		}
		units[k] = float32(1 / s)
	}
	const batch = 32
	return p, parallel(ctx, t.o.Workers, (len(p.users)+batch-1)/batch, func(_, task int) {
		users := t.judge.asked[task*batch : min(len(p.users), (task+1)*batch)]
		histories := make([][]uint32, len(users))
		for k, u := range users {
			histories[k] = kept.Row(u)
		}
		scores := make([][]float32, len(parts))
		for k, part := range parts {
			scores[k] = make([]float32, len(users)*kept.Items)
			ScoreAll(part.model, scores[k], histories)
		}
		best, in := NewBest(poolDepth), make([]bool, kept.Items)
		for r, u := range users {
			out := &p.users[task*batch+r]
			out.wanted = t.judge.held[u]
			for _, i := range histories[r] {
				in[i] = true
			}
			for k := range parts {
				best.Reset()
				row := scores[k][r*kept.Items : (r+1)*kept.Items]
				for i, x := range row {
					if !in[i] {
						best.Add(uint32(i), x)
					}
				}
				for _, i := range best.Items() {
					in[i] = true
					out.items = append(out.items, i)
				}
			}
			for _, i := range histories[r] {
				in[i] = false
			}
			for _, i := range out.items {
				in[i] = false
			}
			for k := range parts {
				row := scores[k][r*kept.Items : (r+1)*kept.Items]
				from := make([]float32, len(out.items))
				for c, i := range out.items {
					from[c] = row[i] * units[k]
				}
				out.scores = append(out.scores, from)
			}
		}
	})
}

// evenSteps are the shares of the way to equal weights that are tried, most first.
var evenSteps = []float64{1, 0.75, 0.5, 0.25}

// even moves weights towards equal ones for all parts that are personal, as far as the held-out pairs
// cannot tell the difference: as long as the mean loss per user is within its standard error (the
// one-standard-error rule of Breiman et al., "Classification and Regression Trees", 1984, §3.4.3).
// Weights that were searched fit the pairs that they were searched on, and what comes later is
// distributed a little otherwise: there even weights do better than fitted ones (the forecast
// combination puzzle: Smith and Wallis, "A Simple Explanation of the Forecast Combination Puzzle",
// Oxford Bulletin of Economics and Statistics, 2009).
func (t *tuner) even(ctx context.Context, p *pool, parts []*tunedModel, point []float64) ([]float64, error) {
	best, err := p.worths(ctx, t.o.K, t.o.Workers, point)
	if err != nil {
		return nil, err
	}
	for _, share := range evenSteps {
		moved := slices.Clone(point)
		for k, part := range parts {
			if part.Method != "popular" {
				moved[k] += share * (1 - moved[k])
			}
		}
		worths, err := p.worths(ctx, t.o.K, t.o.Workers, moved)
		if err != nil {
			return nil, err
		}
		loss, squares := 0.0, 0.0
		for u := range worths {
			d := best[u] - worths[u]
			loss += d
			squares += d * d
		}
		n := float64(len(worths))
		loss /= n
		if loss <= math.Sqrt(max(0, squares/n-loss*loss)/n) {
			return moved, nil
		}
	}
	return point, nil
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(max(1, len(x)))
}

// worths is what weights are worth to each user: those of the parts, and last the number of the tilt.
func (p *pool) worths(ctx context.Context, k, workers int, point []float64) ([]float64, error) {
	tilt := p.tilted[int(point[len(point)-1])]
	worths := make([]float64, len(p.users))
	const block = 64
	return worths, parallel(ctx, workers, (len(p.users)+block-1)/block, func(_, task int) {
		best := NewBest(k)
		for at := task * block; at < min(len(p.users), (task+1)*block); at++ {
			u := &p.users[at]
			best.Reset()
			for c, i := range u.items {
				sum := float32(0)
				for part, w := range point[:len(point)-1] {
					sum += float32(w) * u.scores[part][c]
				}
				best.Add(i, sum*tilt[i])
			}
			recall, ndcg := eval.MeasureList(best.Items(), u.wanted, k)
			worths[at] = recall + ndcg
		}
	})
}
