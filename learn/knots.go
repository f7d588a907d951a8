package learn

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/freshet-rec/freshet/rank"
)

// sampled is how many values of a field its knots are fitted to.
const sampled = 20_000

// leastSeen is in how many rows a word stands to be one of a vocabulary.
const leastSeen = 5

// fitSchema makes a field of each number, with knots at quantiles, at most as many as given, from a
// seeded sample of rows [0, to); and one of each list of words, with those of the same rows that are
// not rare.
func fitSchema(rows *Rows, to, knots int, rng *rand.Rand) (*rank.Schema, error) {
	var fields []rank.Field
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
		fields = append(fields, rank.Field{Name: name, Kind: rank.Spread, Knots: quantiles(values, knots)})
	}
	for l, name := range rows.names.Words {
		fields = append(fields, rank.Field{Name: name, Kind: rank.Category, Tokens: vocabulary(rows, l, to)})
	}
	return rank.NewSchema(fields)
}

// vocabulary lists the words of a list that stand in leastSeen rows of [0, to) or more, in ascending
// order.
func vocabulary(rows *Rows, list, to int) []rank.Token {
	var row rank.Row
	seen := map[rank.Token]int{}
	for i := range to {
		rows.read(i, &row)
		for _, token := range row.List(list) {
			seen[token]++
		}
	}
	maps.DeleteFunc(seen, func(_ rank.Token, n int) bool { return n < leastSeen })
	return slices.Sorted(maps.Keys(seen))
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
