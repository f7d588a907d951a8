package bench

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// The load of the workload ingest.
const (
	singleConns = 64   // that post one event at a time
	batchConns  = 8    // that post batches
	batchEvents = 1000 // in one batch

	otherServer = 1 << 39 // the first event of a server set up in another way, which may have those of the one before
)

// oneAccepted is in the reply to one new event.
const oneAccepted = `"accepted":1,"duplicate":0,"refused":0`

// ingest measures durable events: one a request, and a thousand a request.
func ingest(_ context.Context, k *kit) ([]part, error) {
	var ids atomic.Uint64 // of events: every one posted is new
	if k.Batches != "" {
		ids.Store(otherServer)
	}
	single := func(dst []byte) []byte { return k.requests.event(dst, ids.Add(1)) }
	batch := func(dst []byte) []byte {
		first := ids.Add(batchEvents) - batchEvents
		for i := range uint64(batchEvents) {
			dst = append(k.requests.event(dst, first+i), '\n')
		}
		return dst
	}
	posts := func(conns int, base, path, media string, body func([]byte) []byte, want string) func(context.Context, time.Duration) (float64, error) {
		return func(ctx context.Context, d time.Duration) (float64, error) {
			return closedLoop(ctx, k.Now, conns, d, func(ctx context.Context, _ int) (client, error) {
				return poster(ctx, base, path, media, body, []byte(want))
			})
		}
	}
	limit := func(metric string, each float64, measure func(context.Context, time.Duration) (float64, error)) func(context.Context, time.Duration) (map[string]float64, error) {
		return func(ctx context.Context, d time.Duration) (map[string]float64, error) {
			rate, err := measure(ctx, d)
			return map[string]float64{metric: rate * each}, err
		}
	}
	value := func(metric, unit string, each float64, measure func(context.Context, time.Duration) (float64, error)) func(context.Context, time.Duration) ([]figure, error) {
		return func(ctx context.Context, d time.Duration) ([]figure, error) {
			rate, err := measure(ctx, d)
			return []figure{{metric: metric, value: rate * each, unit: unit}}, err
		}
	}
	const one = "single_post"
	many := "ndjson_1000" + k.Batches
	singles := part{
		name: one,
		bounds: []bound{
			{"net/http handler that reads the body, then group commit (write + fdatasync)", limit(one, 1, posts(singleConns, k.bound.url, pathCommit, mediaJSON, single, ""))},
			{"net/http handler that reads the body", limit(one, 1, posts(singleConns, k.bound.url, pathRead, mediaJSON, single, ""))},
			{"group commit (write + fdatasync) without HTTP", limit(one, 1, func(ctx context.Context, d time.Duration) (float64, error) { return k.commits(ctx, d, single) })},
		},
		system: value(one, "requests/s", 1, posts(singleConns, k.URL, pathEvents, mediaJSON, single, oneAccepted)),
	}
	batches := part{
		name: many,
		bounds: []bound{
			{"net/http handler that reads and parses the body", limit(many, batchEvents, posts(batchConns, k.bound.url, pathParse, mediaNDJSON, batch, ""))},
		},
		system: value(many, "events/s", batchEvents, posts(batchConns, k.URL, pathEvents, mediaNDJSON, batch, fmt.Sprintf(`"accepted":%d,"duplicate":0,"refused":0`, batchEvents))),
	}
	if k.Batches != "" {
		return []part{batches}, nil
	}
	return slices.Concat([]part{singles}, apart(k), []part{batches}), nil
}

// poster is a client that posts bodies and looks for a text in the replies.
func poster(ctx context.Context, base, path, media string, body func([]byte) []byte, want []byte) (client, error) {
	c, err := dial(ctx, base)
	if err != nil {
		return client{}, err
	}
	var space []byte
	return client{stop: c.close, step: func() error {
		space = body(space[:0])
		reply, err := c.post(path, media, space)
		if err == nil && !bytes.Contains(reply, want) {
			err = fmt.Errorf("%s answered %.300q, which does not say %s", path, reply, want)
		}
		return err
	}}, nil
}

// commits is the group commit alone, with as many writers as there are connections.
func (k *kit) commits(ctx context.Context, d time.Duration, body func([]byte) []byte) (float64, error) {
	return closedLoop(ctx, k.Now, singleConns, d, func(context.Context, int) (client, error) {
		var space []byte
		return client{stop: func() error { return nil }, step: func() error {
			space = body(space[:0])
			return k.bound.disk.commit(space)
		}}, nil
	})
}
