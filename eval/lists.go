package eval

import (
	"encoding/json"
	"fmt"
)

// ListResults is what an evaluation over a whole catalogue found, one row a method. Its JSON is
//
//	{"protocol":"cf","results":[{"name":"popular","k":20,"recall@20":0.04,"ndcg@20":0.03,
//	 "seconds":1.5,"n":29858,"settings":""},…],"choice":"blend",
//	 "tuning":[{"name":"itemcf","settings":"users=1","recall@20":0.2,"ndcg@20":0.1},…],"warnings":[]}
//
// with routes in the form of [RouteRow] where methods were compared with each other.
type ListResults struct {
	Protocol string
	K        int // cut-off of all figures
	Rows     []ListRow
	Choice   string     // the row that was chosen before the test part was looked at; "" without a choice
	Tuning   []ListRow  // what was tried on pairs held out of the train part, in that order; N and Seconds are 0
	Routes   []RouteRow // what each method finds that others do not; nil where only one was asked
	Warnings []Warning
}

// ListRow is the figures of one method with certain settings.
type ListRow struct {
	Name     string
	Settings string // for people
	Lists
	Seconds float64 // its search for settings, training and ranking
}

// MarshalJSON writes the form above; lists are never null. An error says that a figure is not finite.
func (r ListResults) MarshalJSON() ([]byte, error) {
	out := struct {
		Protocol string            `json:"protocol"`
		Rows     []json.RawMessage `json:"results"`
		Choice   string            `json:"choice,omitempty"`
		Tuning   []json.RawMessage `json:"tuning"`
		Routes   []RouteRow        `json:"routes,omitempty"`
		Warnings []Warning         `json:"warnings"`
	}{r.Protocol, []json.RawMessage{}, r.Choice, []json.RawMessage{}, r.Routes, append([]Warning{}, r.Warnings...)}
	for _, row := range r.Rows {
		text, err := row.marshal(r.K, true)
		if err != nil {
			return nil, err
		}
		out.Rows = append(out.Rows, text)
	}
	for _, row := range r.Tuning {
		text, err := row.marshal(r.K, false)
		if err != nil {
			return nil, err
		}
		out.Tuning = append(out.Tuning, text)
	}
	return json.Marshal(out)
}

// marshal writes a row; one that was tested has seconds and users too.
func (r *ListRow) marshal(k int, tested bool) (json.RawMessage, error) {
	name, err := json.Marshal(r.Name)
	if err != nil {
		return nil, err
	}
	settings, err := json.Marshal(r.Settings)
	if err != nil {
		return nil, err
	}
	var figures [3][]byte
	for f, x := range []float64{r.Recall, r.NDCG, r.Seconds} {
		if figures[f], err = json.Marshal(x); err != nil {
			return nil, fmt.Errorf("figures of %s: %w", r.Name, err)
		}
	}
	text := fmt.Appendf(nil, `{"name":%s,"k":%d,"recall@%d":%s,"ndcg@%d":%s`, name, k, k, figures[0], k, figures[1])
	if tested {
		text = fmt.Appendf(text, `,"seconds":%s,"n":%d`, figures[2], r.N)
	}
	return fmt.Appendf(text, `,"settings":%s}`, settings), nil
}
