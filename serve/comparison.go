package serve

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/registry"
)

// comparison sums up how the scores of a model differ from those of the model that is live, over the
// candidates of requests, and says when they are those of no sound model. It is looked at after every
// request, so what decides by a mean does so by a confidence sequence, which may be: with bound a
// sound model is caught at any time with a probability of at most alpha. The zero comparison is empty
// and ready.
type comparison struct {
	requests int
	broken   int // requests with a score that is no number
	flat     int // of requests, those in which all scores are one while candidates differ
	own      map[uint32]int
	others   map[uint32]int // requests by the item that is first, of the model and of the order it is held against

	rho          moments // rank correlation with the live model, by request; with recall's order where none is live
	candidates   int
	hist         [2][histBuckets]float64 // candidates by log-odds: of the model, of the live one
	probability  [2]float64              // sums over candidates
	hasLive      bool
	liveAccounts int // requests that the live model scored too
}

// scored is the candidates of one request with the scores of both.
type scored struct {
	items  []uint32
	recall []float64
	own    []float64 // log-odds
	live   []float64 // nil when no model is live
}

// What is asked before anything is said. The figures are guesses between two errors: a model trained
// on the same journal by another method correlates with the live one at 0.3 to 0.9 and shifts the odds
// by less than half.
const (
	leastCandidates = 5    // of a request that counts
	leastRequests   = 20   // before the first verdict, unless a score is no number
	flatShare       = 0.95 // of requests, all of whose candidates score alike
	oneItemShare    = 0.9  // of requests, with one item first
	oneItemLive     = 0.5  // the same of the live model: more is no reproach, nor is it where none is live, since one item may be what most want
	invertedBelow   = -0.3 // mean rank correlation with the live model
	againstRecall   = -0.5 // the same with recall's order
	shiftedBy       = 3.0  // factor between the odds of mean probabilities
	shiftedPSI      = 0.5  // population stability index; above 0.25 a population is said to have changed
	alpha           = 0.005
	histBuckets     = 44
)

// add takes in one request. Requests with few candidates say nothing, nor do those of which the live
// model makes no number of a candidate: there is nothing to hold the other's against.
func (c *comparison) add(s *scored) {
	if slices.ContainsFunc(s.own, noNumber) {
		c.broken++
		return
	}
	if len(s.own) < leastCandidates || slices.ContainsFunc(s.live, noNumber) {
		return
	}
	if c.own == nil {
		c.own, c.others = map[uint32]int{}, map[uint32]int{}
	}
	c.requests++
	against := s.recall
	if s.live != nil {
		against = s.live
		c.hasLive = true
		c.liveAccounts++
		c.candidates += len(s.own)
		for i, v := range s.own {
			c.hist[0][bucketOf(v)]++
			c.hist[1][bucketOf(s.live[i])]++
			c.probability[0] += rank.Sigmoid(v)
			c.probability[1] += rank.Sigmoid(s.live[i])
		}
	}
	if flat(s.own) {
		if !flat(against) {
			c.flat++
		}
	} else {
		c.own[s.items[firstOf(s.own)]]++
	}
	if !flat(against) {
		c.others[s.items[firstOf(against)]]++
	}
	if rho, ok := spearman(s.own, against); ok {
		c.rho.add(rho)
	}
}

func noNumber(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

// fault says what the model was caught at, nil for nothing. live names the model it is held against.
func (c *comparison) fault(live string) *registry.Fault {
	say := func(code, format string, args ...any) *registry.Fault {
		return &registry.Fault{Code: code, Text: fmt.Sprintf(format, args...)}
	}
	if c.broken > 0 {
		return say(registry.NonFinite, "of %d requests it gives candidates scores that are no numbers", c.broken)
	}
	if c.requests < leastRequests {
		return nil
	}
	n := float64(c.requests)
	if float64(c.flat) >= flatShare*n {
		return say(registry.Constant, "it gives all candidates of a request one score, in %d requests of %d", c.flat, c.requests)
	}
	if item, times := most(c.own); c.hasLive && float64(times) >= oneItemShare*n {
		if _, other := most(c.others); float64(other) <= oneItemLive*n {
			return say(registry.OneItem, "it puts one item first in %d requests of %d (its number is %d); what it is held against does so in %d", times, c.requests, item, other)
		}
	}
	limit, what := invertedBelow, live
	if !c.hasLive {
		limit, what = againstRecall, "the order of recall"
	}
	if mean, wide := c.rho.mean, c.rho.bound(alpha); c.rho.n >= leastRequests && mean+wide < limit {
		return say(registry.Inverted, "it puts last what %s puts first: their rank correlation is %.2f ± %.2f over %d requests", what, mean, wide, c.rho.n)
	}
	if c.liveAccounts >= leastRequests {
		own, other, psi := c.probability[0]/float64(c.candidates), c.probability[1]/float64(c.candidates), c.psi()
		if apart := math.Abs(math.Log(own/(1-own)) - math.Log(other/(1-other))); psi > shiftedPSI && !(apart < math.Log(shiftedBy)) {
			return say(registry.Shifted, "its mean probability is %.4f where that of %s is %.4f, on the same %d candidates (population stability index %.2f)", own, live, other, c.candidates, psi)
		}
	}
	return nil
}

// psi is the population stability index of the model's log-odds against the live one's: Σ (p − q)
// ln(p/q) over buckets of half a unit. Half a candidate is added to each bucket, so that an empty one
// stays finite.
func (c *comparison) psi() (sum float64) {
	n := float64(c.candidates) + histBuckets/2
	for i := range c.hist[0] {
		p, q := (c.hist[0][i]+0.5)/n, (c.hist[1][i]+0.5)/n
		sum += (p - q) * math.Log(p/q)
	}
	return sum
}

func bucketOf(odds float64) int {
	return int(min(histBuckets-1, max(0, math.Floor((odds+histBuckets/4)*2))))
}

// flat reports that all values are one.
func flat(values []float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return v != values[0] })
}

// firstOf is the place of the greatest value, the first of equal ones.
func firstOf(values []float64) (best int) {
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return best
}

// most is the item that is first in most requests, the least of equal ones.
func most(tops map[uint32]int) (item uint32, times int) {
	for i, n := range tops {
		if n > times || n == times && i < item {
			item, times = i, n
		}
	}
	return item, times
}

// moments are a mean and a sum of squares about it, by Welford's update (Knuth, vol. 2, §4.2.2).
type moments struct {
	n           int
	mean, about float64
}

func (m *moments) add(v float64) {
	m.n++
	d := v - m.mean
	m.mean += d / float64(m.n)
	m.about += d * (v - m.mean)
}

// leastDeviation keeps a bound from being nothing while all values happen to be one.
const leastDeviation = 0.05

// bound is half the width of a confidence sequence for the mean at level 1 − alpha: the mixture
// boundary of Robbins (1970) with the deviation as it was found, as in Waudby-Smith et al.,
// "Time-uniform central limit theory and asymptotic confidence sequences" (2024), equation 2.
func (m *moments) bound(alpha float64) float64 {
	if m.n < 2 {
		return math.Inf(1)
	}
	return sequenceBound(max(leastDeviation, math.Sqrt(m.about/float64(m.n-1))), float64(m.n), alpha)
}

// tightest is about how many observations the boundary is drawn for.
const tightest = 30

func sequenceBound(deviation, n, alpha float64) float64 {
	return deviation * math.Sqrt((n+tightest)/(n*n)*math.Log((n+tightest)/(tightest*alpha*alpha)))
}

// spearman is the rank correlation of two lists of equal length, equal values sharing their mean
// rank; it is not defined when all of one list is one value.
func spearman(a, b []float64) (rho float64, ok bool) {
	ra, rb := ranksOf(a), ranksOf(b)
	mean := float64(len(a)-1) / 2
	var aa, bb, ab float64
	for i := range ra {
		x, y := ra[i]-mean, rb[i]-mean
		aa += x * x
		bb += y * y
		ab += x * y
	}
	if aa == 0 || bb == 0 {
		return 0, false
	}
	return ab / math.Sqrt(aa*bb), true
}

func ranksOf(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return cmp.Compare(values[x], values[y]) })
	ranks := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = float64(from+to-1) / 2
		}
		from = to
	}
	return ranks
}

// behind says that something was wanted of fewer of the first slates of a trial's visitors than of the
// other side's, nil when chance explains the difference. It may be asked after every slate; visitors are
// independent of each other, and each counts once.
func behind(live, own fold.Arm) *registry.Fault {
	if live.Slates < leastRequests || own.Slates < leastRequests {
		return nil
	}
	n, m := float64(own.Slates), float64(live.Slates)
	p, q := float64(own.Wanted)/n, float64(live.Wanted)/m
	pooled := float64(own.Wanted+live.Wanted) / (n + m)
	d, wide := p-q, sequenceBound(math.Sqrt(pooled*(1-pooled)), n*m/(n+m), alpha)
	if d+wide >= 0 {
		return nil
	}
	return &registry.Fault{Code: registry.WorseThanLive, Text: fmt.Sprintf("of the first slates of its %d visitors something was wanted in %.4f, of those of the %d of the live one in %.4f: less by %.4f ± %.4f", own.Slates, p, live.Slates, q, -d, wide)}
}
