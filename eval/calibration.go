package eval

import (
	"encoding/json"
	"math"
	"slices"
)

// Calibration compares probabilities with what came true. Use Calibrate. Its JSON is
//
//	{"n":1000,"positives":93,"predicted":0.1,"observed":0.093,"ratio":1.08,"brier":0.08,"ece":0.01,
//	 "ece_by_chance":0.02,"ci":{"observed":[0.08,0.11],"ratio":[0.9,1.3]},"bins":[{"n":100,"low":0.01,
//	 "high":0.02,"predicted":0.014,"observed":0.01,"ci":[0,0.05]},…]}
//
// with "ratio" null where nothing came true.
type Calibration struct {
	N         int
	Positives int
	Predicted float64 // mean probability
	Observed  float64 // share that came true
	Ratio     float64 // Predicted / Observed: 1 is right, above 1 promises too much; +Inf when nothing came true
	Brier     float64 // mean (p − outcome)² (Brier, "Verification of forecasts expressed in terms of probability", 1950)
	ECE       float64 // expected calibration error: Σ share of bin · |predicted − observed| of it
	// ByChance is about the ECE that perfectly calibrated probabilities would show in these bins,
	// by the luck of the outcomes alone. An ECE of that size says nothing against a model.
	ByChance   float64
	ObservedCI Interval // of Observed, by Wilson
	RatioCI    Interval // Predicted over the ends of ObservedCI
	Bins       []Bin    // the reliability table, by probability
}

// Bin is the rows whose probabilities lie together.
type Bin struct {
	N         int
	Low, High float64 // least and greatest probability
	Predicted float64 // mean probability
	Observed  float64 // share that came true
	CI        Interval
}

// Calibrate compares probabilities, in [0, 1], with labels, which say what came true; lengths must
// be equal. bins ≥ 1 is how many bins of about equally many rows the expected calibration error
// goes by: of equal mass, since bins of equal width leave nearly all rows of rare events in one
// (Nguyen and O'Connor, "Posterior calibration and exploratory analysis for natural language
// processing models", EMNLP 2015, §4.1; the error: Naeini et al., AAAI 2015). Equal probabilities
// are never split, so that the result does not depend on the order of rows: a bin ends at the nearer
// edge of theirs, and there may be fewer bins for it. level is that of the intervals, such as 0.95. ok is false when there is no row or a
// probability outside of [0, 1].
func Calibrate(probabilities []float64, labels []bool, bins int, level float64) (c Calibration, ok bool) {
	n := len(probabilities)
	if n == 0 {
		return c, false
	}
	order := make([]int, n)
	for i, p := range probabilities {
		if !(p >= 0 && p <= 1) {
			return c, false
		}
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case probabilities[a] < probabilities[b]:
			return -1
		case probabilities[a] > probabilities[b]:
			return 1
		}
		return a - b
	})
	c.N = n
	expected, squares := 0.0, 0.0
	from := 0
	for b := 1; b <= bins; b++ {
		to := int(int64(b) * int64(n) / int64(bins))
		if to <= from { // the bin before has its rows
			continue
		}
		to = tieEdge(from, to, n, func(i int) float64 { return probabilities[order[i]] })
		sum, positives, variance := 0.0, 0, 0.0
		for _, i := range order[from:to] {
			p, outcome := probabilities[i], 0.0
			if labels[i] {
				positives++
				outcome = 1
			}
			sum += p
			squares += (p - outcome) * (p - outcome)
			variance += p * (1 - p)
		}
		rows := float64(to - from)
		c.Bins = append(c.Bins, Bin{
			N: to - from, Low: probabilities[order[from]], High: probabilities[order[to-1]],
			Predicted: sum / rows, Observed: float64(positives) / rows, CI: Wilson(positives, to-from, level),
		})
		c.ECE += math.Abs(sum-float64(positives)) / float64(n)
		c.ByChance += math.Sqrt(variance*2/math.Pi) / float64(n) // the mean distance of a normal value from its mean
		expected += sum
		c.Positives += positives
		from = to
	}
	c.Predicted, c.Observed, c.Brier = expected/float64(n), float64(c.Positives)/float64(n), squares/float64(n)
	c.Ratio = c.Predicted / c.Observed
	c.ObservedCI = Wilson(c.Positives, n, level)
	c.RatioCI = Interval{c.Predicted / c.ObservedCI[1], c.Predicted / c.ObservedCI[0]}
	if c.Predicted == 0 { // 0/0 where nothing was promised and nothing came
		c.Ratio, c.RatioCI = 0, Interval{}
	}
	return c, true
}

// tieEdge moves the end of a bin that begins at from to the nearer edge of the equal values that it
// would split, the later one when the bin would be empty otherwise.
func tieEdge(from, to, n int, value func(i int) float64) int {
	if to == n || value(to) != value(to-1) {
		return to
	}
	first, last := to-1, to+1
	for first > from && value(first-1) == value(to) {
		first--
	}
	for last < n && value(last) == value(to) {
		last++
	}
	if first > from && to-first <= last-to {
		return first
	}
	return last
}

// MarshalJSON writes the form above; what is not finite is null.
func (c Calibration) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		N         int            `json:"n"`
		Positives int            `json:"positives"`
		Predicted float64        `json:"predicted"`
		Observed  float64        `json:"observed"`
		Ratio     any            `json:"ratio"`
		Brier     float64        `json:"brier"`
		ECE       float64        `json:"ece"`
		ByChance  float64        `json:"ece_by_chance"`
		CI        map[string]any `json:"ci"`
		Bins      []Bin          `json:"bins"`
	}{c.N, c.Positives, c.Predicted, c.Observed, orNull(c.Ratio), c.Brier, c.ECE, c.ByChance,
		map[string]any{"observed": c.ObservedCI, "ratio": orNulls(c.RatioCI)}, append([]Bin{}, c.Bins...)})
}

// MarshalJSON writes a bin.
func (b Bin) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		N         int      `json:"n"`
		Low       float64  `json:"low"`
		High      float64  `json:"high"`
		Predicted float64  `json:"predicted"`
		Observed  float64  `json:"observed"`
		CI        Interval `json:"ci"`
	}{b.N, b.Low, b.High, b.Predicted, b.Observed, b.CI})
}

// orNull is x, or nil when JSON has no number for it.
func orNull(x float64) any {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return x
}
