package stage

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/fold"
)

// Name is that of the workload.
const Name = "stage"

// goal is how long a slate may take, at the 99th percentile.
const goal = 3 * time.Millisecond

// Full is the size that the goal is about: six routes, a million items, 500 slates a second.
func Full() Options {
	return Options{
		Items: 1_000_000, Users: 200_000, Events: 2_000_000, N: 200, Budget: 10 * freshet.Millisecond, Seed: 7,
		Routes: []fold.Route{
			{Name: "covisit", Kind: "itemcf"}, {Name: "hot", Kind: "popular", Window: freshet.Hour}, {Name: "rising", Kind: "trending", Window: freshet.Hour, Against: freshet.Day},
			{Name: "alike", Kind: "similar"}, {Name: "new", Kind: "new", Within: 3 * freshet.Day}, {Name: "try", Kind: "explore"},
		},
		Rate: 500, Acts: 500, For: 30 * time.Second, Places: 10,
	}
}

// Lines are the result as the other workloads give theirs.
func (r *Result) Lines() []bench.Line {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	line := func(metric string, q Quantiles, bound string, limit time.Duration) bench.Line {
		l := bench.Against(metric, ms(q.P99), "ms", true, bound, [2]float64{ms(limit), ms(limit)})
		p50, p99 := ms(q.P50), ms(q.P99)
		l.P50, l.P99 = &p50, &p99
		return l
	}
	slate := line("recall_stage_p99", r.Took, "the goal", goal)
	if r.Degraded+r.Short > 0 {
		slate.Warning = fmt.Sprintf("of %d slates %d were degraded and %d were not full", r.Slates, r.Degraded, r.Short)
		for _, what := range slices.Sorted(maps.Keys(r.What)) {
			slate.Warning += fmt.Sprintf("; %d × %s", r.What[what], what)
		}
	}
	lines := []bench.Line{
		slate,
		line("recall_stage_p99", r.Took, "the same schedule with nothing done", r.Idle.P99),
		bench.Against("recall_stage_cpu", ms(r.CPU), "ms", true, "the goal: all of two processors", [2]float64{4, 4}),
	}
	for i := range r.Routes {
		route := &r.Routes[i]
		q := Quantiles{P50: route.Waits.At(0.5), P99: route.Waits.At(0.99)}
		lines = append(lines, line("recall_route_p99_at_most:"+route.Name, q, "the goal", goal))
	}
	return lines
}
