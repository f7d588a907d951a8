package rank

import (
	"errors"
	"fmt"
	"math"
)

// What makes a number of a model unfit for use. Errors of reading a model wrap one of these where a
// number is the reason.
var (
	ErrNonFinite = errors.New("not a finite number")
	ErrRange     = errors.New("beyond its bound")
)

// sound says what is wrong with a number of a model that may be within ±most, nil for nothing.
func sound(v, most float64) error {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return fmt.Errorf("%v: %w", v, ErrNonFinite)
	case math.Abs(v) > most:
		return fmt.Errorf("%v: %w of ±%g", v, ErrRange, most)
	}
	return nil
}
