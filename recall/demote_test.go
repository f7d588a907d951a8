package recall

import (
	"context"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

// told is a route that knows nearness by heart.
type told struct {
	Route
	near map[[2]uint32]float64
}

func (r *told) Alike(items []uint32, candidates []Candidate, _ map[uint32]int, tell func(item, candidate int, near float64)) {
	for k, item := range items {
		for i := range candidates {
			if v := r.near[[2]uint32{item, candidates[i].Item}]; v > 0 {
				tell(k, i, v)
			}
		}
	}
}

func TestDemoteAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		routes := []Alike{&told{near: map[[2]uint32]float64{}}, &told{near: map[[2]uint32]float64{}}}
		var candidates []Candidate
		for item := range rapid.Uint32Range(0, 6).Draw(t, "candidates") {
			candidates = append(candidates, Candidate{Item: 100 + item, Score: 1})
		}
		req := &Request{Time: noon}
		for d := range rapid.Uint32Range(0, 14).Draw(t, "dislikes") {
			req.Disliked = append(req.Disliked, Past{Item: d + 1, Time: noon - int64(d)*rapid.Int64Range(-1, int64(3*freshet.Day)).Draw(t, "age"), Name: "dislike"})
			for _, r := range routes {
				for i := range candidates {
					if rapid.Bool().Draw(t, "near") {
						r.(*told).near[[2]uint32{d + 1, candidates[i].Item}] = rapid.Float64Range(0, 1).Draw(t, "nearness")
					}
				}
			}
		}
		any, err := Demote(context.Background(), routes, req, candidates)
		if err != nil {
			t.Fatal(err)
		}
		some := false
		for i := range candidates {
			keep := 1.0
			for k, d := range req.Disliked {
				if k < demoteActs {
					pair := [2]uint32{d.Item, candidates[i].Item}
					near := math.Max(routes[0].(*told).near[pair], routes[1].(*told).near[pair])
					keep *= 1 - 0.9*near*math.Pow(2, -math.Max(0, float64(noon-d.Time))/float64(7*freshet.Day))
				}
			}
			if want := math.Min(0.99, 1-keep); !equalTo(candidates[i].Demoted, want) {
				t.Fatalf("candidate %d loses %v, want %v", i, candidates[i].Demoted, want)
			}
			some = some || candidates[i].Demoted > 0
			if (candidates[i].Dislike.Item != 0) != (candidates[i].Demoted > 0) || candidates[i].Score != 1 {
				t.Fatalf("candidate %+v", candidates[i])
			}
		}
		if any != some {
			t.Fatalf("it reports %t", any)
		}
	})
}

// The nearness that routes tell is in (0, 1], and of no item to itself.
func TestRoutesTellNearness(t *testing.T) {
	texts, h := NewTexts(), &Histories{}
	covisit, similar := NewItemCF("covisit", ItemCFOptions{}, h), NewSimilar("like", texts)
	for item := range uint32(6) {
		texts.Entry(item+1, &freshet.Item{Title: fmt.Sprintf("book %d", item/2), Tags: []string{vocabulary[item%2]}})
	}
	for visitor := range uint32(20) {
		for i := range uint32(3) {
			a := act(visitor+1, 1+(visitor+i)%3, int64(visitor*10+i))
			covisit.Apply(a)
			h.Apply(a)
		}
	}
	candidates := make([]Candidate, 8)
	at := map[uint32]int{}
	for i := range candidates {
		candidates[i].Item = uint32(i + 1)
		at[uint32(i+1)] = i
	}
	for _, r := range []Alike{covisit, similar} {
		most := map[int]float64{}
		r.Alike([]uint32{1, 2, 99}, candidates, at, func(item, candidate int, near float64) {
			if near <= 0 || near > 1+1e-12 || item == candidate || item == 2 {
				t.Errorf("%s: item %d is as near to item %d as %v", r.Name(), candidate+1, item+1, near)
			}
			most[item] = max(most[item], near)
		})
		if r == Alike(covisit) && (!equalTo(most[0], 1) || !equalTo(most[1], 1)) {
			t.Errorf("the strongest neighbours are as near as %v", most)
		}
		if len(most) != 2 {
			t.Errorf("%s tells of %v", r.Name(), most)
		}
	}
}
