package collab

import (
	"context"
	"fmt"
	"math"
)

func (t *tuner) popular(ctx context.Context) (*tunedModel, error) {
	model := TrainPopular(t.judge.kept)
	trial, err := t.try(ctx, "popular", "", model)
	return &tunedModel{model: model, Tuned: Tuned{Trial: trial, Train: func(_ context.Context, m *Matrix) (Model, error) {
		return TrainPopular(m), nil
	}}}, err
}

// itemCF begins between the cosine and the linear filter of GF-CF.
func (t *tuner) itemCF(ctx context.Context) (*tunedModel, error) {
	var best *tunedModel
	powers := []float64{0, 0.2, 0.4, 0.6, 0.8, 1}
	_, _, err := climb([]axis{
		{"target", []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1}, 3}, {"history", powers, 3}, {"users", powers, 4},
	}, func(p []float64) (float64, error) {
		o := ItemCFOptions{Users: p[2], History: p[1], Target: p[0]}
		model, err := TrainItemCF(ctx, t.judge.kept, o, t.o.Workers)
		if err != nil {
			return 0, err
		}
		trial, err := t.try(ctx, "itemcf", fmt.Sprintf("users=%v history=%v target=%v", o.Users, o.History, o.Target), model)
		better(&best, &tunedModel{model: model, Tuned: Tuned{Trial: trial, Train: func(ctx context.Context, m *Matrix) (Model, error) {
			return TrainItemCF(ctx, m, o, t.o.Workers)
		}}})
		return trial.worth(), err
	})
	return best, err
}

// RelativeRidge is a ridge whose strength is told beside the matrix's own diagonal: Lambda is Times,
// above 0, the mean diagonal of G for an item of mean degree; the rest is as in RidgeOptions. So one
// search fits sparse and dense matrices.
type RelativeRidge struct {
	Users, Times, Power, Target float64
}

// String names its parameters.
func (r RelativeRidge) String() string {
	return fmt.Sprintf("users=%v lambda=%vx power=%v target=%v", r.Users, r.Times, r.Power, r.Target)
}

// On is the ridge on a matrix.
func (r RelativeRidge) On(m *Matrix) RidgeOptions {
	o := RidgeOptions{Users: r.Users, Power: r.Power, Target: r.Target}
	sum := 0.0
	for _, d := range m.degrees() {
		if d > 0 {
			sum += float64(d) * math.Pow(float64(d), -r.Users)
		}
	}
	items := 0
	for _, d := range m.Transposed().degrees() {
		if d > 0 {
			items++
		}
	}
	if items == 0 {
		o.Lambda = 1
		return o
	}
	o.Lambda = r.Times * sum / float64(items) / math.Pow(float64(len(m.Item))/float64(items), r.Power)
	return o
}

// ease searches the ridge of all items at once.
func (t *tuner) ease(ctx context.Context) (*tunedModel, error) {
	if n := t.judge.kept.Items; n > TuneEASEMost {
		return nil, fmt.Errorf("%d items would take %d MiB and %.0f teraflop for each try; local is its form for large catalogues, and the most here is %d items",
			n, EASEBytes(n)>>20, math.Pow(float64(n), 3)/1e12, TuneEASEMost)
	}
	var best *tunedModel
	_, _, err := climb(ridgeAxes(), func(p []float64) (float64, error) {
		r := RelativeRidge{Users: p[2], Times: p[0], Power: p[3], Target: p[1]}
		model, err := TrainEASE(ctx, t.judge.kept, r.On(t.judge.kept), t.o.Workers)
		if err != nil {
			return 0, err
		}
		trial, err := t.try(ctx, "ease", r.String(), model)
		better(&best, &tunedModel{model: model, Tuned: Tuned{Trial: trial, Train: func(ctx context.Context, m *Matrix) (Model, error) {
			return TrainEASE(ctx, m, r.On(m), t.o.Workers)
		}}})
		return trial.worth(), err
	})
	return best, err
}

func ridgeAxes() []axis {
	return []axis{
		{"lambda", []float64{0.25, 0.5, 1, 2, 4, 8, 16}, 3}, {"target", []float64{0, 0.1, 0.2}, 0},
		{"users", []float64{0, 0.25, 0.5, 0.75}, 2}, {"power", []float64{0, 0.25, 0.5}, 1},
	}
}

// LocalNeighbours and LocalChoose are the neighbourhoods that TrainLocal does well with.
const (
	LocalNeighbours = 200
	LocalChoose     = 0.5
)

// tuneNeighbours is for tuning: a setting that is best among 100 neighbours is so among 200, at a third
// of the time.
const tuneNeighbours = 100

// local searches the ridges of neighbourhoods. A pass over the systems of equations trains a row of
// strengths at once, so points of one row cost one pass.
func (t *tuner) local(ctx context.Context) (*tunedModel, error) {
	var best *tunedModel
	trained := map[RelativeRidge]*ItemItem{} // without target
	_, _, err := climb(ridgeAxes(), func(p []float64) (float64, error) {
		r := RelativeRidge{Users: p[2], Times: p[0], Power: p[3], Target: p[1]}
		plain := r
		plain.Target = 0
		if trained[plain] == nil {
			clear(trained) // one pass in memory
			var row []RelativeRidge
			var ridges []RidgeOptions
			for _, times := range []float64{0.5, 1, 2, 4} {
				row = append(row, RelativeRidge{plain.Users, plain.Times * times, plain.Power, 0})
				ridges = append(ridges, row[len(row)-1].On(t.judge.kept))
			}
			models, err := TrainLocal(ctx, t.judge.kept, LocalOptions{Users: r.Users, Neighbours: tuneNeighbours, Choose: LocalChoose, Workers: t.o.Workers}, ridges)
			if err != nil {
				return 0, err
			}
			for k, m := range models {
				trained[row[k]] = m
			}
		}
		model, err := NewBlend(t.judge.kept, r.Target, Part{trained[plain], 1})
		if err != nil {
			return 0, err
		}
		trial, err := t.try(ctx, "local", r.String(), model)
		better(&best, &tunedModel{model: model, Tuned: Tuned{Trial: trial, Train: func(ctx context.Context, m *Matrix) (Model, error) {
			models, err := TrainLocal(ctx, m, LocalOptions{Users: r.Users, Neighbours: LocalNeighbours, Choose: LocalChoose, Workers: t.o.Workers}, []RidgeOptions{r.On(m)})
			if err != nil {
				return nil, err
			}
			return models[0], nil
		}}})
		return trial.worth(), err
	})
	return best, err
}
