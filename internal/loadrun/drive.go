package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"
)

// drive sends the catalogue and the users, then posts events, changes entries and keeps
// rows until everything that fell due in opts.duration has been answered or ctx ends. The
// error is that of the first entries or of writing kept; what replies were not as expected is counted in the summary and
// told, for the first ones, in the complaints. Every goroutine it starts has ended when it
// returns.
func drive(ctx context.Context, opts options, now func() time.Time, kept io.Writer) (summary, []string, error) {
	c := newClient(opts.url, opts.clients+opts.readers+1)
	defer c.close()
	entries := rand.New(rand.NewPCG(opts.seed, 0))
	if err := upsert(ctx, c, "items", catalogue(opts.items, entries)); err != nil {
		return summary{}, nil, fmt.Errorf("send the catalogue: %w", err)
	}
	if err := upsert(ctx, c, "users", population(opts.users, entries)); err != nil {
		return summary{}, nil, fmt.Errorf("send the users: %w", err)
	}

	worlds := make([]*world, opts.clients)
	var wg sync.WaitGroup
	for n := range worlds {
		worlds[n] = newWorld(opts, fmt.Sprintf("%x-%d", now().UnixMilli(), n), rand.New(rand.NewPCG(opts.seed, uint64(n)+1)))
		wg.Go(func() { worlds[n].prepare(opts.eventsEach()) })
	}
	wg.Wait()

	start := now()
	d := driver{opts: opts, client: c, now: now, start: start}
	rows := &lines{to: bufio.NewWriter(kept)}
	for n, w := range worlds {
		wg.Go(func() { d.postEvents(ctx, n, w) })
	}
	for n := range opts.readers {
		random := rand.New(rand.NewPCG(opts.seed, uint64(opts.clients+n)+1))
		wg.Go(func() { d.readRows(ctx, n, newWorld(opts, "", random), rows) })
	}
	wg.Go(func() { d.changeEntries(ctx, newWorld(opts, "", entries)) })
	wg.Wait()

	if err := rows.to.Flush(); err != nil {
		return summary{}, nil, fmt.Errorf("keep the rows: %w", err)
	}
	sum, complaints := d.tally.close(start)
	return sum, complaints, nil
}

// driver is what the goroutines of one run share.
type driver struct {
	opts   options
	client client
	now    func() time.Time
	start  time.Time
	tally  tally
}

// postEvents posts the batches of client n: of all batches, evenly spaced in time, every
// opts.clients-th one.
func (d *driver) postEvents(ctx context.Context, n int, w *world) {
	spacing := float64(d.opts.batch) / d.opts.rate * float64(time.Second)
	for i := n; ; i += d.opts.clients {
		after := float64(i) * spacing
		if after >= float64(d.opts.duration) {
			return
		}
		due := d.start.Add(time.Duration(after))
		if !d.sleepUntil(ctx, due) {
			return
		}
		sent := d.now()
		b := w.batch(sent)
		reply, err := d.client.events(ctx, b.body)
		if ctx.Err() != nil {
			return // cut off by the end of the run: says nothing about the server
		}
		if err == nil {
			err = reply.judge(b)
		}
		if err == nil {
			w.accepted(b)
		}
		if err != nil {
			w.body = nil // the connection may still be reading it
		}
		d.tally.posted(b, reply, sent.Sub(due), d.now(), err)
	}
}

// readRows keeps the rows of reader n: of opts.rows rows, evenly spaced over the run, every
// opts.readers-th one.
func (d *driver) readRows(ctx context.Context, n int, w *world, kept *lines) {
	for i := n; i < d.opts.rows; i += d.opts.readers {
		share := (float64(i) + 0.5) / float64(d.opts.rows)
		if !d.sleepUntil(ctx, d.start.Add(time.Duration(share*float64(d.opts.duration)))) {
			return
		}
		err := keepRow(ctx, d.client, w.randomRequest(), kept)
		if ctx.Err() != nil {
			return
		}
		d.tally.read(err)
	}
}

// changeEntries replaces items and users, opts.changes of both a second in turn, so that
// events before and after join other attributes.
func (d *driver) changeEntries(ctx context.Context, w *world) {
	if d.opts.changes == 0 {
		return
	}
	for i := 0; ; i++ {
		after := float64(i) / d.opts.changes * float64(time.Second)
		if after >= float64(d.opts.duration) || !d.sleepUntil(ctx, d.start.Add(time.Duration(after))) {
			return
		}
		var err error
		if i%2 == 0 {
			err = upsert(ctx, d.client, "items", []item{newItem(w.items.Uint64(), w.random)})
		} else {
			err = upsert(ctx, d.client, "users", []user{newUser(w.users.Uint64(), w.random)})
		}
		if ctx.Err() != nil {
			return
		}
		d.tally.changed(err)
	}
}

// lines takes whole lines from several goroutines.
type lines struct {
	mu sync.Mutex // guards what follows
	to *bufio.Writer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(line)
}

// sleepUntil waits for a moment, which may have passed; it is false once ctx has ended.
func (d *driver) sleepUntil(ctx context.Context, due time.Time) bool {
	timer := time.NewTimer(due.Sub(d.now()))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
