package vector

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, c := range []struct {
		name   string
		v      []float32
		metric Metric
		want   string // "" is good
	}{
		{"good", []float32{1, 2, 3}, Cosine, ""},
		{"zeros", []float32{0, 0, 0}, InnerProduct, ""},
		{"zeros without direction", []float32{0, 0, 0}, Cosine, "all 3 numbers are 0"},
		{"short", []float32{1, 2}, InnerProduct, "it has 2 numbers, and the vectors here have 3"},
		{"long", []float32{1, 2, 3, 4}, InnerProduct, "it has 4 numbers"},
		{"none", nil, InnerProduct, "it has 0 numbers"},
		{"no number", []float32{1, nan, 3}, InnerProduct, "number 2 of 3 is NaN"},
		{"infinite", []float32{1, 2, inf}, InnerProduct, "number 3 of 3 is -Inf"},
		{"huge", []float32{-2e15, 2, 3}, Cosine, "number 1 of 3 is -2e+15, beyond ±1e+15"},
		{"large", []float32{-1e15, 2, 3}, Cosine, ""},
		{"tiny", []float32{0, math.SmallestNonzeroFloat32, 0}, Cosine, ""},
	} {
		err := Check(c.v, 3, c.metric)
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrBadVector) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestIndexesRefuseBadVectors(t *testing.T) {
	for _, c := range []struct {
		name    string
		vectors []float32
		dim     int
		metric  Metric
		want    string
	}{
		{"half a row", make([]float32, 5), 2, InnerProduct, "5 numbers are no whole rows of 2"},
		{"no length", make([]float32, 5), 0, InnerProduct, "a length of 0"},
		{"too long", nil, MaxDim + 1, InnerProduct, "a length of 65537"},
		{"a bad row", []float32{1, 2, 3, float32(math.NaN())}, 2, InnerProduct, "row 1: bad vector: number 2 of 2 is NaN"},
		{"a zero row", []float32{1, 2, 0, 0}, 2, Cosine, "row 1: bad vector: all 2 numbers are 0"},
		{"a metric from elsewhere", []float32{1, 2}, 2, 7, "metric 7 is not known"},
	} {
		_, err := NewExact(c.vectors, c.dim, c.metric)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if _, small := NewExactInt8(c.vectors, c.dim, c.metric); small == nil || small.Error() != err.Error() {
			t.Errorf("%s: the int8 index says %v", c.name, small)
		}
	}
}

// TestLargestVectorsHaveFiniteScores is why MaxMagnitude is what it is.
func TestLargestVectorsHaveFiniteScores(t *testing.T) {
	v := make([]float32, MaxDim)
	for i := range v {
		v[i] = MaxMagnitude
	}
	for _, metric := range []Metric{InnerProduct, Cosine} {
		index, err := NewExactInt8(v, MaxDim, metric)
		if err != nil {
			t.Fatal(err)
		}
		hits := index.Search(nil, v, 1, nil)
		if len(hits) != 1 || math.IsInf(float64(hits[0].Score), 0) || hits[0].Score != hits[0].Score {
			t.Errorf("%s: the hits of the largest vector are %v", metric, hits)
		}
	}
}
