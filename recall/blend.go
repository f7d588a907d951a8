package recall

import (
	"slices"

	"github.com/freshet-rec/freshet/internal/pack"
)

// blend is what ItemCFRoute has learned of how much to trust what: everything here is a fold of
// the acts, each of which is first predicted and then learned from.
//
// What comes next is estimated as a mixture of shares (linear interpolation: Jelinek and
// Mercer, "Interpolated estimation of Markov source parameters from sparse data", 1980),
//
//	next(j) = Σ_k weight[context][k] · p_k(j)
//
// where p_k are the shares of j in what all want, by half-life, and in what followed each of
// the visitor's last acts, by half-life. An act moves the weights of its context towards what
// each part has contributed to its probability: one step of expectation maximisation (Cappé and
// Moulines, "On-line expectation-maximization algorithm for latent data models", JRSS B 2009,
// with a constant step, so that old lessons fade). Contexts are how many last acts there are,
// how much is known of what follows the newest, and whether that is of this session. Unlike in
// the papers, the step is shortened to none for an act that all parts hold impossible.
//
// How much the mixture counts against co-visitation (theta) is chosen for what it earns: now
// and then an act is looked for in the order that each of a few thetas would have made, and a
// theta whose reciprocal ranks were best lately, or nearly so, wins.
type blend struct {
	weights [contexts][parts]float64
	gain    [len(thetas)]float64 // Σ of the reciprocal ranks looked for, fading
	acts    int64                // that were predicted
}

const (
	lastActs = 3 // whose followers count
	parts    = rungs + lastActs*followerRungs
	evidence = 8 // steps of what is known of the newest act's item, each four times the one before
	contexts = lastActs * evidence * 2

	blendStep   = 0.01        // of an act's lesson: the last hundred acts of a context count
	gainKept    = 1 - 1./1024 // of the gains, per look
	looksAtOnce = 50          // ranks beyond earn nothing
	nearlyBest  = 0.995       // of the most that was gained: a guess at what differs by luck in a thousand looks
)

// thetas are the shares of co-visitation that are tried; before the first look the first stands.
var thetas = [...]float64{0.5, 0.3, 0.7, 0.1, 0.9, 0, 1}

// lookEvery is how often an act is looked for, by how many were: often at first, to learn soon,
// then once in so many that looking costs some percent of folding.
func (b *blend) lookEvery() int64 {
	if b.acts < 1<<15 {
		return 32
	}
	return 256
}

func newBlend() *blend {
	b := &blend{}
	for c := range b.weights {
		for k := range b.weights[c] {
			b.weights[c][k] = 1. / parts
		}
	}
	return b
}

// contextOf is the place of the weights for last acts, at least one. known is how much followed
// the newest of them; apart says that it is of another session.
func contextOf(acts int, known float64, apart bool) int {
	c := 0
	for c < evidence-1 && known > 1 {
		known /= 4
		c++
	}
	c = c*2 + (min(acts, lastActs)-1)*evidence*2
	if apart {
		c++
	}
	return c
}

// learn moves the weights of a context by an act that the parts gave the chances p.
func (b *blend) learn(context int, p *[parts]float64) {
	w := &b.weights[context]
	total := 0.0
	for k := range p {
		total += float64(w[k] * p[k])
	}
	if total <= 0 {
		return
	}
	for k := range p {
		w[k] += float64(blendStep * (float64(w[k]*p[k])/total - w[k]))
	}
}

// look notes what each theta would have gained.
func (b *blend) look(gains [len(thetas)]float64) {
	for i, gain := range gains {
		b.gain[i] = float64(b.gain[i]*gainKept) + gain
	}
}

// theta is the share of co-visitation that is in force: of those that gained nearly what the best did
// the greatest, since a route that is asked for a visitor's own wishes has routes beside it that know
// the crowd's. Without any gain it is half and half.
func (b *blend) theta() float64 {
	enough, best := nearlyBest*slices.Max(b.gain[:]), 0
	for i, gain := range b.gain {
		if gain > 0 && gain >= enough && (b.gain[best] < enough || thetas[i] > thetas[best]) {
			best = i
		}
	}
	return thetas[best]
}

func (b *blend) pack(w *pack.Writer) {
	w.Int(b.acts)
	for _, v := range b.gain {
		w.Float(v)
	}
	for c := range b.weights {
		for _, v := range b.weights[c] {
			w.Float(v)
		}
	}
}

func (b *blend) unpack(r *pack.Reader) {
	b.acts = r.Int()
	for i := range b.gain {
		b.gain[i] = r.Float()
	}
	for c := range b.weights {
		for k := range b.weights[c] {
			b.weights[c][k] = r.Float()
		}
	}
}
