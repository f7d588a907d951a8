package fold

import (
	"fmt"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/recall"
)

// Route configures one recall route. Its JSON, without name and kind, is that of the record of
// definitions.
type Route struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // one of those in newRoute

	// What only some kinds go by is zero for the others.

	Window   freshet.Duration `json:"window,omitempty"`   // popular: the first window counted; trending: the short one
	Within   freshet.Duration `json:"within,omitempty"`   // new: how young is new; search: how long a query counts
	Where    string           `json:"where,omitempty"`    // rule: the condition
	Order    string           `json:"order,omitempty"`    // rule: newest or popular
	Distance float64          `json:"distance,omitempty"` // geo: the greatest, in metres
	Against  freshet.Duration `json:"against,omitempty"`  // trending: the long window
	Source   string           `json:"source,omitempty"`   // embedding: where vectors are from, Trained or Given
	Dim      int              `json:"dim,omitempty"`      // embedding: the length of vectors from outside that count; 0 is none

	Normalise string           `json:"normalise,omitempty"` // itemcf: see recall.ItemCFOptions
	HalfLife  freshet.Duration `json:"half_life,omitempty"` // itemcf: of pairs; session: of a session's say
	Session   freshet.Duration `json:"session,omitempty"`   // itemcf, session: acts further apart are of different sessions
}

// Where the vectors of an embedding route are from.
const (
	Trained = "trained" // the embedding that is live
	Given   = "given"   // entries of the catalogue
)

// newRoute returns a route over the state, one line a kind.
func (s *State) newRoute(r *Route, o *Options) (recall.Route, error) {
	switch r.Kind {
	case "itemcf":
		return recall.NewItemCF(r.Name, recall.ItemCFOptions{Normalise: r.Normalise, HalfLife: r.HalfLife, Session: r.Session}, s.Histories), nil
	case "session":
		return recall.NewSession(r.Name, recall.SessionOptions{Gap: r.Session, HalfLife: r.HalfLife}), nil
	case "popular":
		return recall.NewPopular(r.Name, r.Window, o.MaxFuture), nil
	case "new":
		return recall.NewNewest(r.Name, r.Within, s.Items), nil
	case "similar":
		return recall.NewSimilar(r.Name, s.index()), nil
	case "search":
		return recall.NewSearch(r.Name, r.Within, s.index(), s.Histories), nil
	case "trending":
		return recall.NewTrending(r.Name, r.Window, r.Against, o.MaxFuture, s.Histories), nil
	case "geo":
		return recall.NewGeo(r.Name, r.Distance), nil
	case "rule":
		return s.newRule(r)
	case recall.KindEmbedding:
		if r.Source == Given {
			return recall.NewGiven(r.Name, r.Dim, s.Items, o.Kinds), nil
		}
		return recall.NewEmbedding(r.Name, r.Dim, s.Items, o.Kinds, s.liveVectors), nil
	case recall.KindLinear:
		return recall.NewLinear(r.Name, s.Items, o.Kinds, s.liveLinear), nil
	case "explore":
		return recall.NewExplore(r.Name), nil
	case "external":
		return recall.NewExternal(r.Name, s.Items), nil
	}
	return nil, fmt.Errorf("recall route %q has unknown kind %q", r.Name, r.Kind)
}

// addRoutes makes the configured routes, in their order, and those that stand in for all of them.
func (s *State) addRoutes(o *Options) error {
	for i := range o.Routes {
		route, err := s.newRoute(&o.Routes[i], o)
		if err != nil {
			return err
		}
		s.Routes, s.kindsOf = append(s.Routes, route), append(s.kindsOf, o.Routes[i].Kind)
		s.own[o.Routes[i].Name] = recall.Personal(o.Routes[i].Kind)
		s.listen(route)
	}
	s.addFallback(o)
	return nil
}

// index is the index of what entries say, which the routes that need it share.
func (s *State) index() *recall.Texts {
	if s.texts == nil {
		s.texts = recall.NewTexts()
		s.readers = append(s.readers, s.texts)
	}
	return s.texts
}

// listen notes what a route wants to be told beside events.
func (s *State) listen(route recall.Route) {
	if dated, ok := route.(recall.Dated); ok {
		s.dated = append(s.dated, dated)
	}
	if reader, ok := route.(recall.EntryReader); ok {
		s.readers = append(s.readers, reader)
	}
	if alike, ok := route.(recall.Alike); ok {
		s.Alike = append(s.Alike, alike)
	}
	if watcher, ok := route.(recall.ServedWatcher); ok {
		s.watchers = append(s.watchers, watcher)
	}
}

// addFallback picks a popular route and a newest one from those configured, or keeps one more.
func (s *State) addFallback(o *Options) {
	var popular, newest recall.Route
	for i, r := range o.Routes {
		switch {
		case r.Kind == "popular" && popular == nil:
			popular = s.Routes[i]
		case r.Kind == "new" && newest == nil:
			newest = s.Routes[i]
		}
	}
	if popular == nil {
		popular = recall.NewPopular("fallback", freshet.Hour, o.MaxFuture)
		s.extra, s.kindsOf = append(s.extra, popular), append(s.kindsOf, "popular")
	}
	if newest == nil {
		newest = recall.NewNewest("fallback", freshet.Day, s.Items)
		s.extra, s.kindsOf = append(s.extra, newest), append(s.kindsOf, "new")
		s.listen(newest)
	}
	s.Fallback = []recall.Route{popular, newest}
}
