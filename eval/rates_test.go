package eval_test

import (
	"encoding/json"
	"testing"

	"github.com/freshet-rec/freshet/eval"
)

func TestRatesJSON(t *testing.T) {
	for _, c := range []struct {
		name  string
		rates eval.Rates
		want  string
	}{
		{"nothing", eval.Rates{Protocol: "world"}, `{"protocol":"world","results":[],"warnings":[]}`},
		{"a row", eval.Rates{Protocol: "world", Rows: []eval.Rate{{Name: "oracle", K: 10, CTR: 0.25, N: 8, CI: eval.Interval{0.2, 0.3}, BySeed: []float64{0.2, 0.3}}}, Warnings: []eval.Warning{{Code: eval.FewAsks, Text: "few"}}},
			`{"protocol":"world","results":[{"name":"oracle","k":10,"ctr":0.25,"n":8,"ci":{"ctr":[0.2,0.3]},"by_seed":[0.2,0.3]}],"warnings":[{"code":"few_asks","message":"few"}]}`},
	} {
		if text, err := json.Marshal(c.rates); err != nil || string(text) != c.want {
			t.Errorf("%s: %s, %v; want %s", c.name, text, err, c.want)
		}
	}
}
