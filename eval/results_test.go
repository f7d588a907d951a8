package eval_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/eval"
)

func TestResultsJSON(t *testing.T) {
	auc := 0.75
	r := eval.Results{Protocol: "stream", Warnings: []eval.Warning{{Code: eval.FewAsks, Text: "few"}}, Rows: []eval.Row{
		{Name: "slate", K: 20, Delay: 10 * freshet.Minute, Hit: 0.5, NDCG: 0.25, MRR: 0.125, Coverage: 1, AUC: &auc, N: 8, CI: eval.Interval{0.2, 0.3}, HitCI: eval.Interval{0.4, 0.6}, Novelty: 9},
		{Name: "route:hot", K: 20},
	}}
	want := `{"protocol":"stream","results":[` +
		`{"name":"slate","k":20,"delay":"10m","hit@20":0.5,"ndcg@20":0.25,"mrr":0.125,"coverage":1,"novelty":9,"auc":0.75,"n":8,"ci":{"hit@20":[0.4,0.6],"ndcg@20":[0.2,0.3]}},` +
		`{"name":"route:hot","k":20,"delay":"0s","hit@20":0,"ndcg@20":0,"mrr":0,"coverage":0,"novelty":0,"n":0,"ci":{"hit@20":[0,0],"ndcg@20":[0,0]}}],"warnings":[{"code":"few_asks","message":"few"}]}`
	if got, err := json.Marshal(r); err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	if got, err := json.Marshal(&eval.Results{Protocol: "holdout"}); err != nil || string(got) != `{"protocol":"holdout","results":[],"warnings":[]}` {
		t.Errorf("of nothing: %s, %v", got, err)
	}
	if got, err := json.Marshal(eval.Row{Name: "slate", K: 1, MRR: math.NaN()}); err == nil {
		t.Errorf("a figure that is no number became %s", got)
	}
}

// TestGains: asks of two configurations are paired, so that what they share does not blur what one
// has over the other.
func TestGains(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	now, try, other := eval.NewTally(10), eval.NewTally(10), eval.NewTally(10)
	for group := range 400 {
		for range 3 {
			rank := rng.IntN(12) * (group % 2) // half of the visitors want what nobody finds
			now.Add(group, rank)
			if rank == 11 && rng.IntN(2) == 0 {
				rank = 1
			}
			try.Add(group, rank)
			other.Add(group/2, rank)
		}
	}
	row := func(config string, tally *eval.Tally) []eval.Row {
		sums, asks := tally.Groups()
		return []eval.Row{{Config: config, Name: "slate", K: 10, NDCG: tally.NDCG(), Hit: tally.HitRate(), Tally: tally,
			CI: eval.Bootstrap(sums, asks, 500, 0.95, rng)}, {Config: config, Name: "route:" + config, K: 10, Tally: tally}}
	}
	first, second := row("now", now), row("try", try)
	gains, ok := eval.Gains(first, second, 500, 0.95, rng)
	if !ok || len(gains) != 2 {
		t.Fatalf("%+v, %v", gains, ok)
	}
	for i, want := range []float64{try.HitRate() - now.HitRate(), try.NDCG() - now.NDCG()} {
		g := gains[i]
		if math.Abs(g.Value-want) > 1e-12 || g.CI[0] <= 0 || g.CI[0] > want || g.CI[1] < want || g.Config != "try" || g.Than != "now" || g.Name != "slate" {
			t.Errorf("%+v, want %v", g, want)
		}
	}
	if width := gains[1].CI[1] - gains[1].CI[0]; width > 0.6*(second[0].CI[1]-second[0].CI[0]) {
		t.Errorf("the gain is known to %v, the row to %v", gains[1].CI, second[0].CI)
	}
	if _, ok := eval.Gains(first, row("other", other), 50, 0.95, rng); ok {
		t.Error("asks of other visitors were paired")
	}
	text, err := json.Marshal(gains[0])
	if err != nil || !strings.HasPrefix(string(text), `{"config":"try","than":"now","name":"slate","delay":"0s","measure":"hit@10","value":`) {
		t.Errorf("%s, %v", text, err)
	}
}
