package eval_test

import (
	"encoding/json"
	"math"
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
