package profile

import (
	"cmp"
	"math"
	"slices"
)

// MostValues bounds the values of one attribute that are kept of a visitor.
const MostValues = 64

// tastes are the values of one attribute that a visitor took, in no order.
type tastes []taste

// taste is one value and its weight Σ strength · 2^(time / half-life), as the logarithm to base 2.
// Weights are relative to one moment for all (forward decay; Cormode et al., "Forward Decay", ICDE
// 2009, §3), so they are compared without a now; and as a logarithm none is ever too large.
type taste struct {
	value uint32
	level float64
}

// add adds a weight to a value. When there is no place for a new value it takes that of the one with
// the least weight, and the weight with it: so a weight is too large by at most the least that is
// kept, and never too small.
func (t tastes) add(value uint32, level float64) tastes {
	least := 0
	for i := range t {
		if t[i].value == value {
			t[i].level = addLevels(t[i].level, level)
			return t
		}
		if t[i].level < t[least].level {
			least = i
		}
	}
	if len(t) < MostValues {
		return append(t, taste{value, level})
	}
	t[least] = taste{value, addLevels(t[least].level, level)}
	return t
}

// addLevels is log2(2^a + 2^b), where neither power need be a number that there is.
func addLevels(a, b float64) float64 {
	high, low := max(a, b), min(a, b)
	return high + math.Log1p(math.Exp2(low-high))/math.Ln2
}

// weights are those of t at a moment, which is so many half-lives after the epoch, and their sum.
func (t tastes) weights(now float64) (list []float64, sum float64) {
	list = make([]float64, len(t))
	for i := range t {
		list[i] = math.Exp2(t[i].level - now)
		sum += list[i]
	}
	return list, sum
}

// entropy is that of the shares of t, in bits: 0 for one value, 3 for eight that weigh the same.
// Shares go by the greatest weight, so that those of long ago are not all 0.
func (t tastes) entropy() (bits float64) {
	if len(t) == 0 {
		return 0
	}
	weights, sum := t.weights(slices.MaxFunc(t, byLevel).level)
	for _, w := range weights {
		if p := w / sum; p > 0 {
			bits -= p * math.Log2(p)
		}
	}
	return max(0, bits)
}

func byLevel(a, b taste) int { return cmp.Compare(a.level, b.level) }

// Taste is what a visitor took of one value of an attribute.
type Taste struct {
	Attribute string  `parquet:"attribute,dict"` // category, tags, or an attribute of items
	Value     string  `parquet:"value,dict"`
	Weight    float64 `parquet:"weight"` // Σ strength · 2^(−age / half-life)
	Share     float64 `parquet:"share"`  // of the weights of all values kept of the attribute; 0 to 1
}

// named are the n tastes with the greatest weight, in its order, equal ones by value.
func (t tastes) named(attribute string, n int, now float64, name func(uint32) string) []Taste {
	if len(t) == 0 {
		return nil
	}
	list := make([]Taste, len(t))
	weights, _ := t.weights(now)
	shares, sum := t.weights(slices.MaxFunc(t, byLevel).level)
	for i := range t {
		list[i] = Taste{attribute, name(t[i].value), weights[i], shares[i] / sum}
	}
	slices.SortFunc(list, func(a, b Taste) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Value, b.Value))
	})
	return list[:min(n, len(list))]
}
