package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/freshet-rec/freshet"
)

// Gain is how much more a row has under one configuration than under another, asked the same
// questions. Its JSON is
//
//	{"config":"try","than":"now","name":"slate","delay":"0s","measure":"ndcg@10","value":0.01,"ci":[0.005,0.014]}
type Gain struct {
	Config, Than string // names of configurations
	Name         string // of the row
	Delay        freshet.Duration
	Measure      string // hit@k or ndcg@k
	Value        float64
	CI           Interval // by group, paired
}

// Gains compares the rows of one configuration with those of the same name and delay of another,
// first. Asks of one group are drawn together and from both configurations at once, which is what
// makes the interval of a difference narrow. Both need their tallies. ok is false when a row's asks
// are not the other's, group by group: then there is nothing to be paired. rng is used for all
// intervals in turn.
func Gains(first, other []Row, resamples int, level float64, rng *rand.Rand) (gains []Gain, ok bool) {
	for i := range other {
		row := &other[i]
		at := slices.IndexFunc(first, func(r Row) bool { return r.Name == row.Name && r.Delay == row.Delay })
		if at < 0 {
			continue // a route that only one of them has
		}
		base := &first[at]
		ndcg, asks := row.Tally.Groups()
		baseNDCG, baseAsks := base.Tally.Groups()
		hits, _ := row.Tally.Hits()
		baseHits, _ := base.Tally.Hits()
		if !slices.Equal(asks, baseAsks) || row.K != base.K {
			return nil, false
		}
		for _, m := range []struct {
			name        string
			own, others []float64
		}{{"hit", hits, baseHits}, {"ndcg", ndcg, baseNDCG}} {
			more, sum, n := make([]float64, len(asks)), 0.0, 0
			for g := range asks {
				more[g] = m.own[g] - m.others[g]
				sum += more[g]
				n += asks[g]
			}
			gains = append(gains, Gain{Config: row.Config, Than: base.Config, Name: row.Name, Delay: row.Delay, Measure: fmt.Sprintf("%s@%d", m.name, row.K),
				Value: sum / float64(max(1, n)), CI: Bootstrap(more, asks, resamples, level, rng)})
		}
	}
	return gains, true
}

// MarshalJSON writes the form above.
func (g Gain) MarshalJSON() ([]byte, error) {
	return object(g.Name, []field{{"config", g.Config}, {"than", g.Than}, {"name", g.Name}, {"delay", g.Delay}, {"measure", g.Measure}, {"value", g.Value}, {"ci", g.CI}})
}
