package learn

import (
	"math"

	"github.com/freshet-rec/freshet/internal/pack"
)

// places are what a place in a slate adds to the log-odds of a positive, by head: what is shown first is
// clicked more for that alone, and without them the update would learn the order that it made itself.
// They are learned beside the weights (AdaGrad), count in every forecast that is judged, and are never
// published: what ranks scores all as if shown first, which is a place of 0, as a trained ranker does
// (see exposedRank).
type places [][]placeEffect

// placeEffect is that of one place.
type placeEffect struct {
	odds   float32
	square float64
}

// mostPlaces is how many places are told apart; those beyond share the last.
const mostPlaces = 64

func newPlaces(heads int) places {
	p := make(places, heads)
	for h := range p {
		p[h] = make([]placeEffect, mostPlaces)
	}
	return p
}

// of is what the place of a rank, from 0, adds for a head.
func (p places) of(head, rank int) float32 { return p[head][min(rank, mostPlaces-1)].odds }

// learn moves the effect of a place against the gradient of the loss by the log-odds.
func (p places) learn(head, rank int, gradient float32, pace *Pace) {
	e := &p[head][min(rank, mostPlaces-1)]
	g := min(mostGradient, max(-mostGradient, float64(gradient)))
	if rank == 0 || math.IsNaN(g) {
		return
	}
	e.square += g * g
	step := pace.Alpha * g / (pace.Beta + math.Sqrt(e.square))
	e.odds -= float32(min(pace.Step, max(-pace.Step, step)))
}

func (p places) pack(w *pack.Writer) {
	for h := range p {
		for i := range p[h] {
			w.Single(p[h][i].odds)
			w.Float(p[h][i].square)
		}
	}
}

func (p places) unpack(r *pack.Reader) {
	for h := range p {
		for i := range p[h] {
			p[h][i] = placeEffect{r.Single(), r.Float()}
		}
	}
}
