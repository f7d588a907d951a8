package vector

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Metric is what the score of a row with a query is.
type Metric uint8

const (
	InnerProduct Metric = iota // the inner product
	Cosine                     // the inner product of the two at length 1
)

// String is the metric's name.
func (m Metric) String() string {
	switch m {
	case InnerProduct:
		return "inner product"
	case Cosine:
		return "cosine"
	}
	return fmt.Sprintf("metric %d", uint8(m))
}

// Bounds of vectors. A product of vectors within them is a finite float32, also on the way: the
// largest sum is MaxDim·MaxMagnitude² < 1e35, where float32 ends at 3.4e38; and a product of int8
// vectors of MaxDim is an exact int32.
const (
	MaxDim       = 1 << 16
	MaxMagnitude = 1e15
	MaxRows      = 1<<31 - 1
)

// ErrBadVector says that a vector cannot be searched with, or put into an index.
var ErrBadVector = errors.New("bad vector")

// Check says what is wrong with v as a vector of length dim, nil when nothing is: another length,
// a number that is NaN, infinite or beyond ±MaxMagnitude, and for Cosine no number but zeros,
// since they have no direction. For InnerProduct zeros are good, and score 0. The error wraps
// ErrBadVector.
func Check(v []float32, dim int, metric Metric) error {
	if len(v) != dim {
		return fmt.Errorf("%w: it has %d numbers, and the vectors here have %d", ErrBadVector, len(v), dim)
	}
	zero := true
	for i, x := range v {
		switch {
		case x != x:
			return fmt.Errorf("%w: number %d of %d is NaN", ErrBadVector, i+1, dim)
		case math.Abs(float64(x)) > MaxMagnitude:
			return fmt.Errorf("%w: number %d of %d is %g, beyond ±%g, from where products overflow", ErrBadVector, i+1, dim, x, float64(MaxMagnitude))
		}
		zero = zero && x == 0
	}
	if zero && metric == Cosine {
		return fmt.Errorf("%w: all %d numbers are 0, which have no cosine", ErrBadVector, dim)
	}
	return nil
}

// checkRows checks a table of rows of length dim that lie one behind the other.
func checkRows(vectors []float32, dim int, metric Metric) error {
	switch {
	case metric > Cosine:
		return fmt.Errorf("%s is not known; there are %s and %s", metric, InnerProduct, Cosine)
	case dim < 1 || dim > MaxDim:
		return fmt.Errorf("%w: a length of %d; it must be in 1 to %d", ErrBadVector, dim, MaxDim)
	case len(vectors)%dim != 0:
		return fmt.Errorf("%w: %d numbers are no whole rows of %d", ErrBadVector, len(vectors), dim)
	case len(vectors)/dim > MaxRows:
		return fmt.Errorf("%d rows; an index holds %d", len(vectors)/dim, MaxRows)
	}
	for row := range len(vectors) / dim {
		if err := Check(vectors[row*dim:][:dim], dim, metric); err != nil {
			return fmt.Errorf("row %d: %w", row, err)
		}
	}
	return nil
}

// rows returns the table that is searched: the vectors themselves, or for Cosine a copy at length 1.
func (m Metric) rows(vectors []float32, dim int) []float32 {
	if m != Cosine {
		return vectors
	}
	out := slices.Clone(vectors)
	for from := 0; from < len(out); from += dim {
		normalize(out[from:][:dim])
	}
	return out
}

// normalize divides v by its length; zeros stay. A square of a float32 is exact in float64, so the
// sum is the same bits on every processor, and neither overflows nor vanishes.
func normalize(v []float32) {
	length := norm(v)
	if length == 0 {
		return
	}
	for i, x := range v {
		v[i] = float32(float64(x) / length)
	}
}

// norm is the Euclidean length of v.
func norm(v []float32) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}
