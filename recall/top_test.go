package recall

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestBestAgreesWithSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(-1, 12).Draw(t, "n")
		scores := rapid.SliceOfN(rapid.IntRange(0, 20), 0, 80).Draw(t, "scores") // few values, many ties
		top := best{n: n}
		var all []Proposal
		for i, s := range scores {
			p := Proposal{Item: uint32((i*37)%101 + 1), Score: float64(s)} // each item once, in no order
			wanted := top.wants(p)
			all = append(all, p)
			slices.SortFunc(all, better)
			if in := n > 0 && slices.Index(all, p) < n; in && !wanted {
				t.Fatalf("%+v is number %d so far but is not wanted", p, slices.Index(all, p)+1)
			}
			top.offer(p)
			if len(top.list) > 2*max(n, 0) {
				t.Fatalf("%d proposals kept for the best %d", len(top.list), n)
			}
		}
		want := all[:min(len(all), max(n, 0))]
		if got := top.take(); !slices.Equal(got, want) {
			t.Fatalf("the best %d of %v:\n%v\nwant\n%v", n, all, got, want)
		}
	})
}

func TestBetter(t *testing.T) {
	of := func(item uint32, score float64) Proposal { return Proposal{Item: item, Score: score} }
	tests := []struct {
		name string
		a, b Proposal
		want int
	}{
		{"higher score first", of(9, 2), of(1, 1), -1},
		{"lower score last", of(1, 1), of(9, 2), 1},
		{"ties by item number", of(1, 2), of(9, 2), -1},
		{"and the other way", of(9, 2), of(1, 2), 1},
		{"one item", of(9, 2), of(9, 2), 0},
		{"reasons do not count", Proposal{Item: 1, Because: Because{Code: "a"}}, Proposal{Item: 1, Because: Because{Code: "b"}}, 0},
	}
	for _, tt := range tests {
		if got := better(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: better(%+v, %+v) = %d, want %d", tt.name, tt.a, tt.b, got, tt.want)
		}
	}
}
