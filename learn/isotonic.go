package learn

import (
	"cmp"
	"math"
	"slices"

	"github.com/freshet-rec/freshet/rank"
)

// Bounds of an isotonic calibration.
const (
	isotonicBins  = 50   // parts of about equal weight that rows are put into first, at most
	isotonicEach  = 100  // rows of a part, about, at least
	isotonicRows  = 1000 // that it needs
	isotonicSteep = 10   // of log-odds by those of the model: kernels differ in the last bits, and golden rows see that
	isotonicPrior = 2    // rows of the mean that each part is thought to have beside its own
)

// pool is rows next to each other by their odds.
type pool struct{ odds, weight, positives float64 } // sums; odds times weight

// fitIsotonic is the ascending step function of log-odds that explains labels best, drawn straight from
// the middle of each step to the next (Zadrozny and Elkan, KDD 2002, §3; pool adjacent violators: Ayer et
// al., "An empirical distribution function for sampling with incomplete information", 1955). Four
// departures: rows come in parts of equal weight, so that no step is of a few rows; a part without a
// positive, or with nothing else, has odds by some rows of the mean that it is thought to have; steps
// ascend strictly, so that no two rows become alike; and where they would be too steep they are pooled
// too. ok is false where there is too little to go by.
func fitIsotonic(odds []float64, labels []bool, stands []float32) (c rank.Calibration, ok bool) {
	if len(odds) < isotonicRows {
		return c, false
	}
	order := make([]int, len(odds))
	var all pool
	for i := range order {
		order[i] = i
		all.add(odds[i], labels[i], stands[i])
	}
	if all.positives == 0 || all.positives == all.weight {
		return c, false
	}
	base := all.positives / all.weight
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(odds[a], odds[b]), cmp.Compare(a, b)) })
	var pools []pool
	var part pool
	seen, bins := 0.0, float64(min(isotonicBins, len(odds)/isotonicEach))
	for k, i := range order {
		part.add(odds[i], labels[i], stands[i])
		seen += float64(stands[i])
		last := k == len(order)-1
		if !last && (seen < all.weight*float64(len(pools)+1)/bins || odds[order[k+1]] == odds[i]) {
			continue
		}
		pools, part = append(pools, part), pool{}
	}
	var steps []pool
	for _, p := range pools {
		for len(steps) > 0 && !steps[len(steps)-1].below(&p, base) {
			before := steps[len(steps)-1]
			steps = steps[:len(steps)-1]
			p = pool{p.odds + before.odds, p.weight + before.weight, p.positives + before.positives}
		}
		steps = append(steps, p)
	}
	if len(steps) < 2 {
		return c, false
	}
	for _, s := range steps {
		knot, odds := s.at(base)
		if !(math.Abs(knot) <= rank.MaxOdds/2) {
			return rank.Calibration{}, false
		}
		c.Knots, c.Odds = append(c.Knots, knot), append(c.Odds, odds)
	}
	return c, true
}

func (p *pool) add(odds float64, label bool, stands float32) {
	w := float64(stands)
	p.odds, p.weight = p.odds+w*odds, p.weight+w
	if label {
		p.positives += w
	}
}

// at is the middle of a step and its log-odds, base being the share of positives among all.
func (p *pool) at(base float64) (knot, odds float64) {
	rate := (p.positives + isotonicPrior*base) / (p.weight + isotonicPrior)
	return p.odds / p.weight, math.Log(rate / (1 - rate))
}

// below reports that the next step is higher than this one, and not too steep above it.
func (p *pool) below(next *pool, base float64) bool {
	x, odds := p.at(base)
	knot, own := next.at(base)
	return knot > x && own > odds && own-odds <= isotonicSteep*(knot-x)
}

// calibrate is what makes probabilities of the log-odds of rows, which come in the order of time: a line
// (fitPlatt), or steps (fitIsotonic) where those of the older half explain the newer half better by more
// than chance.
func calibrate(p *predicted) rank.Calibration {
	half := len(p.odds) / 2
	older, newer := p.part(0, half), p.part(half, len(p.odds))
	line := fitPlatt(older.odds, older.labels, older.stands)
	if steps, ok := fitIsotonic(older.odds, older.labels, older.stands); ok && newer.prefers(steps, line) {
		if steps, ok = fitIsotonic(p.odds, p.labels, p.stands); ok {
			return steps
		}
	}
	return fitPlatt(p.odds, p.labels, p.stands)
}

// part are rows [from, to).
func (p *predicted) part(from, to int) *predicted {
	return &predicted{odds: p.odds[from:to], labels: p.labels[from:to], stands: p.stands[from:to]}
}

// prefers reports that the log-loss with one calibration is below that with another by more than twice
// the standard error of the difference.
func (p *predicted) prefers(one, other rank.Calibration) bool {
	n, sum, squares := 0.0, 0.0, 0.0
	for i, x := range p.odds {
		d := float64(p.stands[i]) * (lossOf(other, x, p.labels[i]) - lossOf(one, x, p.labels[i]))
		n, sum, squares = n+1, sum+d, squares+d*d
	}
	if n < 2 {
		return false
	}
	mean := sum / n
	return mean > 2*math.Sqrt((squares/n-mean*mean)/(n-1))
}
