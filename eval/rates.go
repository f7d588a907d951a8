package eval

import (
	"encoding/json"
	"fmt"

	"github.com/freshet-rec/freshet"
)

// Rates is what an evaluation against a known truth found: for everything that was judged, the
// share of what it showed that is clicked. Its JSON is
//
//	{"protocol":"world","results":[{"world":"d16","delay":"0s","name":"slate","k":10,"ctr":0.08,
//	 "n":3000,"ci":{"ctr":[0.07,0.09],"gap_closed":[0.2,0.3]},"by_seed":[0.081,0.079],
//	 "gap_closed":0.25,"second_half":{"ctr":0.08,"by_seed":[…],"gap_closed":0.26,"ci":{…}}},…],
//	 "differences":[{"world":"d16","delay":"0s","part":"all","measure":"gap_closed","name":"slate",
//	 "than":"recall","value":0.2,"ci":[0.18,0.22]},…],"warnings":[]}
//
// with null for ends of intervals that cannot be told, of one world.
type Rates struct {
	Protocol    string
	Rows        []Rate
	Differences []Difference
	Warnings    []Warning
}

// Rate is the figures of one way in the worlds of one name, at one delay.
type Rate struct {
	World string
	Delay freshet.Duration // for how long events were withheld
	Name  string           // popular, category, recall, slate, online or oracle
	K     int              // length of a slate
	N     int              // slates
	Share                  // of all slates
	CI    Interval         // of CTR, by visitor
	Late  Share            // of the second half of each world's slates
}

// Share is what of something shown is clicked.
type Share struct {
	CTR    float64
	BySeed []float64 // CTR in each world
	Gap    float64   // share of the way from popular to oracle, see GapClosed
	GapCI  Interval  // by world
}

// Difference is how much more one way has than another, in the same worlds, with an interval by
// world.
type Difference struct {
	World   string
	Delay   freshet.Duration
	Part    string // all, or second_half
	Measure string // gap_closed, or ctr
	Name    string
	Than    string
	Value   float64
	CI      Interval
}

// MarshalJSON writes the form above; lists are never null.
func (r Rates) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Protocol    string       `json:"protocol"`
		Rows        []Rate       `json:"results"`
		Differences []Difference `json:"differences"`
		Warnings    []Warning    `json:"warnings"`
	}{r.Protocol, append([]Rate{}, r.Rows...), append([]Difference{}, r.Differences...), append([]Warning{}, r.Warnings...)})
}

// MarshalJSON writes a row.
func (r Rate) MarshalJSON() ([]byte, error) {
	return object(r.Name, []field{{"world", r.World}, {"delay", r.Delay}, {"name", r.Name}, {"k", r.K}, {"ctr", r.CTR}, {"n", r.N},
		{"ci", map[string]any{"ctr": r.CI, "gap_closed": orNulls(r.GapCI)}}, {"by_seed", append([]float64{}, r.BySeed...)},
		{"gap_closed", orNull(r.Gap)}, {"second_half", r.Late}})
}

// MarshalJSON writes the share by itself.
func (s Share) MarshalJSON() ([]byte, error) {
	return object("a share", []field{{"ctr", s.CTR}, {"by_seed", append([]float64{}, s.BySeed...)}, {"gap_closed", orNull(s.Gap)},
		{"ci", map[string]any{"gap_closed": orNulls(s.GapCI)}}})
}

// MarshalJSON writes a difference.
func (d Difference) MarshalJSON() ([]byte, error) {
	return object(fmt.Sprintf("%s and %s", d.Name, d.Than), []field{{"world", d.World}, {"delay", d.Delay}, {"part", d.Part}, {"measure", d.Measure},
		{"name", d.Name}, {"than", d.Than}, {"value", orNull(d.Value)}, {"ci", orNulls(d.CI)}})
}

// orNulls are the ends of an interval, nil for one that JSON has no number for.
func orNulls(ci Interval) [2]any { return [2]any{orNull(ci[0]), orNull(ci[1])} }
