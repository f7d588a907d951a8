package registry

import "github.com/freshet-rec/freshet/rank"

// What the checks of a ranker see of it, whatever its form.

// Names are those of what rows must have for the ranker of the bundle.
func (b *Bundle) Names() (names rank.Names) {
	for _, f := range b.Ranker.Schema.Fields {
		names.Numbers = append(names.Numbers, f.Name)
	}
	return names
}

// Odds writes the log-odds that the ranker gives each row to odds, which must have a place for each.
// It is safe for concurrent use.
func (b *Bundle) Odds(rows []rank.Row, odds []float64) {
	for i := range rows {
		odds[i] = b.Ranker.LogOdds(rows[i].Numbers)
	}
}

// needsGolden reports that the bundle is of a form that always comes with golden rows.
func (b *Bundle) needsGolden() bool { return false }
