package eval

import (
	"encoding/json"
	"fmt"

	"github.com/freshet-rec/freshet"
)

// Results is what an evaluation found: one row for everything that was judged, all asked the
// same questions in the same run, and what makes the figures doubtful. Its JSON is
//
//	{"protocol":"holdout","results":[{"name":"slate","k":10,"delay":"0s","hit@10":0.19,
//	 "ndcg@10":0.11,"mrr":0.08,"coverage":0.3,"novelty":9.2,"n":942,"ci":{"hit@10":[0.16,0.21],
//	 "ndcg@10":[0.09,0.12]}},…],
//	 "routes":[…],"warnings":[]}
//
// with the form of [RouteRow] in routes. Where configurations were compared each row has its
// "config", and "gains" has the form of [Gain].
type Results struct {
	Protocol string
	Rows     []Row
	Routes   []RouteRow // what each route is worth; nil where none was asked
	Gains    []Gain     // of each configuration over the first; nil where none were compared
	Warnings []Warning
}

// Row is the figures of one name at one delay.
type Row struct {
	Config   string           // of the configuration; "" where none were compared
	Name     string           // slate, recall, popular or route:<name>
	K        int              // cut-off of all figures but AUC
	Delay    freshet.Duration // for how long events were withheld
	Hit      float64          // HitRate at K
	NDCG     float64          // NDCG at K
	MRR      float64          // mean reciprocal rank at K
	Coverage float64          // share of the catalogue in any of the lists, up to K
	Novelty  float64          // mean self-information of the items shown, bits; see [Novelty]
	AUC      *float64         // nil where no ranker scored
	N        int              // asks
	CI       Interval         // of NDCG
	HitCI    Interval         // of Hit
	Tally    *Tally           // what the figures are made of, for Gains; nil where it was not kept
}

// MarshalJSON writes the form above; lists are never null.
func (r Results) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Protocol string     `json:"protocol"`
		Rows     []Row      `json:"results"`
		Routes   []RouteRow `json:"routes,omitempty"`
		Gains    []Gain     `json:"gains,omitempty"`
		Warnings []Warning  `json:"warnings"`
	}{r.Protocol, append([]Row{}, r.Rows...), r.Routes, r.Gains, append([]Warning{}, r.Warnings...)})
}

// MarshalJSON writes the row with the cut-off in the names of its measures. An error says
// that a figure is not finite.
func (r Row) MarshalJSON() ([]byte, error) {
	hit, ndcg := fmt.Sprintf("hit@%d", r.K), fmt.Sprintf("ndcg@%d", r.K)
	fields := append(configured(r.Config), []field{
		{"name", r.Name}, {"k", r.K}, {"delay", r.Delay}, {hit, r.Hit}, {ndcg, r.NDCG}, {"mrr", r.MRR}, {"coverage", r.Coverage}, {"novelty", r.Novelty},
	}...)
	if r.AUC != nil {
		fields = append(fields, field{"auc", r.AUC})
	}
	return object(r.Name, append(fields, field{"n", r.N}, field{"ci", map[string]Interval{hit: r.HitCI, ndcg: r.CI}}))
}

// field is a member of a JSON object.
type field struct {
	name  string
	value any
}

// configured is the field of a configuration's name, none when it has none.
func configured(name string) []field {
	if name == "" {
		return nil
	}
	return []field{{"config", name}}
}

// object writes the fields of a row in their order. An error names the field and the row.
func object(row string, fields []field) ([]byte, error) {
	text := []byte{'{'}
	for i, f := range fields {
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", f.name, row, err)
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = fmt.Appendf(text, "%q:%s", f.name, value)
	}
	return append(text, '}'), nil
}
