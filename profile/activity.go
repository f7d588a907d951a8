package profile

import (
	"slices"

	"github.com/freshet-rec/freshet"
)

// Activity is what happened to an item or was done by a visitor, by signal.
type Activity struct {
	Impressions int64 `parquet:"impressions"`
	Views       int64 `parquet:"views"`
	Clicks      int64 `parquet:"clicks"`
	Engages     int64 `parquet:"engages"`
	Intents     int64 `parquet:"intents"`
	Converts    int64 `parquet:"converts"`
	Negatives   int64 `parquet:"negatives"`
	Others      int64 `parquet:"others"`            // searches, pages and what has no signal
	First       int64 `parquet:"first_ms,optional"` // of the events, Unix ms; 0, which is null in a file: there is none
	Last        int64 `parquet:"last_ms,optional"`
}

// add counts an event.
func (a *Activity) add(signal freshet.Signal, time int64) {
	if a.events() == 0 {
		a.First, a.Last = time, time
	}
	a.First, a.Last = min(a.First, time), max(a.Last, time)
	switch signal {
	case freshet.SignalImpression:
		a.Impressions++
	case freshet.SignalView:
		a.Views++
	case freshet.SignalClick:
		a.Clicks++
	case freshet.SignalEngage:
		a.Engages++
	case freshet.SignalIntent:
		a.Intents++
	case freshet.SignalConvert:
		a.Converts++
	case freshet.SignalNegative:
		a.Negatives++
	default:
		a.Others++
	}
}

func (a *Activity) events() int64 {
	return a.Impressions + a.Views + a.taken() + a.Negatives + a.Others
}

// taken is how many events were positive.
func (a *Activity) taken() int64 { return a.Clicks + a.Engages + a.Intents + a.Converts }

// mostDays bounds the days kept of a visitor: eleven years of them.
const mostDays = 4000

// days are those on which a visitor did something, UTC, as numbers since the epoch: oldest first.
type days []int32

func (d days) add(time int64) days {
	day := int32(floorDiv(time, int64(freshet.Day)))
	at, found := slices.BinarySearch(d, day)
	if found || len(d) == mostDays {
		return d
	}
	return slices.Insert(d, at, day)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
