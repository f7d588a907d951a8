package bench

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/freshet-rec/freshet"
)

// Load is what a process of its own sends, so that the processor time of the process that is
// measured is that of the server alone: events, one a POST, on 64 connections. It has a JSON
// form to be handed over in.
type Load struct {
	URL      string           `json:"url"`  // http://host:port
	Path     string           `json:"path"` // of the server, or of the yardstick
	Users    []freshet.UserID `json:"users"`
	Items    []freshet.ItemID `json:"items"`
	Seed     uint64           `json:"seed"`
	First    uint64           `json:"first"`    // number of the first event; no two loads of a server may share numbers
	Duration time.Duration    `json:"duration"` // in [MinDuration/2, MaxDuration]
}

// Loaded is what came of a load.
type Loaded struct {
	Requests int64   `json:"requests"` // answered, the warm-up included
	Rate     float64 `json:"rate"`     // requests a second, after it
}

// Send sends the load and returns when the last reply has come.
func (l *Load) Send(ctx context.Context, now func() time.Time) (Loaded, error) {
	if len(l.Users) == 0 || len(l.Items) < 2 || l.Duration < MinDuration/2 || l.Duration > MaxDuration {
		return Loaded{}, fmt.Errorf("bench: %d users, %d items and %s are not a load", len(l.Users), len(l.Items), l.Duration)
	}
	r := newRequests(&Options{Users: l.Users, Items: l.Items, Seed: l.Seed})
	var ids atomic.Uint64
	ids.Store(l.First)
	want := ""
	if l.Path == pathEvents {
		want = oneAccepted
	}
	rate, err := closedLoop(ctx, now, singleConns, l.Duration, func(ctx context.Context, _ int) (client, error) {
		return poster(ctx, l.URL, l.Path, mediaJSON, func(dst []byte) []byte { return r.event(dst, ids.Add(1)) }, []byte(want))
	})
	return Loaded{int64(ids.Load() - l.First), rate}, err
}

// apart is the part of a workload that measures requests from a process of its own: how many
// a second, and what each costs the server. nil when Options do not say how.
func apart(k *kit) []part {
	if k.Apart == nil || k.CPU == nil {
		return nil
	}
	const rate, cost = "single_post_apart", "single_post_cpu"
	var turns uint64
	send := func(ctx context.Context, base, path string, d time.Duration) (each, micros float64, err error) {
		turns++
		load := &Load{URL: base, Path: path, Users: k.Users, Items: k.Items, Seed: k.Seed, First: (1 + turns) << 40, Duration: d}
		before, err := k.CPU()
		if err != nil {
			return 0, 0, err
		}
		loaded, err := k.Apart(ctx, load)
		if err != nil {
			return 0, 0, fmt.Errorf("the load from another process: %w", err)
		}
		after, err := k.CPU()
		return loaded.Rate, float64((after - before).Nanoseconds()) / 1000 / float64(max(1, loaded.Requests)), err
	}
	return []part{{
		name: rate,
		bounds: []bound{{"net/http handler that reads the body, the load from a process of its own", func(ctx context.Context, d time.Duration) (map[string]float64, error) {
			each, micros, err := send(ctx, k.bound.url, pathRead, d)
			return map[string]float64{rate: each, cost: micros}, err
		}}},
		system: func(ctx context.Context, d time.Duration) ([]figure, error) {
			each, micros, err := send(ctx, k.URL, pathEvents, d)
			return []figure{
				{metric: rate, value: each, unit: "requests/s"},
				{metric: cost, value: micros, unit: "µs", less: true},
			}, err
		},
	}}
}
