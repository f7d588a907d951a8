package bench

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// The load of the workload recommend.
const (
	slateConns = 8    // connections that ask for slates
	slateRate  = 2000 // slates a second of the schedule that is the same on every machine
)

// recommend measures slates: as many as can be had, then how long one takes at half that
// rate, and at a rate that is always the same.
func recommend(_ context.Context, k *kit) ([]part, error) {
	const rate, wait = "slates", "slate_latency"
	waitFixed := fmt.Sprintf("slate_latency_at_%d", slateRate)
	var turn atomic.Uint64
	var slates float64 // a second, as measured by the first part
	atOnce := func(base, path string, seen *slateTally) func(context.Context, time.Duration) (float64, error) {
		return func(ctx context.Context, d time.Duration) (float64, error) {
			return closedLoop(ctx, k.Now, slateConns, d, func(ctx context.Context, _ int) (client, error) {
				c, err := dial(ctx, base)
				if err != nil {
					return client{}, err
				}
				var body []byte
				return client{stop: c.close, step: func() error {
					body = k.requests.slate(body[:0], turn.Add(1))
					reply, err := c.post(path, mediaJSON, body)
					seen.look(reply, err)
					return err
				}}, nil
			})
		}
	}
	name := fmt.Sprintf("net/http handler that answers with %d bytes, as many as a slate%s", len(k.bound.slate), k.ranking())
	waits := func(metric string, rate func() float64) part {
		return part{
			name: metric,
			bounds: []bound{{name + ", same schedule", func(ctx context.Context, d time.Duration) (map[string]float64, error) {
				_, _, times, err := k.onTime(ctx, rate(), d, k.bound.url, pathSlate, nil)
				if fatal(err) {
					return nil, err
				}
				return map[string]float64{metric: millis(times.at(0.5))}, err
			}}},
			system: func(ctx context.Context, d time.Duration) ([]figure, error) {
				seen := &slateTally{}
				s, lag, times, err := k.onTime(ctx, rate(), d, k.URL, pathRecommend, seen)
				if fatal(err) {
					return nil, err
				}
				return []figure{
					{metric: metric, value: millis(times.at(0.5)), unit: "ms", less: true, took: times, warning: seen.doubt()},
					s.lagFigure(strings.TrimPrefix(metric, wait), lag),
				}, err
			},
		}
	}
	return []part{{
		name: rate,
		bounds: []bound{{name, func(ctx context.Context, d time.Duration) (map[string]float64, error) {
			r, err := atOnce(k.bound.url, pathSlate, nil)(ctx, d)
			return map[string]float64{rate: r}, err
		}}},
		system: func(ctx context.Context, d time.Duration) (_ []figure, err error) {
			seen := &slateTally{}
			slates, err = atOnce(k.URL, pathRecommend, seen)(ctx, d)
			return []figure{{metric: rate, value: slates, unit: "slates/s", warning: seen.doubt()}}, err
		},
	}, waits(wait, func() float64 { return slates / 2 }), waits(waitFixed, func() float64 { return slateRate })}, nil
}

// onTime asks for slates at a rate and returns how late the schedule was and how long they took,
// from when they were due.
func (k *kit) onTime(ctx context.Context, rate float64, d time.Duration, base, path string, seen *slateTally) (schedule, took, took, error) {
	s, err := newSchedule(k.Options, rate, d, slateConns)
	if err != nil {
		return s, nil, nil, err
	}
	samples := make([][]time.Duration, slateConns)
	lag, err := s.run(ctx, func(ctx context.Context, n int) (dueClient, error) {
		c, err := dial(ctx, base)
		if err != nil {
			return dueClient{}, err
		}
		var body []byte
		return dueClient{stop: c.close, step: func(i int, due time.Time) error {
			body = k.requests.slate(body[:0], uint64(i))
			reply, err := c.post(path, mediaJSON, body)
			samples[n] = append(samples[n], k.Now().Sub(due))
			seen.look(reply, err)
			return err
		}}, nil
	})
	return s, lag, sorted(samples...), err
}

// slateTally counts slates and those that are not what was asked for. A nil tally counts
// nothing; the methods may be called from any goroutine.
type slateTally struct {
	all, degraded, short atomic.Int64
	example              atomic.Pointer[string] // what one of the degraded said
}

var (
	sound = []byte(`"degraded":[]`)
	full  = fmt.Appendf(nil, `"filled":%d,`, slateLength)
)

func (t *slateTally) look(reply []byte, err error) {
	if t == nil || err != nil {
		return
	}
	t.all.Add(1)
	if !bytes.Contains(reply, sound) {
		t.degraded.Add(1)
		if t.example.Load() == nil {
			says := saysDegraded(reply)
			t.example.Store(&says)
		}
	}
	if !bytes.Contains(reply, full) {
		t.short.Add(1)
	}
}

// saysDegraded is the part of a reply that names what was missing, "" if there is none.
func saysDegraded(reply []byte) string {
	_, says, _ := bytes.Cut(reply, []byte(`"degraded":[`))
	says, _, _ = bytes.Cut(says, []byte{']'})
	return string(says)
}

// doubt says what is wrong with the slates, "" if nothing is.
func (t *slateTally) doubt() string {
	degraded, short := t.degraded.Load(), t.short.Load()
	if degraded+short == 0 {
		return ""
	}
	such := ""
	if example := t.example.Load(); example != nil {
		such = fmt.Sprintf(" (such as %s)", *example)
	}
	return fmt.Sprintf("of %d slates %d were degraded%s and %d were not full", t.all.Load(), degraded, such, short)
}
