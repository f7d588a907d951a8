package learn

import "testing"

func TestQuantiles(t *testing.T) {
	for name, c := range map[string]struct {
		sorted []float64
		n      int
		want   []float64
	}{
		"nothing":        {nil, 4, []float64{}},
		"one value":      {[]float64{3, 3, 3}, 4, []float64{3}},
		"first and last": {[]float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, []float64{1, 5, 9}},
		"a heavy value":  {[]float64{0, 0, 0, 0, 0, 0, 0, 5}, 4, []float64{0, 5}},
		"mostly zero":    {[]float64{0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, 5, []float64{0, 1, 2, 3, 4}},
		"heavy and last": {[]float64{1, 2, 3, 4, 9, 9, 9, 9, 9, 9}, 4, []float64{1, 3, 4, 9}},
		"all heavy":      {[]float64{1, 1, 2, 2, 3, 3, 4, 4}, 4, []float64{1, 2, 3, 4}},
	} {
		got := quantiles(c.sorted, c.n)
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	}
}
