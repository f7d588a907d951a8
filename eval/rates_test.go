package eval_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/eval"
)

func TestRatesJSON(t *testing.T) {
	for _, c := range []struct {
		name  string
		rates eval.Rates
		want  string
	}{
		{"nothing", eval.Rates{Protocol: "world"}, `{"protocol":"world","results":[],"differences":[],"warnings":[]}`},
		{"a row", eval.Rates{Protocol: "world", Rows: []eval.Rate{{
			World: "d4", Delay: freshet.Minute, Name: "oracle", K: 10, N: 8, CI: eval.Interval{0.2, 0.3},
			Share: eval.Share{CTR: 0.25, BySeed: []float64{0.2, 0.3}, Gap: 1, GapCI: eval.Interval{1, 1}},
			Late:  eval.Share{CTR: 0.5, BySeed: []float64{0.5}, Gap: math.NaN(), GapCI: eval.Interval{math.NaN(), math.NaN()}},
		}},
			Differences: []eval.Difference{{World: "d4", Part: "all", Measure: "ctr", Name: "slate", Than: "recall", Value: 0.1, CI: eval.Interval{0, 0.2}}},
			Warnings:    []eval.Warning{{Code: eval.FewGroups, Text: "few"}}},
			`{"protocol":"world","results":[{"world":"d4","delay":"1m","name":"oracle","k":10,"ctr":0.25,"n":8,"ci":{"ctr":[0.2,0.3],"gap_closed":[1,1]},"by_seed":[0.2,0.3],"gap_closed":1,` +
				`"second_half":{"ctr":0.5,"by_seed":[0.5],"gap_closed":null,"ci":{"gap_closed":[null,null]}}}],` +
				`"differences":[{"world":"d4","delay":"0s","part":"all","measure":"ctr","name":"slate","than":"recall","value":0.1,"ci":[0,0.2]}],` +
				`"warnings":[{"code":"few_groups","message":"few"}]}`},
	} {
		if text, err := json.Marshal(c.rates); err != nil || string(text) != c.want {
			t.Errorf("%s: %s, %v; want %s", c.name, text, err, c.want)
		}
	}
}
