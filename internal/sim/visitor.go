package sim

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/freshet-rec/freshet"
)

// visitor is somebody who comes to the shop. Tastes are hidden from a recommender.
type visitor struct {
	id freshet.UserID
	tastes
	later    *tastes // from Options.Shift on; nil when that is never
	swing    []swing // of the tastes per shelf, then of latent
	sessions int     // visits during the history, at least 1
	trend    float64 // share of bestsellers among the books shown, in [0, 0.8]
	avoids   int     // the shelf this visitor has not come across, -1 for none
	steady   bool    // has errands at favourite shelves only
	clicks   int     // different books the history must see clicked; more visits follow until it does
}

// tastes are what somebody likes.
type tastes struct {
	taste  []float64 // per shelf, in [0, 1]
	latent []float64
}

// newTastes draws a favourite shelf, one or two lesser ones and a hidden vector.
func newTastes(o Options, rng *rand.Rand) tastes {
	t := tastes{taste: make([]float64, len(shelves))}
	for s := range t.taste {
		t.taste[s] = 0.15 * rng.Float64()
	}
	liked := rng.Perm(len(shelves))
	t.taste[liked[0]], t.taste[liked[1]] = 1, 0.7
	if rng.Float64() < 0.5 {
		t.taste[liked[2]] = 0.4
	}
	t.latent = normals(o.Tastes, rng)
	return t
}

// tastesAt are the tastes at a time (Unix ms), swings aside.
func (v *visitor) tastesAt(at int64, o *Options) *tastes {
	if v.later != nil && at >= o.Shift.UnixMilli() {
		return v.later
	}
	return &v.tastes
}

// ada is the visitor whose story the shop tells.
const ada = freshet.UserID("ada")

// maxSessions bounds the visits of one visitor in one history.
const maxSessions = 200

// newVisitor draws visitor number (1-based). Each has a generator of its own, so a larger
// shop has the same first visitors with the same tastes.
func newVisitor(number int, o Options, rng *rand.Rand) visitor {
	v := visitor{
		id:     freshet.UserID(fmt.Sprintf("v-%04d", number)),
		trend:  0.35,
		avoids: -1,
	}
	v.tastes = newTastes(o, rng)
	if !o.Shift.IsZero() { // with a generator of their own, so that all before does not depend on them
		later := newTastes(o, rand.New(rand.NewPCG(o.Seed^0x541f7, uint64(number))))
		v.later = &later
	}
	// A log-normal number of visits: most come once or twice a fortnight, a few daily.
	visits := math.Exp(0.62+0.9*rng.NormFloat64()) * float64(o.Days) / defaultDays
	v.sessions = 1 + int(math.Min(visits, maxSessions-1))

	v.swing = newSwings(o, number)
	switch number {
	case 1:
		v.settle(ada, poetry, nature, mystery)
		v.trend, v.avoids = 0.15, sea
	case 2:
		v.settle("grace", science, sea, history)
	}
	return v
}

// settle makes the visitor a named regular with fixed favourites, best loved first.
func (v *visitor) settle(id freshet.UserID, first, second, third int) {
	v.id = id
	for s := range v.taste {
		v.taste[s] = 0.05
	}
	v.taste[first], v.taste[second], v.taste[third] = 1, 0.8, 0.5
	v.sessions = max(v.sessions, 10)
	v.steady = true
	v.clicks = 12
}

// clickProbability is the chance that v clicks b at a time (Unix ms) of a visit with an errand, or
// noErrand, when it is shown at rank (1-based):
//
//	noise + (1−noise) · sigmoid(−3.8 + 3.5·taste + 0.7·u·q/√n + 0.5·quality) · attention
//
// where taste is that of the better liked of the book's categories, the second one counting
// three quarters, u and q are the hidden vectors of length n, attention is 1/(1+b·(rank−1)),
// and taste and u swing with time, are others from Options.Shift on, and an errand changes taste
// (onErrand). The constants are chosen, not fitted: about one shown book in nine is clicked, a
// stranger's book seldom, a favourite's often.
func (v *visitor) clickProbability(b *book, rank int, at int64, errand int8, o *Options) float64 {
	liking := v.liking(b, at, errand, o)
	return o.Noise + (1-o.Noise)*liking/(1+o.PositionBias*float64(rank-1))
}

// liking is the chance of a click for the book's own sake, looked at with full attention.
func (v *visitor) liking(b *book, at int64, errand int8, o *Options) float64 {
	now := v.tastesAt(at, o)
	taste := onErrand(v.tasteAt(now, b.shelf, at, o), b.shelf, errand)
	if b.second >= 0 {
		taste = max(taste, 0.75*onErrand(v.tasteAt(now, b.second, at, o), b.second, errand))
	}
	dot := 0.0
	for d, x := range now.latent {
		dot += (x + o.Drift*v.swing[len(now.taste)+d].at(at)) * b.latent[d]
	}
	z := -3.8 + 3.5*taste + 0.7*dot/math.Sqrt(float64(len(now.latent))) + 0.5*b.quality
	return 1 / (1 + math.Exp(-z))
}

// tasteAt is the taste for a shelf at a time, in [0, 1]; a swing of 1 is a quarter of that.
func (v *visitor) tasteAt(now *tastes, shelf int, at int64, o *Options) float64 {
	return min(1, max(0, now.taste[shelf]+o.Drift*0.25*v.swing[shelf].at(at)))
}
