package sim

import (
	"math/rand/v2"

	"github.com/freshet-rec/freshet"
)

// noErrand is the errand of a visit that is for nothing in particular.
const noErrand = -1

// Of a visit with an errand: how much the shelf is liked that it is for, what is left of all other
// tastes, and the share of errands that are for a shelf after the visitor's own taste. The others are
// for any: a present, a journey, something somebody spoke of. The two with names have none of those.
const (
	errandTaste  = 1.1
	errandOthers = 0.5
	errandOwn    = 0.5
)

// errandLuck is part of the seeds of what errands draw, so that nothing else depends on it.
const errandLuck = 0xe77a4d

// errandBrowsing is the share of what is shown from shelves for the visitor's taste, not for the errand.
const errandBrowsing = 0.5

// How a visit goes on in a world with errands: to another shelf with this chance each time, up to so many.
const (
	goesOn      = 0.55
	mostShelves = 4
)

// errand draws the shelf that a visit of v at a time (Unix ms) is for, or noErrand.
func (v *visitor) errand(at int64, o *Options, rng *rand.Rand) int8 {
	if o.Errands == 0 || rng.Float64() >= o.Errands {
		return noErrand
	}
	s := rng.IntN(len(shelves))
	if own := rng.Float64() < errandOwn; own || v.steady {
		s = likedShelf(v.tastesAt(at, o), rng)
	}
	return int8(s)
}

// onErrand is what a visit with an errand makes of a taste for a shelf, in [0, 1]: at most errandTaste.
func onErrand(taste float64, shelf int, errand int8) float64 {
	switch {
	case errand == noErrand:
		return taste
	case int(errand) == shelf:
		return max(taste, errandTaste)
	}
	return errandOthers * taste
}

// next is when somebody who has been to so many shelves comes to the next, having done the last thing
// at a time (Unix ms); false when that was all.
func (o *Options) next(shelves int, at int64, rng *rand.Rand) (int64, bool) {
	if o.Errands == 0 || shelves >= mostShelves || rng.Float64() >= goesOn {
		return 0, false
	}
	return at + between(5, 60, rng), true
}

// Next is the same visitor at the next slate of the visit, or nil for somebody who leaves. What was
// done with the last slate says when it comes to that: likes and purchases may come later than
// that. In a world without errands everybody leaves.
func (v *Visit) Next(done []freshet.Event) *Visit {
	last := v.first.time
	for i := range done {
		if done[i].Name == click.String() {
			last = max(last, done[i].Time)
		}
	}
	rng := rand.New(rand.NewPCG(v.seed, errandLuck))
	at, goes := v.world.options.next(v.slates+1, last, rng)
	if !goes {
		return nil
	}
	return v.Again(at)
}
