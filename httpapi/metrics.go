package httpapi

import (
	"log"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/freshet-rec/freshet/stream"
)

// metrics are what /metrics exposes. No label holds an id of a visitor or an item.
type metrics struct {
	handler  http.Handler
	requests *prometheus.HistogramVec
}

// latencyBuckets are in seconds, finest where slates and events are answered.
var latencyBuckets = []float64{.0002, .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 5}

// newMetrics returns the metrics of an API.
func newMetrics(a *API) *metrics {
	m := &metrics{requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "freshet_http_request_seconds", Help: "Time from the first byte of a request's handling to the end of its reply, by route.", Buckets: latencyBuckets,
	}, []string{"route"})}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.requests, books{a}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorLog: log.New(reportWriter{a}, "", 0), EnableOpenMetrics: true})
	return m
}

// reportWriter passes what a library would log on to Report.
type reportWriter struct{ a *API }

func (w reportWriter) Write(text []byte) (int, error) {
	w.a.Report("metrics", errText(text))
	return len(text), nil
}

type errText string

func (e errText) Error() string { return string(e) }

// timed answers with handle and observes how long that takes.
func (m *metrics) timed(now func() time.Time, route string, handle http.HandlerFunc) http.HandlerFunc {
	observe := m.requests.WithLabelValues(route).Observe
	return func(w http.ResponseWriter, r *http.Request) {
		began := now()
		handle(w, r)
		observe(now().Sub(began).Seconds())
	}
}

// books collects the counts that /status tells too, at one moment each.
type books struct{ a *API }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("freshet_"+name, help, labels, nil)
}

var (
	eventsDesc    = desc("events_total", "Events by what became of them, at one moment: received = accepted + duplicate + refused; accepted = applied + late + dead_lettered + erased + freshet_events_pending; unkeyed is that part of accepted which came without an event_id.", "outcome")
	pendingDesc   = desc("events_pending", "Events accepted and not applied yet.")
	positionDesc  = desc("journal_position", "Position of the newest record that is durable, or applied.", "reached")
	failedDesc    = desc("journal_failed", "1 when the journal has failed and takes no events until a restart, else 0.")
	fullDesc      = desc("disk_full", "1 while no events are taken because the disk is full, else 0.")
	sizeDesc      = desc("state_entries", "What the state holds, by kind.", "kind")
	idsDesc       = desc("event_ids", "Event ids remembered.")
	evictedDesc   = desc("event_ids_evicted_total", "Event ids forgotten only because there was no room for more; a retry of their events would count twice.")
	cellsDesc     = desc("audit_cells_total", "Feature values recomputed from raw events as they were served.")
	differingDesc = desc("audit_differing_cells_total", "Of those, the values that differ from what was served. Anything above 0 is a defect.")
	letGoDesc     = desc("audit_not_comparable_cells_total", "Feature values that were not compared, because events behind them may have been let go of with their key for want of room.")
	keysDesc      = desc("feature_keys", "Keys under which a feature has a state; features of one key share them.", "feature")
	bytesDesc     = desc("feature_bytes", "Memory of a feature's state, its share of the table that it stands in included.", "feature")
	maxKeysDesc   = desc("feature_keys_max", "Keys over all features, freshet_state_entries{kind=\"feature_keys\"}, beyond which the oldest go: memory.feature_keys.")
	goneDesc      = desc("feature_keys_evicted_total", "Keys that went because there were more than freshet_feature_keys_max; their values begin anew.")
	reloadsDesc   = desc("config_reloads_total", "Reloads of the configuration since the start, by how they ended. refused and failed left everything as it was.", "outcome")
	warmingDesc   = desc("features_warming_share", "Of the journal that changed features are folded from, the share that is done; absent when none are on their way.")
	sampledDesc   = desc("recall_sampled_queries_total", "Searches of an index that were made once more in all vectors since the start, by route.", "route")
	foundDesc     = desc("recall_sampled_share", "Mean share of the nearest vectors that the index found in those searches, by route; absent before the first.", "route")
	learnedDesc   = desc("online_rows_total", "Rows of the online update since the ranker is live, by what became of them: learned, or left out because a visitor or an item had its say (bounded) or too many were waiting (thinned).", "outcome")
	creditedDesc  = desc("online_positives_total", "Positives of the online update since the ranker is live: learned, of nothing that was shown (orphan), or come before (repeat).", "outcome")
	divergedDesc  = desc("online_diverged_total", "Publications of the journal since the ranker is live that are not what is learned from it here. Those of another release, or of other settings, may not be; anything else above 0 is a defect.")
	movedDesc     = desc("online_weights_moved", "Weights that the online update has moved away from those of the ranker as trained.")
	watermarkDesc = desc("watermark_seconds", "Unix time up to which events by HTTP are taken to have come.")
)

// Describe implements prometheus.Collector.
func (b books) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{eventsDesc, pendingDesc, positionDesc, failedDesc, fullDesc, sizeDesc, idsDesc, evictedDesc, cellsDesc, differingDesc, letGoDesc, keysDesc, bytesDesc, maxKeysDesc, goneDesc, reloadsDesc, warmingDesc, sampledDesc, foundDesc, learnedDesc, creditedDesc, divergedDesc, movedDesc, watermarkDesc} {
		out <- d
	}
	for _, d := range recallDescs {
		out <- d
	}
}

// sign is 1 for trouble.
func sign(err error) float64 {
	if err == nil {
		return 0
	}
	return 1
}

// Collect implements prometheus.Collector.
func (b books) Collect(out chan<- prometheus.Metric) {
	tell := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, value, labels...)
	}
	events, server := b.a.Stream, b.a.Server
	l := events.Ledger()
	for _, one := range []struct {
		outcome string
		n       uint64
	}{{"received", l.Received}, {"accepted", l.Accepted}, {"duplicate", l.Duplicate}, {"refused", l.Refused}, {"applied", l.Applied}, {"late", l.Late},
		{"dead_lettered", l.DeadLettered}, {"erased", l.Erased}, {"unkeyed", l.Unkeyed}} {
		tell(eventsDesc, prometheus.CounterValue, float64(one.n), one.outcome)
	}
	tell(pendingDesc, prometheus.GaugeValue, float64(l.Pending))
	tell(positionDesc, prometheus.GaugeValue, float64(events.Durable()), "durable")
	tell(positionDesc, prometheus.GaugeValue, float64(events.Applied()), "applied")
	tell(failedDesc, prometheus.GaugeValue, sign(events.Err()))
	tell(fullDesc, prometheus.GaugeValue, sign(events.Full()))
	b.collectRecall(out, tell)
	if name, _ := server.Held(); name != "" {
		return // the rest is read from the state, which is not to be had
	}
	sizes := server.Sizes()
	tell(sizeDesc, prometheus.GaugeValue, float64(sizes.Items), "items")
	tell(sizeDesc, prometheus.GaugeValue, float64(sizes.Visitors), "visitors")
	tell(sizeDesc, prometheus.GaugeValue, float64(sizes.Keys), "feature_keys")
	defs := server.FeatureDefs()
	for i := range defs.Features {
		f := &defs.Features[i]
		tell(keysDesc, prometheus.GaugeValue, float64(f.Cost.Keys), f.Name)
		tell(bytesDesc, prometheus.GaugeValue, float64(f.Cost.Bytes), f.Name)
	}
	tell(maxKeysDesc, prometheus.GaugeValue, float64(sizes.MaxKeys))
	tell(goneDesc, prometheus.CounterValue, float64(sizes.Evicted))
	held, evicted := events.EventIDs()
	tell(idsDesc, prometheus.GaugeValue, float64(held))
	tell(evictedDesc, prometheus.CounterValue, float64(evicted))
	again := server.Watched()
	tell(cellsDesc, prometheus.CounterValue, float64(again.Cells))
	tell(differingDesc, prometheus.CounterValue, float64(again.Differing))
	tell(letGoDesc, prometheus.CounterValue, float64(again.LetGo))
	reloads := b.a.reloadState()
	for _, outcome := range []string{ReloadApplied, ReloadUnchanged, ReloadRefusal, ReloadFailed} {
		tell(reloadsDesc, prometheus.CounterValue, float64(reloads.Counts[outcome]), outcome)
	}
	if reloads.Warming != nil {
		tell(warmingDesc, prometheus.GaugeValue, reloads.Warming.Share)
	}
	for _, f := range server.Sampled() {
		tell(sampledDesc, prometheus.CounterValue, float64(f.Queries), f.Route)
		if f.Queries > 0 {
			tell(foundDesc, prometheus.GaugeValue, f.Mean, f.Route)
		}
	}
	if _, l, learns := server.Updating(); learns {
		for outcome, n := range map[string]uint64{"learned": l.Rows, "bounded": l.Bounded, "thinned": l.Thinned} {
			tell(learnedDesc, prometheus.CounterValue, float64(n), outcome)
		}
		for outcome, n := range map[string]uint64{"learned": l.Positives, "orphan": l.Orphans, "repeat": l.Repeats} {
			tell(creditedDesc, prometheus.CounterValue, float64(n), outcome)
		}
		tell(divergedDesc, prometheus.CounterValue, float64(l.Diverged))
		tell(movedDesc, prometheus.GaugeValue, float64(l.Moved))
	}
	if ms, ok := events.Watermarks()[stream.SourceHTTP]; ok {
		tell(watermarkDesc, prometheus.GaugeValue, float64(ms)/1000)
	}
}
