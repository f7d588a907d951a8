package eval

import (
	"encoding/json"
	"fmt"
	"math"
)

// OffPolicy estimates what another policy would have earned from what was logged under the one
// that ran, when the log says how likely each of its choices was. Add rows, then ask for Estimates.
// The zero OffPolicy is empty and ready to use; Clip, unless 0, is set before the first row.
//
// With w = probability of the other policy / propensity of the logging one, over n rows:
//
//	IPS    Σ w·r / n              unbiased where the log supports the other policy (Horvitz and Thompson, JASA 1952)
//	SNIPS  Σ w·r / Σ w            divides by the weights instead: a little biased, seldom as far off, and never
//	                              outside of the rewards (Swaminathan and Joachims, NIPS 2015)
//	clip   Σ min(w, Clip)·r / n   never above the truth on average for rewards ≥ 0, with less variance (Ionides, 2008)
//
// Standard errors are those of a mean, and for SNIPS of a ratio of means (Owen, "Monte Carlo theory,
// methods and examples", ch. 9, eq. 9.9). They take rows as independent.
type OffPolicy struct {
	Clip float64 // the largest weight of the clipped estimate, above 0; 0 leaves that estimate out

	n, positives  int     // rows; those with a reward above 0
	some          int     // rows with a reward other than 0
	amounts       bool    // a reward is neither 0 nor 1
	reward        moments // of the reward as logged
	weighted, cut moments // of w·r, and of min(w, Clip)·r
	weight        moments // of w
	spread        moments // of r, each counting w² times
	most          float64 // greatest w
	unseen        float64 // Σ share, see Unseen
}

// moments are the sum of values, and, of values that count so much each, the mean and the sum of squared
// distances from it, kept up to date value by value: a difference of two sums would lose the variance of
// values that are great and close together (West, "Updating mean and variance estimates: an improved
// method", CACM 1979).
type moments struct{ sum, weight, mean, squares float64 }

func (m *moments) add(x, weight float64) {
	if weight == 0 {
		return
	}
	m.sum += x
	before := m.weight
	m.weight += weight
	d := x - m.mean
	m.mean += d * (weight / m.weight)
	m.squares += weight * (before / m.weight) * d * d // in this order no product is beyond the bounds of the rows
}

// of is the mean of values that count 1 each, and its standard error, 0 below two values.
func (m *moments) of() (mean, standardError float64) {
	mean = m.sum / m.weight
	if m.weight < 2 {
		return mean, 0
	}
	return mean, math.Sqrt(m.squares / (m.weight - 1) / m.weight)
}

// mostWeighed bounds rewards, weights and their products, so that sums of squares are finite.
const mostWeighed = 1e100

// Add takes in one row: what was earned, within ±1e100, also times its weight; how likely the logging
// policy was to choose as it did, in (0, 1]; how likely the other policy is to choose the same, in
// [0, 1]. The error says which is out of its bounds; then nothing is taken in.
func (o *OffPolicy) Add(reward, propensity, probability float64) error {
	switch {
	case math.IsNaN(reward) || math.IsInf(reward, 0):
		return fmt.Errorf("a reward is %v; it must be a finite number", reward)
	case !(propensity > 0 && propensity <= 1):
		return fmt.Errorf("a propensity is %v; what was logged had a probability above 0 and at most 1", propensity)
	case !(probability >= 0 && probability <= 1):
		return fmt.Errorf("a probability is %v; it must be from 0 to 1", probability)
	}
	w := probability / propensity
	if !(w <= mostWeighed && math.Abs(reward) <= mostWeighed && w*math.Abs(reward) <= mostWeighed) {
		return fmt.Errorf("a reward of %v weighs %v times: beyond %v no mean can be told", reward, w, mostWeighed)
	}
	o.n++
	if reward > 0 {
		o.positives++
	}
	if reward != 0 {
		o.some++
	}
	o.amounts = o.amounts || reward != 0 && reward != 1
	o.reward.add(reward, 1)
	o.weight.add(w, 1)
	o.weighted.add(w*reward, 1)
	o.spread.add(reward, w*w)
	if o.Clip > 0 {
		o.cut.add(min(w, o.Clip)*reward, 1)
	}
	o.most = max(o.most, w)
	return nil
}

// Unseen notes the share, in [0, 1], of the other policy's choices that the log never has, and of
// which it therefore says nothing.
func (o *OffPolicy) Unseen(share float64) { o.unseen = share }

// Estimate is a mean with its standard error and interval.
type Estimate struct {
	Value float64
	Error float64 // standard error
	CI    Interval
}

// PolicyResults is what an off-policy evaluation found. Its JSON is
//
//	{"protocol":"ips","n":10000,"positives":46,"logged":{"value":0.0046,"se":0.0007,"ci":[…]},
//	 "ips":{…},"snips":{…},"clipped":{…},"clip":10,"own":{…},"ess":3100.5,"max_weight":7.1,"mean_weight":1.01,
//	 "unseen":0,"warnings":[…]}
//
// with "clipped" and "clip" only where a clip was asked for, and "own" where there is a log of the
// other policy.
type PolicyResults struct {
	N          int
	Positives  int      // rows with a reward above 0
	Logged     Estimate // mean reward of the logging policy
	IPS        Estimate
	SNIPS      Estimate
	Clipped    Estimate // zero when Clip is
	Clip       float64
	Own        *Estimate // mean reward in a log of the other policy itself; nil without one
	ESS        float64   // effective sample size (Σ w)² / Σ w² (Kish): so many rows of the other policy itself would be as sure
	MaxWeight  float64
	MeanWeight float64 // about 1 where propensities are right and the log supports the policy
	Unseen     float64 // share of the other policy's choices that the log never has
	Warnings   []Warning
}

// The bounds below which estimates come with a warning.
const (
	leastESS   = 100.0
	leastShare = 0.01 // of the rows that is effective, and of a policy that is unseen
	weightSlip = 4.0  // standard errors that the mean weight may be off what is expected,
	weightOff  = 0.05 // and so much of it in any case: shares counted in a log are not exact either
)

// Estimates returns the estimates with intervals of this level, such as 0.95. ok is false without
// rows. Where no row has a weight SNIPS is 0.
func (o *OffPolicy) Estimates(level float64) (r PolicyResults, ok bool) {
	if o.n == 0 {
		return r, false
	}
	estimate := func(m *moments) Estimate {
		mean, se := m.of()
		return Estimate{mean, se, Around(mean, se, level)}
	}
	r = PolicyResults{N: o.n, Positives: o.positives, Logged: estimate(&o.reward), IPS: estimate(&o.weighted), Clip: o.Clip, MaxWeight: o.most, Unseen: o.unseen}
	if o.Clip > 0 {
		r.Clipped = estimate(&o.cut)
	}
	meanWeight, weightError := o.weight.of()
	r.MeanWeight = meanWeight
	if all := o.weight.sum; o.spread.weight > 0 {
		r.ESS = all * all / o.spread.weight
		v := o.weighted.sum / all
		// Σ w²(r − v)² = Σ w²(r − m)² + (m − v)² Σ w², with m the mean by w².
		off := o.spread.mean - v
		se := math.Sqrt(o.spread.squares+off*off*o.spread.weight) / all
		r.SNIPS = Estimate{v, se, Around(v, se, level)}
	}
	if !o.amounts {
		r.Warnings = Scarce(o.positives, o.n)
	} else if o.some < leastPositives {
		r.Warnings = append(r.Warnings, Warning{FewPositives, fmt.Sprintf("only %d of %d rows have a reward other than 0: the figures may be far off, see the intervals", o.some, o.n)})
	}
	if r.ESS < leastESS || r.ESS < leastShare*float64(o.n) {
		r.Warnings = append(r.Warnings, Warning{FewEffective, fmt.Sprintf("the policies differ so much that the %d rows are worth %.0f: a few of them decide the estimate", o.n, r.ESS)})
	}
	if o.unseen >= leastShare {
		r.Warnings = append(r.Warnings, Warning{NoSupport, fmt.Sprintf("%.1f %% of what the policy would do is never done in the log: what that earns is counted as nothing by ips, and as average by snips", 100*o.unseen)})
	}
	if expected := 1 - o.unseen; math.Abs(meanWeight-expected) > max(weightSlip*weightError, weightOff) {
		r.Warnings = append(r.Warnings, Warning{Propensities, fmt.Sprintf("the weights have a mean of %.3f where %.3f is expected: the propensities are not those of what was logged, or rows are missing", meanWeight, expected)})
	}
	return r, true
}

// MarshalJSON writes the form above.
func (r PolicyResults) MarshalJSON() ([]byte, error) {
	fields := []field{{"protocol", "ips"}, {"n", r.N}, {"positives", r.Positives}, {"logged", r.Logged}, {"ips", r.IPS}, {"snips", r.SNIPS}}
	if r.Clip > 0 {
		fields = append(fields, field{"clipped", r.Clipped}, field{"clip", r.Clip})
	}
	if r.Own != nil {
		fields = append(fields, field{"own", r.Own})
	}
	return object("ips", append(fields, field{"ess", r.ESS}, field{"max_weight", r.MaxWeight}, field{"mean_weight", r.MeanWeight},
		field{"unseen", r.Unseen}, field{"warnings", append([]Warning{}, r.Warnings...)}))
}

// MarshalJSON writes an estimate.
func (e Estimate) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Value float64  `json:"value"`
		Error float64  `json:"se"`
		CI    Interval `json:"ci"`
	}{e.Value, e.Error, e.CI})
}
