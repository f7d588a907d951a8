package collab

import (
	"context"
	"fmt"
)

// spectralRank is the most singular vectors that are searched; items / spectralShare bounds them for
// small catalogues, where more would only copy the history.
const (
	spectralRank  = 512
	spectralShare = 4
)

// spectral searches the low-pass filter. Each normalisation is decomposed once, at the full rank.
func (t *tuner) spectral(ctx context.Context) (*tunedModel, error) {
	most := max(1, min(spectralRank, t.judge.kept.Items/spectralShare, t.judge.kept.Users/spectralShare))
	ranks := []float64{float64(most)}
	for len(ranks) < 6 && ranks[0] >= 16 {
		ranks = append([]float64{float64(int(ranks[0]) / 2)}, ranks...)
	}
	at := func(m *Matrix, power float64) (*Spectrum, error) {
		return TrainSpectrum(ctx, m, SpectrumOptions{Users: power, Items: power, Rank: most, Seed: t.o.Seed, Workers: t.o.Workers})
	}
	spectra := map[float64]*Spectrum{}
	var best *tunedModel
	_, _, err := climb([]axis{
		{"rank", ranks, max(0, len(ranks)-2)}, {"target", []float64{-0.5, -0.4, -0.3, -0.2, -0.1, 0}, 3},
		{"history", []float64{0, 0.2, 0.4}, 1}, {"power", []float64{0.3, 0.5}, 0}, {"gain", []float64{0, 0.5, 1}, 0},
	}, func(p []float64) (float64, error) {
		o := FilterOptions{Rank: int(p[0]), Target: p[1], History: p[2], Gain: p[4]}
		power := p[3]
		if spectra[power] == nil {
			s, err := at(t.judge.kept, power)
			if err != nil {
				return 0, err
			}
			spectra[power] = s
		}
		model, err := spectra[power].Filter(o)
		if err != nil {
			return 0, err
		}
		trial, err := t.try(ctx, "spectral", fmt.Sprintf("rank=%d power=%v history=%v target=%v gain=%v", o.Rank, power, o.History, o.Target, o.Gain), model)
		better(&best, &tunedModel{model: model, Tuned: Tuned{Trial: trial, Train: func(ctx context.Context, m *Matrix) (Model, error) {
			s, err := TrainSpectrum(ctx, m, SpectrumOptions{Users: power, Items: power, Rank: o.Rank, Seed: t.o.Seed, Workers: t.o.Workers})
			if err != nil {
				return nil, err
			}
			o := o
			o.Rank = min(o.Rank, s.Rank())
			return s.Filter(o)
		}}})
		return trial.worth(), err
	})
	return best, err
}
