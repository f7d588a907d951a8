package fold_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/expression"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// TestRulesAgreeWithOracle evaluates every condition on every item, for every user: the route must
// propose just those for which it holds, newest first, whether it found them by an index or not.
func TestRulesAgreeWithOracle(t *testing.T) {
	conditions := []struct {
		where     string
		attribute string // it is to be found by
	}{
		{"item.author in user.follows", "author"},
		{"item.author == user.favourite", "author"},
		{"user.favourite == item.author && item.price < 50", "author"},
		{"item.price < 50 and item.author in ['ann', 'bea']", "author"},
		{"user.topic in item.tags", "tags"},
		{"'sea' in item.categories && item.price != nil", "categories"},
		{"item.category == context.shelf", "category"},
		{"item.id in user.wishlist", "id"},
		{"item.edition == user.edition", "edition"},
		{"context.city in item.cities", "cities"},
		{"item.author != user.favourite", ""},
		{"item.author in user.follows || item.price < 10", ""},
		{"item.price < user.budget ?? 5", ""},
		{"item.author == item.editor", ""},
		{"item.author in item.cities", ""},
	}
	rng := rand.New(rand.NewPCG(5, 6))
	pick := func(words ...any) any { return words[rng.IntN(len(words))] }
	authors := []any{"ann", "bea", "cid", "dan", json.Number("7"), true}
	var routes []fold.Route
	for i, c := range conditions {
		routes = append(routes, fold.Route{Name: fmt.Sprintf("rule-%d", i), Kind: "rule", Where: c.where, Order: "newest"})
	}
	j := build(t, routes...)
	apply := func(e stream.Entry) { j.State.Apply(&e) }
	for n := range 400 {
		doc := &freshet.Item{ID: freshet.ItemID(fmt.Sprintf("i-%d", rng.IntN(150))), Price: float64(rng.IntN(100)), HasPrice: rng.IntN(3) > 0, Attributes: map[string]any{}}
		for _, name := range []string{"author", "editor"} {
			if rng.IntN(4) > 0 {
				doc.Attributes[name] = pick(authors...)
			}
		}
		if rng.IntN(6) == 0 {
			doc.Attributes["author"] = []any{"ann", "bea"} // a list is in no list
		}
		doc.Attributes["edition"] = pick(json.Number("1"), json.Number("1.0"), json.Number("2"), "1", true)
		doc.Attributes["cities"] = pick([]any{"turku", "oulu"}, []any{"turku"}, "oulu", nil)
		doc.Categories = []string{fmt.Sprint(pick("sea", "hill")), fmt.Sprint(pick("town", "sea"))}
		doc.Tags = []string{fmt.Sprint(pick("red", "blue"))}[:rng.IntN(2)]
		apply(stream.Entry{Position: freshet.Position(n + 1), Received: t0 + int64(n), Item: doc})
	}
	users := []*freshet.User{nil, {ID: "u0", Attributes: map[string]any{
		"follows": []any{"ann", json.Number("7.0"), "dan"}, "favourite": "bea", "topic": "red", "wishlist": []any{"i-3", "i-5", "no"}, "edition": json.Number("1e0"), "budget": json.Number("20")}},
		{ID: "u1", Attributes: map[string]any{"follows": "cid", "favourite": []any{"bea"}, "topic": []any{"red"}, "edition": true}}, {ID: "u2"}}
	for _, user := range users[1:] {
		apply(stream.Entry{Position: 1000, Received: t0, User: user})
	}
	proposed := 0
	for i, c := range conditions {
		filter, err := expression.CompileFilter(c.where)
		if err != nil {
			t.Fatal(err)
		}
		if attribute, ok := filter.Attribute(); attribute != c.attribute || ok != (c.attribute != "") {
			t.Errorf("%s is found by %q, want %q", c.where, attribute, c.attribute)
		}
		for _, user := range users {
			for _, shelf := range []any{"sea", "hill", nil} {
				req := &recall.Request{Time: t0 + 1000, Skip: func(item uint32) bool { return item%7 == 0 }, Context: map[string]any{"shelf": shelf, "city": pick("turku", "oulu")}}
				if user != nil {
					req.Visitor = j.State.Visitor(freshet.VisitorOf(user.ID, "", ""))
				}
				var want []uint32
				for item := uint32(1); int(item) < j.State.Items.Len(); item++ {
					row := expression.Row{Item: j.State.Items.Entry(item), User: user, Context: req.Context, Time: req.Time, Born: j.State.Items.Born(item)}
					if !req.Skip(item) && filter.True(&row) {
						want = append(want, item)
					}
				}
				slices.SortStableFunc(want, func(a, b uint32) int { return int(j.State.Items.Born(b) - j.State.Items.Born(a)) })
				found, err := j.State.Routes[i].Recall(t.Context(), req, 1000)
				if err != nil {
					t.Fatal(err)
				}
				var got []uint32
				for _, p := range found {
					got = append(got, p.Item)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s for %+v in %v: %v, want %v", c.where, user, req.Context, got, want)
				}
				proposed += len(got)
			}
		}
	}
	if proposed < 1000 {
		t.Errorf("only %d proposals were compared", proposed)
	}
}
