package rank

import (
	"fmt"
	"math"
	"slices"
)

// Kind is how a field turns what a row says into weights that count.
type Kind string

// The kinds of fields. Those of numbers have one weight for no value; those of words have one for
// no word and one for every word that the vocabulary lacks.
const (
	Spread   Kind = "spread"   // of a number: piecewise linear between knots, flat beyond the first and the last
	Bucket   Kind = "bucket"   // of a number: one weight for each interval that the knots part
	Scaled   Kind = "scaled"   // of a number: (v − Mean)·Scale times one weight
	Log      Kind = "log"      // of a number: the same of sign(v)·log(1 + |v|)
	Category Kind = "category" // of words: each counts 1/n of n
	Sequence Kind = "sequence" // of words: each counts half as much every Half places, all of them 1 together
	Cross    Kind = "cross"    // of two lists or more: each combination is hashed into one of Buckets, and counts 1/n of n
)

// Bounds of a schema, checked before anything is allocated for it.
const (
	MaxFields     = 1000
	MaxKnots      = 64      // of one field
	MaxVocabulary = 1 << 24 // tokens of one field
	MaxBuckets    = 1 << 24 // of one cross
	MaxCrossed    = 4       // lists of one cross
	MaxHalf       = 1e6     // of a sequence, in places
	MaxCombined   = 256     // combinations of one cross in one row; the rest is left out
)

// Field is one input of a model. A field has its own weights; which of them count, and how much,
// is what Schema.Encode says of a row.
type Field struct {
	Name    string    // of the number, or of the list of words; of a cross a name of its own
	Kind    Kind      //
	Knots   []float64 // of Spread and Bucket: strictly ascending, finite; may be empty
	Mean    float64   // of Scaled and Log
	Scale   float64   // likewise, > 0
	Tokens  []Token   // of Category and Sequence: the vocabulary, strictly ascending
	Half    float64   // of Sequence, > 0
	Of      []string  // of Cross: names of lists of words
	Buckets int       // of Cross, ≥ 1
}

// Places of the weights that a field of words has for what is no word of its vocabulary.
const (
	noWord      = 0
	unknownWord = 1
	firstWord   = 2
)

// Number reports that the field is of a number, and not of words.
func (f *Field) Number() bool {
	return f.Kind == Spread || f.Kind == Bucket || f.Kind == Scaled || f.Kind == Log
}

// Weights is the number of weights of the field.
func (f *Field) Weights() int {
	switch f.Kind {
	case Spread:
		return 1 + max(1, len(f.Knots))
	case Bucket:
		return 2 + len(f.Knots)
	case Scaled, Log:
		return 2
	case Cross:
		return 1 + f.Buckets
	}
	return firstWord + len(f.Tokens)
}

// check says what is wrong with a field that was read from outside, "" for nothing.
func (f *Field) check() string {
	switch f.Kind {
	case Spread, Bucket:
		if len(f.Knots) > MaxKnots {
			return fmt.Sprintf("it has %d knots; at most %d are accepted", len(f.Knots), MaxKnots)
		}
		for k, knot := range f.Knots {
			if !bounded(knot) || k > 0 && knot <= f.Knots[k-1] {
				return fmt.Sprintf("knot %d is %v: not within ±%g and above the one before", k, knot, MaxNumber)
			}
		}
	case Scaled, Log:
		if !bounded(f.Mean) || !bounded(f.Scale) || f.Scale <= 0 {
			return fmt.Sprintf("it is scaled by %v about %v", f.Scale, f.Mean)
		}
	case Category, Sequence:
		if len(f.Tokens) > MaxVocabulary {
			return fmt.Sprintf("its vocabulary has %d words; at most %d are accepted", len(f.Tokens), MaxVocabulary)
		}
		if !slices.IsSorted(f.Tokens) || len(slices.Compact(slices.Clone(f.Tokens))) != len(f.Tokens) {
			return "its vocabulary is not in ascending order without repeats"
		}
		if f.Kind == Sequence && !(f.Half > 0 && f.Half <= MaxHalf) {
			return fmt.Sprintf("it fades by half every %v places; more than 0 and at most %g are accepted", f.Half, MaxHalf)
		}
	case Cross:
		if len(f.Of) < 2 || len(f.Of) > MaxCrossed || f.Buckets < 1 || f.Buckets > MaxBuckets {
			return fmt.Sprintf("it crosses %d lists into %d buckets; 2 to %d and 1 to %d are accepted", len(f.Of), f.Buckets, MaxCrossed, MaxBuckets)
		}
	default:
		return fmt.Sprintf("it is of the kind %q, which this release does not know", f.Kind)
	}
	return ""
}

// MaxNumber bounds what values are compared with, knots and means, so that no difference of two overflows.
const MaxNumber = 1e300

func bounded(v float64) bool { return math.Abs(v) <= MaxNumber }
