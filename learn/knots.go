package learn

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/freshet-rec/freshet/rank"
)

// sampled is how many values of a field its knots are fitted to.
const sampled = 20_000

// fitSchema puts the knots of each field at quantiles, at most the given number, from a seeded
// sample of rows [0, to).
func fitSchema(rows *Rows, to, knots int, rng *rand.Rand) rank.Knotted {
	schema := rank.Knotted{Fields: make([]rank.Curve, len(rows.names.Numbers))}
	picks := make([]int, min(sampled, to))
	for i := range picks {
		picks[i] = i
		if to > sampled {
			picks[i] = rng.IntN(to)
		}
	}
	for f, name := range rows.names.Numbers {
		var values []float64
		for _, i := range picks {
			if v := float64(rows.numbers(i)[f]); !math.IsNaN(v) && !math.IsInf(v, 0) {
				values = append(values, v)
			}
		}
		slices.Sort(values)
		schema.Fields[f] = rank.Curve{Name: name, Knots: quantiles(values, knots)}
	}
	return schema
}

// quantiles returns up to n ascending values that part the sorted ones evenly, the first and
// the last among them. A value that alone fills a part or more is a knot once, and the others
// share what knots it leaves, so that a field which is mostly zero is seen where it is not.
func quantiles(sorted []float64, n int) []float64 {
	var atoms, rest []float64
	for i := 0; i < len(sorted); {
		same := i
		for same < len(sorted) && sorted[same] == sorted[i] {
			same++
		}
		if (same-i)*n > len(sorted) && len(atoms) < n-2 {
			atoms = append(atoms, sorted[i])
		} else {
			rest = append(rest, sorted[i:same]...)
		}
		i = same
	}
	knots := append([]float64{}, atoms...)
	if parts := n - len(atoms); len(rest) > 0 {
		for k := range parts {
			knots = append(knots, rest[(len(rest)-1)*k/(parts-1)])
		}
	}
	slices.Sort(knots)
	return slices.Compact(knots)
}
