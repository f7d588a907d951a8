package eval_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet/eval"
)

// rankOne measures one user's scores.
func rankOne(t testing.TB, k int, scores []float32, seen, wanted []uint32) eval.Lists {
	t.Helper()
	c := eval.Catalogue{K: k, Users: 1, Items: len(scores), Workers: 1, Batch: 1,
		Seen: func(int) []uint32 { return seen }, Wanted: func(int) []uint32 { return wanted }}
	l, err := c.Rank(context.Background(), func(to []float32, _ []int) { copy(to, scores) })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestCatalogueByHand(t *testing.T) {
	nan := float32(math.NaN())
	second, third := 1/math.Log2(3), 1/math.Log2(4)
	for _, c := range []struct {
		what         string
		k            int
		scores       []float32
		seen, wanted []uint32
		recall, ndcg float64
	}{
		{"first of all", 2, []float32{1, 3, 2}, nil, []uint32{1}, 1, 1},
		{"second", 2, []float32{1, 3, 2}, nil, []uint32{2}, 1, second},
		{"beyond the cut", 2, []float32{1, 3, 2}, nil, []uint32{0}, 0, 0},
		{"what is seen is no candidate", 1, []float32{1, 3, 2}, []uint32{1}, []uint32{2}, 1, 1},
		{"equal scores by number", 1, []float32{5, 5, 5}, nil, []uint32{0}, 1, 1},
		{"equal scores by number, the last", 2, []float32{5, 5, 5}, nil, []uint32{2}, 0, 0},
		{"a better one comes late", 2, []float32{5, 5, 6}, nil, []uint32{1}, 0, 0},
		{"not a number is last", 3, []float32{nan, -9, nan}, nil, []uint32{2}, 1, third},
		{"recall counts all that is wanted", 1, []float32{3, 2, 1}, nil, []uint32{0, 2}, 0.5, 1}, // the ideal list has one place too
		{"the ideal is as short as what is wanted", 3, []float32{3, 2, 1}, nil, []uint32{1, 0}, 1, 1},
		{"two of three", 3, []float32{3, 2, 1}, nil, []uint32{0, 2}, 1, (1 + third) / (1 + second)},
		{"no such item", 3, []float32{3, 2, 1}, []uint32{9}, []uint32{0, 7}, 0.5, 1 / (1 + second)},
		{"everything seen", 3, []float32{3, 2}, []uint32{0, 1}, []uint32{1}, 0, 0},
		{"a list longer than the catalogue", 20, []float32{3, 2}, nil, []uint32{1}, 1, second},
	} {
		l := rankOne(t, c.k, c.scores, c.seen, c.wanted)
		if l.N != 1 || l.Recall != c.recall || math.Abs(l.NDCG-c.ndcg) > 1e-15 {
			t.Errorf("%s: %+v, want recall %v and NDCG %v", c.what, l, c.recall, c.ndcg)
		}
	}
}

func TestCatalogueLeavesOutWhoWantsNothing(t *testing.T) {
	wanted := [][]uint32{{0}, nil, {1}, {}}
	c := eval.Catalogue{K: 1, Users: 4, Items: 2, Workers: 2, Batch: 3, Wanted: func(u int) []uint32 { return wanted[u] }}
	l, err := c.Rank(context.Background(), func(scores []float32, users []int) {
		for k, u := range users {
			if len(wanted[u]) == 0 {
				t.Errorf("user %d, who wants nothing, was scored", u)
			}
			scores[2*k], scores[2*k+1] = 1, 0
		}
	})
	if err != nil || l.N != 2 || l.Recall != 0.5 {
		t.Errorf("%+v, %v; want recall 0.5 over 2 users", l, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := c.Rank(ctx, func([]float32, []int) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// TestCatalogueOracle holds lists against a full stable sort, for any workers and batches.
func TestCatalogueOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.IntRange(1, 30).Draw(t, "items")
		users := rapid.IntRange(1, 8).Draw(t, "users")
		k := rapid.IntRange(1, 6).Draw(t, "k")
		set := func(name string) []uint32 {
			return rapid.SliceOfNDistinct(rapid.Uint32Range(0, uint32(items-1)), 0, items, rapid.ID[uint32]).Draw(t, name)
		}
		scores := make([][]float32, users)
		seen, wanted, orders := make([][]uint32, users), make([][]uint32, users), make([][]int, users)
		var recall, ndcg, n float64
		for u := range users {
			for range items {
				scores[u] = append(scores[u], float32(rapid.IntRange(-2, 2).Draw(t, "score")))
			}
			seen[u], wanted[u] = set("seen"), set("wanted")
			if len(wanted[u]) == 0 {
				continue
			}
			var order []int
			for i := range items {
				if !slices.Contains(seen[u], uint32(i)) {
					order = append(order, i)
				}
			}
			slices.SortStableFunc(order, func(a, b int) int { return int(scores[u][b] - scores[u][a]) })
			orders[u] = order
			hits, gain, ideal := 0.0, 0.0, 0.0
			for rank, i := range order[:min(k, len(order))] {
				if slices.Contains(wanted[u], uint32(i)) {
					hits++
					gain += 1 / math.Log2(float64(rank+2))
				}
			}
			for rank := range min(k, len(wanted[u])) {
				ideal += 1 / math.Log2(float64(rank+2))
			}
			recall, ndcg, n = recall+hits/float64(len(wanted[u])), ndcg+gain/ideal, n+1
		}
		c := eval.Catalogue{K: k, Users: users, Items: items, Workers: rapid.IntRange(1, 3).Draw(t, "workers"), Batch: rapid.IntRange(1, 4).Draw(t, "batch"),
			Seen: func(u int) []uint32 { return seen[u] }, Wanted: func(u int) []uint32 { return wanted[u] }}
		told := make([][]uint32, users)
		if c.Deep = rapid.IntRange(0, items+1).Draw(t, "deep"); c.Deep > 0 {
			c.Told = func(u int, list []uint32) { told[u] = slices.Clone(list) }
		}
		l, err := c.Rank(context.Background(), func(to []float32, who []int) {
			for r, u := range who {
				copy(to[r*items:(r+1)*items], scores[u])
			}
		})
		if err != nil || l.N != int(n) || math.Abs(l.Recall*n-recall) > 1e-9 || math.Abs(l.NDCG*n-ndcg) > 1e-9 {
			t.Fatalf("%+v, %v; want %v and %v over %v", l, err, recall/n, ndcg/n, n)
		}
		for u := range told {
			want := orders[u][:min(c.Deep, len(orders[u]))]
			if !slices.EqualFunc(told[u], want, func(a uint32, b int) bool { return int(a) == b }) {
				t.Fatalf("of user %d told is %v, want %v", u, told[u], want)
			}
		}
	})
}

func TestListResultsJSON(t *testing.T) {
	r := eval.ListResults{Protocol: "cf", K: 20, Choice: "blend",
		Rows:   []eval.ListRow{{Name: "blend", Settings: `1·"a"`, Lists: eval.Lists{Recall: 0.5, NDCG: 0.25, N: 8}, Seconds: 1.5}},
		Tuning: []eval.ListRow{{Name: "itemcf", Settings: "users=1", Lists: eval.Lists{Recall: 0.25}}}}
	want := `{"protocol":"cf","results":[{"name":"blend","k":20,"recall@20":0.5,"ndcg@20":0.25,"seconds":1.5,"n":8,"settings":"1·\"a\""}],` +
		`"choice":"blend","tuning":[{"name":"itemcf","k":20,"recall@20":0.25,"ndcg@20":0,"settings":"users=1"}],"warnings":[]}`
	if got, err := json.Marshal(r); err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	if got, err := json.Marshal(eval.ListResults{Protocol: "cf"}); err != nil || string(got) != `{"protocol":"cf","results":[],"tuning":[],"warnings":[]}` {
		t.Errorf("of nothing: %s, %v", got, err)
	}
	if got, err := json.Marshal(eval.ListResults{Rows: []eval.ListRow{{Seconds: math.NaN()}}}); err == nil {
		t.Errorf("a figure that is no number became %s", got)
	}
}
