package profile

import (
	"iter"
	"math"
	"slices"
	"strings"
)

// User is a row of what is known of visitors.
type User struct {
	User string `parquet:"user_id"`
	Kind string `parquet:"kind,dict"` // user, anonymous or session: what User is an id of
	Activity
	ActiveDays int64   `parquet:"active_days"` // different ones, UTC
	Tastes     []Taste `parquet:"tastes,list"` // category first, other attributes as they were met; the greatest weight of each first
	// Variety is the entropy of all shares of categories, in bits: 2 to its power is how many categories
	// of equal weight would have it. nil: nothing was taken that has one.
	Variety *float64 `parquet:"variety_bits,optional"`
	// PriceMean is of all that was taken, by the price of then; PriceMedian of the newest 64; and
	// PricePercentile the share of the catalogue's prices below that, 0 to 1. nil: nothing has a price.
	PriceMean       *float64 `parquet:"price_mean,optional"`
	PriceMedian     *float64 `parquet:"price_median,optional"`
	PricePercentile *float64 `parquet:"price_percentile,optional"`
}

// Users are all visitors of whom an event or an entry came, sorted by kind (anonymous, session,
// user) and id.
func (f *Fold) Users() iter.Seq[User] {
	return func(yield func(User) bool) {
		all := f.prices()
		for _, name := range f.sortedVisitors() {
			row := f.user(name, all)
			if !yield(row) {
				return
			}
		}
	}
}

func (f *Fold) sortedVisitors() []string {
	names := make([]string, 0, f.visitors.Len())
	for n := 1; n < f.visitors.Len(); n++ {
		names = append(names, f.visitors.Name(uint32(n)))
	}
	slices.Sort(names)
	return names
}

// kinds are the words for the letters of freshet.Visitor.
var kinds = map[string]string{"u": "user", "a": "anonymous", "s": "session"}

func (f *Fold) user(name string, all prices) User {
	p := &f.people[f.visitors.Find(name)]
	letter, id, _ := strings.Cut(name, ":")
	row := User{User: id, Kind: kinds[letter], Activity: p.activity, ActiveDays: int64(len(p.days))}
	now := f.halfLives(f.Newest)
	for i, t := range p.tastes {
		row.Tastes = append(row.Tastes, t.named(f.itemNames[i], f.Named, now, f.values.Name)...)
	}
	if len(p.tastes) > 0 && len(p.tastes[0]) > 0 { // of categories
		row.Variety = number(p.tastes[0].entropy())
	}
	if p.spending.count > 0 {
		median := p.spending.median()
		row.PriceMean, row.PriceMedian = number(p.spending.sum/float64(p.spending.count)), number(median)
		if len(all) > 0 {
			row.PricePercentile = number(all.percentile(median))
		}
	}
	return row
}

// number is a value for a column that may be null, which is what no number is.
func number(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}
