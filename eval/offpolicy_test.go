package eval_test

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/eval"
)

func has(list []eval.Warning, code string) bool {
	return slices.ContainsFunc(list, func(w eval.Warning) bool { return w.Code == code })
}

// TestOffPolicyByDefinition holds the running sums against the formulas over all rows.
func TestOffPolicyByDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	for range 200 {
		n, clip := 2+rng.IntN(40), 0.5+3*rng.Float64()
		o := &eval.OffPolicy{Clip: clip}
		w, r := make([]float64, n), make([]float64, n)
		for i := range w {
			propensity, probability := 0.05+0.95*rng.Float64(), rng.Float64()
			w[i], r[i] = probability/propensity, rng.NormFloat64()
			if err := o.Add(r[i], propensity, probability); err != nil {
				t.Fatal(err)
			}
		}
		got, ok := o.Estimates(0.95)
		mean := func(of func(i int) float64) (m, se float64) {
			for i := range n {
				m += of(i) / float64(n)
			}
			for i := range n {
				se += (of(i) - m) * (of(i) - m)
			}
			return m, math.Sqrt(se / float64(n-1) / float64(n))
		}
		ips, ipsError := mean(func(i int) float64 { return w[i] * r[i] })
		cut, cutError := mean(func(i int) float64 { return min(w[i], clip) * r[i] })
		logged, loggedError := mean(func(i int) float64 { return r[i] })
		sumW, sumWW, sumWR, off := 0.0, 0.0, 0.0, 0.0
		for i := range n {
			sumW += w[i]
			sumWW += w[i] * w[i]
			sumWR += w[i] * r[i]
		}
		for i := range n {
			off += math.Pow(w[i]*(r[i]-sumWR/sumW), 2)
		}
		for name, c := range map[string]struct {
			got       eval.Estimate
			value, se float64
		}{
			"ips": {got.IPS, ips, ipsError}, "clipped": {got.Clipped, cut, cutError}, "logged": {got.Logged, logged, loggedError},
			"snips": {got.SNIPS, sumWR / sumW, math.Sqrt(off) / sumW},
		} {
			if !ok || math.Abs(c.got.Value-c.value) > 1e-9 || math.Abs(c.got.Error-c.se) > 1e-9 || math.Abs(c.got.CI[1]-c.got.Value-1.959964*c.se) > 1e-5 {
				t.Fatalf("%s %+v, want %v ± %v", name, c.got, c.value, c.se)
			}
		}
		if math.Abs(got.ESS-sumW*sumW/sumWW) > 1e-9 || got.MaxWeight != slices.Max(w) || got.N != n {
			t.Fatalf("%+v", got)
		}
	}
}

// TestOffPolicyOfGreatRewards: amounts near 1e9 that hardly differ have standard errors, those of arithmetic
// with 400 bits.
func TestOffPolicyOfGreatRewards(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	number := func(x float64) *big.Float { return new(big.Float).SetPrec(400).SetFloat64(x) }
	times := func(a, b *big.Float) *big.Float { return number(0).Mul(a, b) }
	// meanOf is Σ w·x / Σ w, and the sum of (w·(x − that))².
	meanOf := func(x, w []float64) (mean, off *big.Float) {
		sum, all, off := number(0), number(0), number(0)
		for i := range x {
			sum.Add(sum, times(number(w[i]), number(x[i])))
			all.Add(all, number(w[i]))
		}
		mean = number(0).Quo(sum, all)
		for i := range x {
			d := times(number(w[i]), number(0).Sub(number(x[i]), mean))
			off.Add(off, times(d, d))
		}
		return mean, off
	}
	for range 20 {
		const n = 5000
		var o eval.OffPolicy
		rewards, weights, ones := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			probability := []float64{0.25, 0.5}[rng.IntN(2)]
			rewards[i], weights[i], ones[i] = 1e9+float64(rng.IntN(2)), probability/0.5, 1
			if err := o.Add(rewards[i], 0.5, probability); err != nil {
				t.Fatal(err)
			}
		}
		got, _ := o.Estimates(0.95)
		_, off := meanOf(rewards, ones)
		logged, _ := number(0).Quo(off, number(n*(n-1))).Float64()
		ratio, off := meanOf(rewards, weights)
		all, _ := times(number(got.MeanWeight), number(n)).Float64()
		snips, _ := off.Float64()
		value, _ := ratio.Float64()
		for name, c := range map[string]struct {
			got       eval.Estimate
			value, se float64
		}{"logged": {got.Logged, got.Logged.Value, math.Sqrt(logged)}, "snips": {got.SNIPS, value, math.Sqrt(snips) / all}} {
			if math.Abs(c.got.Error/c.se-1) > 1e-6 || math.Abs(c.got.Value-c.value) > 1e-5 {
				t.Fatalf("%s %+v, want %v ± %v", name, c.got, c.value, c.se)
			}
		}
	}
}

// TestOffPolicyOfAmounts: what is scarce of amounts are rows that have one, whatever their sign, and not those
// that have none.
func TestOffPolicyOfAmounts(t *testing.T) {
	for name, c := range map[string]struct {
		reward func(i int) float64
		warned bool
	}{
		"all sales":          {func(i int) float64 { return 5 + float64(i) }, false},
		"losses":             {func(i int) float64 { return -2 }, false},
		"few sales":          {func(i int) float64 { return 7 * float64(i%20/19) }, true},
		"few of a click":     {func(i int) float64 { return float64(i % 20 / 19) }, true},
		"few without clicks": {func(i int) float64 { return 1 - float64(i%20/19) }, true},
	} {
		var o eval.OffPolicy
		for i := range 1000 {
			if err := o.Add(c.reward(i), 0.5, 0.5); err != nil {
				t.Fatal(err)
			}
		}
		if r, _ := o.Estimates(0.95); has(r.Warnings, eval.FewPositives) != c.warned {
			t.Errorf("%s: %v", name, r.Warnings)
		}
	}
}

// TestOffPolicyFindsTheTruth: three arms, one policy logged, another estimated; about 95 % of the
// intervals hold what the other would have earned, and both estimates are right on average.
func TestOffPolicyFindsTheTruth(t *testing.T) {
	logged, other, pays := []float64{0.5, 0.3, 0.2}, []float64{0.1, 0.2, 0.7}, []float64{0.1, 0.3, 0.5}
	truth := 0.0
	for a := range pays {
		truth += other[a] * pays[a]
	}
	rng := rand.New(rand.NewPCG(2, 9))
	const worlds = 300
	heldIPS, heldSNIPS, ips, snips := 0, 0, 0.0, 0.0
	for range worlds {
		var o eval.OffPolicy
		for range 1000 {
			a, luck := 0, rng.Float64()
			for luck >= logged[a] {
				luck -= logged[a]
				a++
			}
			reward := 0.0
			if rng.Float64() < pays[a] {
				reward = 1
			}
			if err := o.Add(reward, logged[a], other[a]); err != nil {
				t.Fatal(err)
			}
		}
		r, _ := o.Estimates(0.95)
		if len(r.Warnings) > 0 {
			t.Fatalf("warnings %v", r.Warnings)
		}
		ips, snips = ips+r.IPS.Value/worlds, snips+r.SNIPS.Value/worlds
		if r.IPS.CI[0] <= truth && truth <= r.IPS.CI[1] {
			heldIPS++
		}
		if r.SNIPS.CI[0] <= truth && truth <= r.SNIPS.CI[1] {
			heldSNIPS++
		}
	}
	if math.Abs(ips-truth) > 0.01 || math.Abs(snips-truth) > 0.01 || heldIPS < worlds*90/100 || heldSNIPS < worlds*90/100 {
		t.Errorf("truth %.3f; ips %.4f holds in %d, snips %.4f in %d of %d", truth, ips, heldIPS, snips, heldSNIPS, worlds)
	}
}

func TestOffPolicyOfTheSamePolicy(t *testing.T) {
	var o eval.OffPolicy
	for i := range 1000 {
		if err := o.Add(float64(i%7), 1.0/34, 1.0/34); err != nil {
			t.Fatal(err)
		}
	}
	r, ok := o.Estimates(0.95)
	if !ok || r.IPS != r.Logged || r.SNIPS.Value != r.Logged.Value || r.ESS != 1000 || r.MaxWeight != 1 || r.MeanWeight != 1 {
		t.Errorf("%+v", r)
	}
}

func TestOffPolicyDoubts(t *testing.T) {
	for name, c := range map[string]struct {
		rows  int
		row   func(i int) (reward, propensity, probability float64)
		share float64
		want  string
	}{
		"few clicks":     {1000, func(i int) (float64, float64, float64) { return 0, 0.5, 0.5 }, 0, eval.FewPositives},
		"one row weighs": {1000, func(i int) (float64, float64, float64) { return 1, 0.001 + float64(min(i, 1))*0.9, 0.9 }, 0, eval.FewEffective},
		"no overlap":     {1000, func(i int) (float64, float64, float64) { return 1, 0.5, 0.4 }, 0.2, eval.NoSupport},
		"wrong numbers":  {1000, func(i int) (float64, float64, float64) { return 1, 0.5, 0.8 }, 0, eval.Propensities},
		"no weight":      {1000, func(i int) (float64, float64, float64) { return 1, 0.5, 0 }, 1, eval.FewEffective},
	} {
		var o eval.OffPolicy
		for i := range c.rows {
			if err := o.Add(c.row(i)); err != nil {
				t.Fatal(err)
			}
		}
		o.Unseen(c.share)
		r, _ := o.Estimates(0.95)
		if !has(r.Warnings, c.want) {
			t.Errorf("%s: %v", name, r.Warnings)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var o eval.OffPolicy
	for _, bad := range [][3]float64{{math.NaN(), 0.5, 0.5}, {math.Inf(1), 0.5, 0.5}, {1, 0, 0.5}, {1, 1.5, 0.5}, {1, math.NaN(), 0.5}, {1, 0.5, -0.1}, {1, 0.5, 1.1}, {1, 0.5, math.NaN()}} {
		if o.Add(bad[0], bad[1], bad[2]) == nil {
			t.Errorf("%v was taken in", bad)
		}
	}
	if _, ok := o.Estimates(0.95); ok {
		t.Error("no rows have an estimate")
	}
}

func TestPolicyResultsJSON(t *testing.T) {
	o := &eval.OffPolicy{Clip: 2}
	if err := o.Add(1, 0.5, 0.25); err != nil {
		t.Fatal(err)
	}
	r, _ := o.Estimates(0.95)
	text, err := json.Marshal(r)
	if err != nil || !strings.HasPrefix(string(text), `{"protocol":"ips","n":1,"positives":1,"logged":{"value":1,"se":0,"ci":[1,1]},"ips":{"value":0.5,`) || !strings.Contains(string(text), `"clip":2,"ess":1,"max_weight":0.5`) {
		t.Errorf("%s, %v", text, err)
	}
}

// TestOffPolicyRefusesWhatHasNoMean: a row that would make sums infinite is refused, and changes nothing.
func TestOffPolicyRefusesWhatHasNoMean(t *testing.T) {
	var o eval.OffPolicy
	if err := o.Add(1, 0.5, 0.5); err != nil {
		t.Fatal(err)
	}
	want, _ := o.Estimates(0.95)
	for _, row := range [][3]float64{{1, 5e-324, 1}, {1e308, 1, 1}, {-1e308, 1, 1}, {1e99, 1e-9, 1}, {0, 1e-200, 1}} {
		if err := o.Add(row[0], row[1], row[2]); err == nil {
			t.Errorf("%v was taken in", row)
		}
	}
	if got, _ := o.Estimates(0.95); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
