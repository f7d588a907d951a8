package serve

import (
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/recall"
)

// RouteUse is what a route brought to the slates served last, in places.
type RouteUse = recall.RouteUse

// RouteStatus is how a recall route does.
type RouteStatus struct {
	Name, Kind string

	// Since the start.
	Asked      uint64            // slates that asked it
	Failed     map[string]uint64 // of Asked, by timeout, error, busy, panic and garbage; all of them are there
	Candidates uint64            // it proposed in all
	Waits      Waits             // how long it took, waited for or not

	// Now.
	Late  int       // asks that go on with nobody waiting
	Since time.Time // with Late: when the first of them was left
	Slots int       // of a route outside: calls that may be under way at once; 0 for others
	Busy  int       // of Slots, those taken
	Blown bool      // of a route outside: it failed again and again and is asked once a second

	// Over the slates served last; see recall.Ledger.
	Use RouteUse
}

// RouteStatuses are those of all routes in configured order, and the sum over all places of the
// slates served last. The shares that need the state are those of nothing while it is held.
func (s *Server) RouteStatuses() (list []RouteStatus, total RouteUse) {
	uses := map[string]RouteUse{}
	s.Stream.ViewWithin(stateWait, func(freshet.Position) {
		var table []RouteUse
		if table, total = s.State.Ledger.Table(); len(table) > 0 {
			for _, use := range table {
				uses[use.Route] = use
			}
		}
	})
	for at := range s.Routes {
		route, t := &s.Routes[at], &s.troubles[at]
		one := RouteStatus{Name: route.Name, Kind: route.Kind, Asked: t.asked.Load(), Failed: map[string]uint64{}, Candidates: t.proposed.Load(), Waits: t.wait.read(), Use: uses[route.Name]}
		for i, what := range failures {
			one.Failed[what] = t.failed[i].Load()
		}
		one.Late, one.Since = t.lates()
		if o := s.outside[at]; o != nil {
			one.Slots, one.Busy, one.Blown = cap(o.slots), o.busy(), o.fuse.open()
		}
		list = append(list, one)
	}
	return list, total
}
