package recall

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestMerge(t *testing.T) {
	of := func(items ...uint32) []Proposal {
		var list []Proposal
		for i, item := range items {
			list = append(list, Proposal{Item: item, Score: float64(10 - i), Because: Because{Code: Popular, Window: int64(item)}})
		}
		return list
	}
	type want struct {
		item  uint32
		score float64
		ranks map[string]int
	}
	tests := []struct {
		name    string
		answers []Answer
		want    []want
	}{
		{"no routes", nil, nil},
		{"routes without proposals", []Answer{{"a", 1, nil}, {"b", 1, nil}}, nil},
		{"one route keeps its order", []Answer{{"a", 1, of(7, 3, 5)}}, []want{
			{7, 1.0 / 61, map[string]int{"a": 1}}, {3, 1.0 / 62, map[string]int{"a": 2}}, {5, 1.0 / 63, map[string]int{"a": 3}},
		}},
		{"what two propose comes first", []Answer{{"a", 1, of(1, 2)}, {"b", 1, of(3, 2)}}, []want{
			{2, 1.0/62 + 1.0/62, map[string]int{"a": 2, "b": 2}}, {1, 1.0 / 61, map[string]int{"a": 1}}, {3, 1.0 / 61, map[string]int{"b": 1}},
		}},
		{"ties go by the first proposal", []Answer{{"a", 1, of(9)}, {"b", 1, of(1)}}, []want{
			{9, 1.0 / 61, map[string]int{"a": 1}}, {1, 1.0 / 61, map[string]int{"b": 1}},
		}},
		{"weights count", []Answer{{"a", 0.1, of(1, 2)}, {"b", 1, of(3, 2)}}, []want{
			{2, 0.1/62 + 1.0/62, map[string]int{"a": 2, "b": 2}}, {3, 1.0 / 61, map[string]int{"b": 1}}, {1, 0.1 / 61, map[string]int{"a": 1}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Merge(tt.answers)
			if len(got) != len(tt.want) {
				t.Fatalf("%d candidates, want %d: %+v", len(got), len(tt.want), got)
			}
			for i, c := range got {
				ranks := map[string]int{}
				for _, o := range c.Routes {
					ranks[o.Route] = o.Rank
					if o.Proposal.Item != c.Item || o.Proposal.Because.Window != int64(c.Item) {
						t.Errorf("candidate %d, item %d, carries the proposal %+v", i+1, c.Item, o.Proposal)
					}
				}
				if w := tt.want[i]; c.Item != w.item || c.Score != w.score || !reflect.DeepEqual(ranks, w.ranks) {
					t.Errorf("candidate %d: item %d, score %v, ranks %v; want %+v", i+1, c.Item, c.Score, ranks, w)
				}
			}
		})
	}
}

func drawAnswers(t *rapid.T) []Answer {
	var answers []Answer
	for i := range rapid.IntRange(0, 5).Draw(t, "routes") {
		a := Answer{Route: string(rune('a' + i)), Weight: rapid.SampledFrom([]float64{1, 1, 0.1, 0.05}).Draw(t, "weight")}
		for _, item := range rapid.SliceOfNDistinct(rapid.Uint32Range(1, 60), 0, 40, rapid.ID).Draw(t, "items") {
			a.Proposals = append(a.Proposals, Proposal{Item: item})
		}
		answers = append(answers, a)
	}
	return answers
}

func TestMergeAgreesWithOracle(t *testing.T) {
	var merger Merger // used again and again
	rapid.Check(t, func(t *rapid.T) {
		answers := drawAnswers(t)
		score, first := map[uint32]float64{}, map[uint32]int{}
		opinions := map[uint32][]Opinion{}
		for _, a := range answers {
			for i, p := range a.Proposals {
				if _, ok := first[p.Item]; !ok {
					first[p.Item] = len(first)
				}
				score[p.Item] += a.Weight / float64(60+i+1)
				opinions[p.Item] = append(opinions[p.Item], Opinion{a.Route, i + 1, p})
			}
		}
		got := merger.Merge(answers)
		if once := Merge(answers); !slices.EqualFunc(got, once, func(a, b Candidate) bool {
			return a.Item == b.Item && a.Score == b.Score && slices.Equal(a.Routes, b.Routes)
		}) {
			t.Fatalf("in room that was used %v, in new room %v", got, once)
		}
		if len(got) != len(score) {
			t.Fatalf("%d candidates, want %d", len(got), len(score))
		}
		for i, c := range got {
			if c.Score != score[c.Item] || !slices.Equal(c.Routes, opinions[c.Item]) {
				t.Fatalf("candidate %+v, want score %v and opinions %v", c, score[c.Item], opinions[c.Item])
			}
			if i == 0 {
				continue
			}
			if b := got[i-1]; b.Score < c.Score || b.Score == c.Score && first[b.Item] > first[c.Item] {
				t.Fatalf("item %d (%v, proposed as number %d) stands before item %d (%v, number %d)", b.Item, b.Score, first[b.Item], c.Item, c.Score, first[c.Item])
			}
		}
	})
}

// The weights' promise: whoever knows the visitor goes first, by the 200th proposal still.
func TestWeightPutsThePersonalFirst(t *testing.T) {
	crowd := Weight("popular") + Weight("new")
	if last := Weight("itemcf") / (fusionOffset + 200); last <= crowd/(fusionOffset+1) {
		t.Errorf("the 200th of itemcf scores %v, the best of popular and new together %v", last, crowd/(fusionOffset+1))
	}
	if Weight("popular") <= Weight("new") {
		t.Errorf("popular counts %v, new %v", Weight("popular"), Weight("new"))
	}
}
