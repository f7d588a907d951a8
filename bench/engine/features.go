package engine

import (
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
)

// The event names, and which of them a rate counts and divides by.
const (
	expose = "expose"
	click  = "click"
	like   = "like"
)

// slack is how far behind the newest event a read may be made, in milliseconds, as in a server.
const slack = 60_000

// definitions are the ten features. Every event changes each of them, but for the rate's two
// counts, of which it changes one.
func definitions() []feature.Definition {
	duration := func(d time.Duration) freshet.Duration { return freshet.Duration(d.Milliseconds()) }
	short, shortHop := duration(5*time.Minute), duration(30*time.Second)
	long, longHop := duration(time.Hour), duration(time.Minute)
	user, item := []string{"user"}, []string{"item"}
	pair, taste := []string{"user", "item"}, []string{"user", "item.category"}
	return []feature.Definition{
		{Name: "user_count_5m", Key: user, Agg: feature.Count, Window: short, Hop: shortHop},
		{Name: "user_age", Key: user, Agg: feature.Age},
		{Name: "item_ctr_1h", Key: item, Agg: feature.Rate, Of: []string{click, like}, Per: []string{expose}, Window: long, Hop: longHop, Prior: prior},
		{Name: "item_decayed_1h", Key: item, Agg: feature.DecayedSum, HalfLife: long},
		{Name: "item_count_5m", Key: item, Agg: feature.Count, Window: short, Hop: shortHop},
		{Name: "pair_count_5m", Key: pair, Agg: feature.Count, Window: short, Hop: shortHop},
		{Name: "pair_last_time", Key: pair, Agg: feature.LastTime},
		{Name: "taste_decayed_6h", Key: taste, Agg: feature.DecayedSum, HalfLife: 6 * long},
		{Name: "taste_count_1h", Key: taste, Agg: feature.Count, Window: long, Hop: longHop},
		{Name: "taste_age", Key: taste, Agg: feature.Age},
	}
}

// The places of the features in a row.
const (
	userCount = iota
	userAge
	itemRate
	itemDecayed
	itemCount
	pairCount
	pairLast
	tasteDecayed
	tasteCount
	tasteAge
	columns
)

var prior = [2]float64{1, 20}

// The windows of the definitions again: hops in milliseconds, windows in hops, and the tiles that
// a read at most slack behind the newest event can need.
const (
	shortHop    = 30_000
	shortWindow = 300_000 / shortHop
	shortTiles  = shortWindow + slack/shortHop
	longHop     = 60_000
	longWindow  = 3_600_000 / longHop
	longTiles   = longWindow + slack/longHop

	itemHalfLife  = 3_600_000
	tasteHalfLife = 6 * itemHalfLife
)
