package eval

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestRoutesByHand(t *testing.T) {
	r := NewRoutes([]string{"a", "b"}, 2)
	r.Add([][]uint32{{1, 2, 3}, {2}}, []uint32{2, 1, 3}, []uint32{1, 3}) // a has 1, alone; 3 stands below the cut
	r.Add([][]uint32{{5}, {5, 6}}, []uint32{6, 5}, []uint32{5})          // both have it
	r.Add([][]uint32{nil, {7}}, []uint32{7}, nil)                        // a miss for all
	text, err := json.Marshal(r.Rows(0))
	want := `[{"name":"route:a","k":2,"delay":"0s","recall@2":0.5,"unique":0.16666666666666666,"proposals":1,"overlap":{"route:b":0.6666666666666666},"n":3},` +
		`{"name":"route:b","k":2,"delay":"0s","recall@2":0.3333333333333333,"unique":0,"proposals":1.3333333333333333,"overlap":{"route:a":0.5},"n":3},` +
		`{"name":"recall","k":2,"delay":"0s","recall@2":0.5,"n":3}]`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v; want\n%s", text, err, want)
	}
}

func TestRoutesAgreeWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const routes, k = 3, 5
		list := rapid.SliceOfNDistinct(rapid.Uint32Range(1, 15), 0, 10, rapid.ID)
		r := NewRoutes([]string{"a", "b", "c"}, k)
		var recall [routes + 1]float64
		var unique, listed [routes]float64
		var both [routes][routes]float64
		asks := rapid.IntRange(0, 8).Draw(t, "asks")
		for range asks {
			lists := make([][]uint32, routes)
			for i := range lists {
				lists[i] = list.Draw(t, "list")
			}
			merged, wanted := list.Draw(t, "merged"), list.Draw(t, "wanted")
			r.Add(lists, merged, wanted)
			cut := append(slices.Clone(lists), merged)
			for i := range cut {
				cut[i] = cut[i][:min(k, len(cut[i]))]
			}
			for _, item := range wanted {
				have := 0
				for i := range cut {
					if slices.Contains(cut[i], item) {
						recall[i] += 1 / float64(len(wanted))
						if i < routes {
							have++
						}
					}
				}
				for i := range routes {
					if have == 1 && slices.Contains(cut[i], item) {
						unique[i] += 1 / float64(len(wanted))
					}
				}
			}
			for i := range routes {
				listed[i] += float64(len(cut[i]))
				for j := range routes {
					for _, item := range cut[i] {
						if slices.Contains(cut[j], item) {
							both[i][j]++
						}
					}
				}
			}
		}
		n := float64(max(1, asks))
		same := func(what string, got, want float64) {
			if math.Abs(got-want) > 1e-9 {
				t.Fatalf("%s is %v, want %v", what, got, want)
			}
		}
		rows := r.Rows(0)
		for i := range routes {
			same("recall", rows[i].Recall, recall[i]/n)
			same("unique", rows[i].Unique, unique[i]/n)
			same("proposals", rows[i].Proposals, listed[i]/n)
			for j, name := range []string{"route:a", "route:b", "route:c"} {
				if j != i {
					same("overlap", rows[i].Overlap[name], both[i][j]/max(1, listed[i]))
				}
			}
		}
		same("recall of the merge", rows[routes].Recall, recall[routes]/n)
	})
}
