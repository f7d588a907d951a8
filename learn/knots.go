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
func fitSchema(rows *Rows, to, knots int, rng *rand.Rand) rank.Schema {
	schema := rank.Schema{Fields: make([]rank.Field, len(rows.names))}
	picks := make([]int, min(sampled, to))
	for i := range picks {
		picks[i] = i
		if to > sampled {
			picks[i] = rng.IntN(to)
		}
	}
	for f, name := range rows.names {
		var values []float64
		for _, i := range picks {
			if v := float64(rows.row(i)[f]); !math.IsNaN(v) && !math.IsInf(v, 0) {
				values = append(values, v)
			}
		}
		slices.Sort(values)
		schema.Fields[f] = rank.Field{Name: name, Knots: quantiles(values, knots)}
	}
	return schema
}

// quantiles returns up to n ascending values that part the sorted ones evenly, the first and
// the last among them. A value that fills several parts is there once.
func quantiles(sorted []float64, n int) []float64 {
	knots := []float64{}
	if len(sorted) == 0 {
		return knots
	}
	for k := range n {
		knot := sorted[(len(sorted)-1)*k/(n-1)]
		if len(knots) == 0 || knot > knots[len(knots)-1] {
			knots = append(knots, knot)
		}
	}
	return knots
}
