package httpapi

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/freshet-rec/freshet/serve"
)

// recallStatus is how the recall routes do.
type recallStatus struct {
	Held   *heldStatus   `json:"held,omitempty"` // the route that keeps the state from changing
	Places int           `json:"places"`         // of the slates served last, at most 10,000
	Clicks int           `json:"clicks"`         // of places, those that were clicked
	Routes []routeStatus `json:"routes"`         // in configured order
}

// heldStatus is a route in memory that does not return. Nothing is applied while it goes on.
type heldStatus struct {
	Route string `json:"route"`
	Since string `json:"since"`
}

// routeStatus is how one route does: since the start, but for the last four fields, which are
// about the slates served last.
type routeStatus struct {
	Name       string            `json:"name"`
	Kind       string            `json:"kind"`
	Asked      uint64            `json:"asked"`
	Failed     map[string]uint64 `json:"failed"`         // of asked, by timeout, error, busy, panic and garbage
	Candidates uint64            `json:"candidates"`     // proposed in all
	P50MS      float64           `json:"p50_ms"`         // how long it took: upper bound of the class
	P99MS      float64           `json:"p99_ms"`         // likewise
	Late       int               `json:"late,omitempty"` // asks that go on with nobody waiting
	Slots      *slotsStatus      `json:"slots,omitempty"`

	Shown       int `json:"shown"`        // places that it proposed
	Alone       int `json:"alone"`        // of shown, those that no other route proposed
	Clicks      int `json:"clicks"`       // of shown, those that were clicked
	AloneClicks int `json:"alone_clicks"` // of alone, those that were clicked
}

// slotsStatus is about the calls of a route that asks outside.
type slotsStatus struct {
	Of    int  `json:"of"`
	Taken int  `json:"taken"`
	Blown bool `json:"blown,omitempty"` // it failed again and again and is asked once a second
}

// recallStatus asks the server.
func (a *API) recallStatus() recallStatus {
	routes, total := a.Server.RouteStatuses()
	s := recallStatus{Places: total.Shown, Clicks: total.Clicks, Routes: []routeStatus{}}
	if name, since := a.Server.Held(); name != "" {
		s.Held = &heldStatus{name, since.UTC().Format(timeFormat)}
	}
	for i := range routes {
		r := &routes[i]
		one := routeStatus{Name: r.Name, Kind: r.Kind, Asked: r.Asked, Failed: r.Failed, Candidates: r.Candidates, P50MS: millis(r.Waits.At(0.5)), P99MS: millis(r.Waits.At(0.99)), Late: r.Late,
			Shown: r.Use.Shown, Alone: r.Use.Alone, Clicks: r.Use.Clicks, AloneClicks: r.Use.AloneClicks}
		if r.Slots > 0 {
			one.Slots = &slotsStatus{r.Slots, r.Busy, r.Blown}
		}
		s.Routes = append(s.Routes, one)
	}
	return s
}

var (
	routeAskedDesc  = desc("recall_asks_total", "Slates that asked a route.", "route")
	routeFailedDesc = desc("recall_failures_total", "Asks that cost a slate the route's candidates, or some of them, by what went wrong.", "route", "status")
	routeFoundDesc  = desc("recall_candidates_total", "Candidates that a route proposed.", "route")
	routeTookDesc   = desc("recall_seconds", "Time that a route took, waited for or not.", "route")
	routeLateDesc   = desc("recall_late_asks", "Asks of a route that go on with nobody waiting.", "route")
	routeHeldDesc   = desc("recall_held", "1 while a route in memory that does not return keeps the state from changing, so that nothing is applied; only a restart ends that for certain.")
	routeSlotsDesc  = desc("recall_slots", "Calls of a route that asks outside, under way or possible at once.", "route", "slots")
	routeBlownDesc  = desc("recall_fuse_blown", "1 while a route that asks outside is asked once a second only, because it failed again and again.", "route")
	routePlacesDesc = desc("recall_places", "Places of the slates served last, at most 10,000: those that a route proposed, those that no other did, and of both those that were clicked. Route \"\" is all places.", "route", "which")

	recallDescs = []*prometheus.Desc{routeAskedDesc, routeFailedDesc, routeFoundDesc, routeTookDesc, routeLateDesc, routeHeldDesc, routeSlotsDesc, routeBlownDesc, routePlacesDesc}
)

// collectRecall tells of the routes.
func (b books) collectRecall(out chan<- prometheus.Metric, tell func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string)) {
	flag := func(set bool) float64 {
		if set {
			return 1
		}
		return 0
	}
	routes, total := b.a.Server.RouteStatuses()
	places := func(use *serve.RouteUse, route string) {
		tell(routePlacesDesc, prometheus.GaugeValue, float64(use.Shown), route, "shown")
		tell(routePlacesDesc, prometheus.GaugeValue, float64(use.Alone), route, "alone")
		tell(routePlacesDesc, prometheus.GaugeValue, float64(use.Clicks), route, "clicked")
		tell(routePlacesDesc, prometheus.GaugeValue, float64(use.AloneClicks), route, "alone_clicked")
	}
	places(&total, "")
	name, _ := b.a.Server.Held()
	tell(routeHeldDesc, prometheus.GaugeValue, flag(name != ""))
	for i := range routes {
		r := &routes[i]
		tell(routeAskedDesc, prometheus.CounterValue, float64(r.Asked), r.Name)
		for status, n := range r.Failed {
			tell(routeFailedDesc, prometheus.CounterValue, float64(n), r.Name, status)
		}
		tell(routeFoundDesc, prometheus.CounterValue, float64(r.Candidates), r.Name)
		buckets, sum := map[float64]uint64{}, uint64(0)
		for at, bound := range serve.WaitBounds {
			sum += r.Waits.Counts[at]
			buckets[bound.Seconds()] = sum
		}
		out <- prometheus.MustNewConstHistogram(routeTookDesc, r.Waits.Count(), r.Waits.Sum.Seconds(), buckets, r.Name)
		tell(routeLateDesc, prometheus.GaugeValue, float64(r.Late), r.Name)
		if r.Slots > 0 {
			tell(routeSlotsDesc, prometheus.GaugeValue, float64(r.Slots), r.Name, "all")
			tell(routeSlotsDesc, prometheus.GaugeValue, float64(r.Busy), r.Name, "taken")
			tell(routeBlownDesc, prometheus.GaugeValue, flag(r.Blown), r.Name)
		}
		places(&r.Use, r.Name)
	}
}
