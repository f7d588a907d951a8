package profile

import "github.com/freshet-rec/freshet"

// mostPlaces is how many ranks of a slate are told apart; those beyond share the last.
const mostPlaces = 32

// place is what happened at one rank; 0 is an unknown one.
type place struct{ impressions, clicks uint32 }

// count adds an event to those by rank.
func count(places []place, signal freshet.Signal, rank int) []place {
	if signal != freshet.SignalImpression && signal != freshet.SignalClick {
		return places
	}
	rank = min(max(0, rank), mostPlaces)
	for rank >= len(places) {
		places = append(places, place{})
	}
	if signal == freshet.SignalImpression {
		places[rank].impressions++
	} else {
		places[rank].clicks++
	}
	return places
}

// How much is known before the first event: rates are (events + priorEvents · the rate of all items)
// by (chances + priorEvents), and a lift begins with priorClicks clicks of priorClicks expected.
const (
	priorEvents = 20
	priorClicks = 5
)

// Quality is how an item does. What there are no chances for among all items is nil.
type Quality struct {
	CTR *float64 `parquet:"ctr,optional"` // clicks per impression
	// Lift is clicks by those expected where the item was shown, were it like all others: above 1 it is
	// better than its places (clicks over expected clicks; Zhang and Jones, "Comparing Click Logs and
	// Editorial Labels for Training Query Rewriting", WWW 2007 workshop on query log analysis). The
	// departure is the prior.
	Lift         *float64 `parquet:"lift,optional"`
	EngageRate   *float64 `parquet:"engage_rate,optional"`   // per click
	ConvertRate  *float64 `parquet:"convert_rate,optional"`  // per click
	NegativeRate *float64 `parquet:"negative_rate,optional"` // of positive and negative events, those that are negative
}

// quality is that of a history, where total is of all items and shown are their places.
func (h *history) quality(total *Activity, shown []place) Quality {
	a := &h.activity
	return Quality{
		CTR:          rate(a.Clicks, a.Impressions, total.Clicks, total.Impressions),
		Lift:         h.lift(shown),
		EngageRate:   rate(a.Engages, a.Clicks, total.Engages, total.Clicks),
		ConvertRate:  rate(a.Converts, a.Clicks, total.Converts, total.Clicks),
		NegativeRate: rate(a.Negatives, a.Negatives+a.taken(), total.Negatives, total.Negatives+total.taken()),
	}
}

// rate is of by per, drawn to that of all, at most 1; nil without chances at all.
func rate(of, per, allOf, allPer int64) *float64 {
	if allPer == 0 {
		return nil
	}
	prior := min(1, float64(allOf)/float64(allPer))
	return number(min(1, (float64(of)+priorEvents*prior)/(float64(per)+priorEvents)))
}

// lift is clicks by those expected. Clicks at ranks that nothing was shown at say nothing.
func (h *history) lift(shown []place) *float64 {
	clicks, expected, known := 0.0, 0.0, false
	for rank, all := range shown {
		if all.impressions == 0 {
			continue
		}
		known = true
		if rank < len(h.places) {
			clicks += float64(h.places[rank].clicks)
			expected += float64(h.places[rank].impressions) * float64(all.clicks) / float64(all.impressions)
		}
	}
	if !known {
		return nil
	}
	return number((clicks + priorClicks) / (expected + priorClicks))
}
