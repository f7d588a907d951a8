package recall

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// inOrder is the order of before, written the long way.
func inOrder(a, b scored) int {
	if d := compare(b.score, a.score); d != 0 {
		return d
	}
	return compare(a.item, b.item)
}

func TestBestAgreesWithSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(-1, 12).Draw(t, "n")
		scores := rapid.SliceOfN(rapid.IntRange(0, 20), 0, 80).Draw(t, "scores") // few values, many ties
		top := best{n: n}
		var all []scored
		for i, score := range scores {
			s := scored{item: uint32((i*37)%101 + 1), score: float64(score)} // each item once, in no order
			wanted := top.wants(s)
			all = append(all, s)
			slices.SortFunc(all, inOrder)
			if in := n > 0 && slices.Index(all, s) < n; in != wanted {
				t.Fatalf("%+v is number %d so far; wanted: %v", s, slices.Index(all, s)+1, wanted)
			}
			top.offer(s)
			if len(top.heap) > max(n, 0) {
				t.Fatalf("%d items kept for the best %d", len(top.heap), n)
			}
		}
		want := all[:min(len(all), max(n, 0))]
		if got := top.take(); !slices.Equal(got, want) {
			t.Fatalf("the best %d of %v:\n%v\nwant\n%v", n, all, got, want)
		}
	})
}

func TestBefore(t *testing.T) {
	tests := []struct {
		name string
		a, b scored
		want bool
	}{
		{"higher score first", scored{2, 9}, scored{1, 1}, true},
		{"lower score last", scored{1, 1}, scored{2, 9}, false},
		{"ties by item number", scored{2, 1}, scored{2, 9}, true},
		{"and the other way", scored{2, 9}, scored{2, 1}, false},
		{"one item", scored{2, 9}, scored{2, 9}, false},
	}
	for _, tt := range tests {
		if got := tt.a.before(tt.b); got != tt.want {
			t.Errorf("%s: %+v before %+v is %v", tt.name, tt.a, tt.b, got)
		}
	}
}

// better is the order of proposals: that of before, written the long way.
func better(a, b Proposal) int {
	return inOrder(scored{a.Score, a.Item}, scored{b.Score, b.Item})
}
