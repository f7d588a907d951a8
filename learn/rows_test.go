package learn

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// named are rows of numbers alone.
func named(numbers ...string) rank.Names { return rank.Names{Numbers: numbers} }

// of is a row of numbers alone.
func of(numbers ...float64) *rank.Row { return &rank.Row{Numbers: numbers} }

// TestRowsKeepWords: what was added is read again, whatever lists it has, and after a cut.
func TestRowsKeepWords(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for lists := range 4 {
		rows, kept := NewRows(rank.Names{Numbers: []string{"x"}, Words: make([]string, lists)}), []string{}
		add := func() {
			row := of(float64(rng.IntN(9)))
			for range lists {
				for range rng.IntN(4) {
					row.Words = append(row.Words, rank.Token(rng.Uint64()))
				}
				row.End()
			}
			if err := rows.Add(row, false); err != nil {
				t.Fatal(err)
			}
			kept = append(kept, fmt.Sprint(*row))
		}
		for range 20 {
			add()
		}
		rows.Truncate(7)
		kept = kept[:7]
		for range 5 {
			add()
		}
		var row rank.Row
		for i, want := range kept {
			if rows.read(i, &row); fmt.Sprint(row) != want && lists > 0 {
				t.Errorf("row %d is %v, was %s", i, row, want)
			}
		}
		if err := rows.Add(&rank.Row{Numbers: []float64{1}, Ends: make([]uint32, lists+1)}, true); err == nil {
			t.Error("a row with a list too many was taken")
		}
	}
}

// oddsOf are the log-odds of one row.
func oddsOf(m rank.Model, row *rank.Row) float64 {
	var b rank.Batch
	m.Schema().Encode(&b, row)
	odds := make([]float32, 1)
	m.Predict(&b, odds)
	return float64(odds[0])
}

// chanceOf is the probability of a positive of a row of these numbers.
func chanceOf(m rank.Model, numbers ...float64) float64 {
	return rank.Sigmoid(oddsOf(m, of(numbers...)))
}

// bytesOf is the file of a model.
func bytesOf(t *testing.T, m rank.Model) []byte {
	t.Helper()
	data, err := rank.Single("click", m).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}
