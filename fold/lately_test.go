package fold_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/stream"
)

func (j *journal) slate(t *testing.T, record fold.Served) {
	t.Helper()
	text, err := json.Marshal(&record)
	if err != nil {
		t.Fatal(err)
	}
	j.apply(stream.Entry{Served: text})
}

func TestLatelyTellsVisitorsApart(t *testing.T) {
	recent := []fold.ServedAct{{Event: "click", Item: "a"}}
	for _, c := range []struct {
		name   string
		record fold.Served
		want   fold.SlateCount
	}{
		{"known", fold.Served{Visitor: "u:ada"}, fold.SlateCount{Slates: 1}},
		{"stranger", fold.Served{Visitor: "u:eve"}, fold.SlateCount{Slates: 1, Strangers: 1}},
		{"the same id of another kind", fold.Served{Visitor: "a:ada"}, fold.SlateCount{Slates: 1, Strangers: 1}},
		{"only shown something before", fold.Served{Visitor: "u:shown"}, fold.SlateCount{Slates: 1, Strangers: 1}},
		{"stranger who says what they did", fold.Served{Visitor: "u:eve", Recent: recent}, fold.SlateCount{Slates: 1}},
		{"nobody", fold.Served{}, fold.SlateCount{Slates: 1, Nameless: 1}},
		{"nobody, looking at an item", fold.Served{Seeds: []freshet.ItemID{"a"}}, fold.SlateCount{Slates: 1}},
	} {
		j := build(t, fold.Route{Name: "near", Kind: "itemcf"})
		j.event("ada", "click", "a", t0)
		j.served(t, "u:shown", "r-0")
		before := j.Lately.Sum()
		j.slate(t, c.record)
		c.want.Slates += before.Slates
		c.want.Strangers += before.Strangers
		if got := j.Lately.Sum(); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestLatelyIsTheSumOfTheLast compares the running sum with one over a list of all slates.
func TestLatelyIsTheSumOfTheLast(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	j := build(t, fold.Route{Name: "near", Kind: "itemcf"}, fold.Route{Name: "hot", Kind: "popular", Window: freshet.Hour})
	j.event("ada", "click", "a", t0)
	var all []fold.SlateCount
	var lacks [][]string
	for step := range fold.MaxLately + 600 {
		record := fold.Served{Request: fmt.Sprintf("r-%d", step), Visitor: []freshet.Visitor{"", "u:ada", "u:eve"}[rng.IntN(3)], Fallback: rng.IntN(3)}
		one := fold.SlateCount{Slates: 1, Fallback: record.Fallback}
		switch record.Visitor {
		case "":
			one.Nameless = 1
		case "u:eve":
			one.Strangers = 1
		}
		for range rng.IntN(4) {
			item := fold.ServedItem{Item: "a"}
			if rng.IntN(2) == 0 {
				item.Routes = append(item.Routes, fold.ServedScore{Route: "hot"})
			}
			if rng.IntN(2) == 0 {
				item.Routes = append(item.Routes, fold.ServedScore{Route: "near"})
				one.Own++
			}
			record.Items = append(record.Items, item)
			one.Places++
		}
		if rng.IntN(step/200+1) == 0 { // rarer and rarer
			record.Degraded = []string{fmt.Sprintf("recall.%d:timeout", step/500), "slate:fallback_popular"}
			one.Degraded = 1
		}
		j.slate(t, record)
		all, lacks = append(all, one), append(lacks, record.Degraded)
		if step%97 != 0 && step < fold.MaxLately+590 {
			continue
		}
		var sum fold.SlateCount
		lack := map[string]int{}
		for i := max(0, len(all)-fold.MaxLately); i < len(all); i++ {
			n := all[i]
			sum = fold.SlateCount{Slates: sum.Slates + n.Slates, Nameless: sum.Nameless + n.Nameless, Strangers: sum.Strangers + n.Strangers,
				Degraded: sum.Degraded + n.Degraded, Places: sum.Places + n.Places, Own: sum.Own + n.Own, Fallback: sum.Fallback + n.Fallback}
			for _, what := range lacks[i] {
				lack[what]++
			}
		}
		if got := j.Lately.Sum(); got != sum {
			t.Fatalf("after %d slates %+v, want %+v", step+1, got, sum)
		}
		if got := j.Lately.Lacks(); !maps.Equal(got, lack) {
			t.Fatalf("after %d slates they lacked %v, want %v", step+1, got, lack)
		}
	}
	j.apply(stream.Entry{Served: []byte(`{"items":3}`)})
	if got := j.Lately.Sum().Slates; got != fold.MaxLately {
		t.Errorf("%d slates", got)
	}
}
