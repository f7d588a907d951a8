package eval

import "encoding/json"

// Rates is what an evaluation against a known truth found: for everything that was judged, the
// share of what it showed that is clicked. Its JSON is
//
//	{"protocol":"world","results":[{"name":"slate","k":10,"ctr":0.08,"n":3000,
//	 "ci":{"ctr":[0.07,0.09]},"by_seed":[0.081,0.079]},…],"warnings":[]}
type Rates struct {
	Protocol string
	Rows     []Rate
	Warnings []Warning
}

// Rate is the figures of one name.
type Rate struct {
	Name   string // popular, recall, slate or oracle
	K      int    // length of a slate
	CTR    float64
	N      int       // visits
	CI     Interval  // of CTR
	BySeed []float64 // CTR in each world
}

// MarshalJSON writes the form above; lists are never null.
func (r Rates) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Protocol string    `json:"protocol"`
		Rows     []Rate    `json:"results"`
		Warnings []Warning `json:"warnings"`
	}{r.Protocol, append([]Rate{}, r.Rows...), append([]Warning{}, r.Warnings...)})
}

// MarshalJSON writes a row.
func (r Rate) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Name   string              `json:"name"`
		K      int                 `json:"k"`
		CTR    float64             `json:"ctr"`
		N      int                 `json:"n"`
		CI     map[string]Interval `json:"ci"`
		BySeed []float64           `json:"by_seed"`
	}{r.Name, r.K, r.CTR, r.N, map[string]Interval{"ctr": r.CI}, append([]float64{}, r.BySeed...)})
}
