package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestDotIsTheProduct holds the order of additions against a sum in float64: the bound is the one
// of any order, (n+1)·2^-24 of the sum of magnitudes.
func TestDotIsTheProduct(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		a, b := make([]float32, n), make([]float32, n)
		var want, magnitude float64
		for i := range a {
			a[i], b[i] = rng.Float32()*2-1, rng.Float32()*2-1
			want += float64(a[i]) * float64(b[i])
			magnitude += math.Abs(float64(a[i]) * float64(b[i]))
		}
		if got := float64(Dot(a, b)); math.Abs(got-want) > float64(n+1)*0x1p-24*magnitude {
			t.Errorf("the product of %d numbers is %v, want %v", n, got, want)
		}
	}
}

func TestDotOfRows(t *testing.T) {
	q := []float32{1, -2, 3}
	rows := []float32{1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1}
	dst := make([]float32, 4)
	if DotRows(dst, q, rows); [4]float32(dst) != [4]float32{1, -2, 3, 2} {
		t.Errorf("the products with four rows are %v", dst)
	}
	if DotAt(dst, q, rows, []uint32{3, 3, 0, 1}); [4]float32(dst) != [4]float32{2, 2, 1, -2} {
		t.Errorf("the products with chosen rows are %v", dst)
	}
}

func TestLengthsThatDoNotFit(t *testing.T) {
	for name, call := range map[string]func(){
		"Dot":         func() { Dot(make([]float32, 3), make([]float32, 4)) },
		"DotRows":     func() { DotRows(make([]float32, 2), make([]float32, 3), make([]float32, 5)) },
		"DotAt":       func() { DotAt(make([]float32, 1), make([]float32, 3), make([]float32, 6), []uint32{2}) },
		"DotAt dst":   func() { DotAt(make([]float32, 1), make([]float32, 3), make([]float32, 6), []uint32{0, 1}) },
		"DotInt8":     func() { DotInt8(make([]int8, 3), make([]int8, 4)) },
		"DotAtInt8":   func() { DotAtInt8(make([]int32, 1), make([]int8, 3), make([]int8, 6), []uint32{2}) },
		"ScanInt8":    func() { ScanInt8(make([]float32, 16), make([]int8, 3), make([]uint8, 48), make([]float32, 16)) },
		"ScanInt8 of": func() { ScanInt8(make([]float32, 16), make([]int8, 4), make([]uint8, 48), make([]float32, 16)) },
		"AtLeast":     func() { AtLeast(make([]uint64, 1), make([]float32, 63), 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s takes slices that do not fit", name)
				}
			}()
			call()
		}()
	}
}
