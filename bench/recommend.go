package bench

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// slateConns is how many connections ask for slates.
const slateConns = 8

// recommend measures slates: as many as can be had, then how long one takes at half that rate.
func recommend(_ context.Context, k *kit) ([]part, error) {
	const rate, wait = "slates", "slate_latency"
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
	atHalf := func(ctx context.Context, d time.Duration, base, path string, seen *slateTally) (schedule, took, took, error) {
		s, err := newSchedule(k.Options, slates/2, d, slateConns)
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
	name := fmt.Sprintf("net/http handler that answers with %d bytes, as many as a slate%s", len(k.bound.slate), k.ranking())
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
	}, {
		name: wait,
		bounds: []bound{{name + ", same schedule", func(ctx context.Context, d time.Duration) (map[string]float64, error) {
			_, _, times, err := atHalf(ctx, d, k.bound.url, pathSlate, nil)
			if fatal(err) {
				return nil, err
			}
			return map[string]float64{wait: millis(times.at(0.5))}, err
		}}},
		system: func(ctx context.Context, d time.Duration) ([]figure, error) {
			seen := &slateTally{}
			s, lag, times, err := atHalf(ctx, d, k.URL, pathRecommend, seen)
			if fatal(err) {
				return nil, err
			}
			return []figure{
				{metric: wait, value: millis(times.at(0.5)), unit: "ms", less: true, took: times, warning: seen.doubt()},
				s.lagFigure(lag),
			}, err
		},
	}}, nil
}

// slateTally counts slates and those that are not what was asked for. A nil tally counts
// nothing; the methods may be called from any goroutine.
type slateTally struct{ all, degraded, short atomic.Int64 }

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
	}
	if !bytes.Contains(reply, full) {
		t.short.Add(1)
	}
}

// doubt says what is wrong with the slates, "" if nothing is.
func (t *slateTally) doubt() string {
	degraded, short := t.degraded.Load(), t.short.Load()
	if degraded+short == 0 {
		return ""
	}
	return fmt.Sprintf("of %d slates %d were degraded and %d were not full", t.all.Load(), degraded, short)
}
