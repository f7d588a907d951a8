package main

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/backfill"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
)

// served writes rows as the state said where they were read.
func (b *backfiller) served(ctx context.Context, file *rowsFile, metadata map[string]string, span *slateSpan) (err error) {
	p, begin, err := b.openFold(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.reader.Close()) }()
	if b.points != nil {
		return b.servedPoints(ctx, file, metadata, p, begin)
	}
	slates, err := b.findSlates(ctx, span, begin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, slates.close()) }()
	if err := slates.open(b.disk); err != nil {
		return err
	}
	file.begin(b.layout(p.state, metadata))
	times := make([]int64, len(slates.list))
	for i := range slates.list {
		times[i] = slates.list[i].time
	}
	order := backfill.NewOrder(times, file.write)
	builder := p.state.NewRowBuilder()
	weights := b.weights()
	rows := map[uint32][]backfill.Encoded{} // of the slates under way
	bar := b.app.bar("rows", int64(b.reply.Last), "records")
	for _, read := range slates.reads {
		if err := advance(ctx, p, read.at, bar); err != nil {
			return err
		}
		rec, places, over, err := slates.read(read)
		if err != nil {
			return err
		}
		if rows[read.request] == nil {
			rows[read.request] = make([]backfill.Encoded, len(rec.Items))
		}
		builder.Start(p.state.Visitor(rec.Visitor), rec.Time, rec.Context)
		for _, place := range places {
			item := &rec.Items[place]
			c := item.Candidate(p.state.Items.Find(item.Item), rec.Weights(weights))
			row := rowOfSlate(rec, place, slates.list[read.request].record)
			made := builder.Row(&c)
			row.Fields, row.Values = made.Numbers, builder.Values()
			row.Hash, row.Served = fold.RowHash(made), item.Row
			b.compare(rec, row)
			rows[read.request][place] = file.writer.Encode(row)
		}
		if over {
			if err := order.Done(int(read.request), rows[read.request]); err != nil {
				return err
			}
			delete(rows, read.request)
		}
	}
	bar.done()
	b.reply.Rows = file.writer.Rows()
	return nil
}

// openFold returns the state before the journal's first record, or where the journal from before it is
// gone, at the oldest snapshot made for this configuration; begin is the least position it can be read at.
func (b *backfiller) openFold(ctx context.Context) (p *past, begin freshet.Position, err error) {
	if b.reply.First == 1 {
		state, err := fold.New(foldOptions(b.cfg))
		if err != nil {
			return nil, 0, err
		}
		p, err := b.past(&past{state: state})
		return p, 0, err
	}
	oldest, err := oldestSnapshot(b.disk, b.cfg)
	if err != nil {
		return nil, 0, err
	}
	if p, err = b.app.openPast(ctx, b.disk, b.cfg, oldest); err != nil {
		return nil, 0, err
	}
	p.reader.Until(b.reply.Last)
	b.app.say("the journal begins at position %s: rows are computed from the snapshot of position %s on", b.reply.First, p.at)
	return p, p.at, nil
}

// layout is that of rows of a state.
func (b *backfiller) layout(state *fold.State, metadata map[string]string) *backfill.Layout {
	return &backfill.Layout{Mode: backfill.Served, Fields: state.RowNames().Numbers, Features: b.cfg.Features, Keep: b.keep, ItemID: state.Items.ID, Metadata: metadata}
}

// weights gives the weight of a route in the merge, by its name. A route that is not configured any
// more has none.
func (b *backfiller) weights() func(route string) float64 {
	weights := map[string]float64{}
	for _, r := range b.cfg.Recall {
		weights[r.Name] = recall.Weight(r.Kind)
	}
	return func(route string) float64 { return weights[route] }
}

// rowOfSlate is what a record says of the row of an item.
func rowOfSlate(rec *fold.Served, place int, record freshet.Position) *backfill.Row {
	item := &rec.Items[place]
	return &backfill.Row{Request: rec.Request, Time: rec.Time, Position: rec.RowPosition(item), Record: record, Scene: rec.Scene, Visitor: rec.Visitor,
		Item: item.Item, Rank: place + 1, Score: item.Score, Definitions: rec.Definitions}
}

// compare holds a row against the one that was served.
func (b *backfiller) compare(rec *fold.Served, row *backfill.Row) {
	switch {
	case rec.Definitions != b.definitions, rec.Config != "" && rec.Config != b.config:
	case row.Served == "":
		b.reply.Absent++
	default:
		if row.Compared, row.Same = true, row.Served == row.Hash; row.Same {
			b.reply.Equal++
		} else {
			b.reply.Differing++
		}
	}
}

// servedPoints writes rows as the state stood at the points' times.
func (b *backfiller) servedPoints(ctx context.Context, file *rowsFile, metadata map[string]string, p *past, begin freshet.Position) error {
	reads, err := pointReads(ctx, b.disk, b.points, b.reply.Last)
	if err != nil {
		return err
	}
	l := b.layout(p.state, metadata)
	first := p.state.FirstFeature()
	l.Points, l.Fields = true, l.Fields[first:]
	file.begin(l)
	times := make([]int64, len(b.points))
	for i := range b.points {
		times[i] = b.points[i].time
	}
	order := backfill.NewOrder(times, file.write)
	builder := p.state.NewRowBuilder()
	bar := b.app.bar("rows", int64(b.reply.Last), "records")
	for _, read := range reads {
		at := &b.points[read.request]
		if read.at < begin {
			return usagef("--at: line %d: at %s the journal stood at position %s, and what is before %s is gone", at.line, stampOf(at.time), read.at, begin)
		}
		if err := advance(ctx, p, read.at, bar); err != nil {
			return err
		}
		if earliest := p.state.Newest - int64(b.cfg.MaxFuture); at.time < earliest {
			return usagef("--at: line %d: ts is %s, more than max_future (%s) before the newest event that had come by then, of %s; --mode event-time computes it",
				at.line, stampOf(at.time), b.cfg.MaxFuture, stampOf(p.state.Newest))
		}
		c := recall.Candidate{Item: p.state.Items.Find(at.item)}
		builder.Start(p.state.Visitor(at.visitor), at.time, at.context)
		row := &backfill.Row{Line: at.line, Time: at.time, Position: read.at, Visitor: at.visitor, Item: at.item, Fields: builder.Row(&c).Numbers[first:], Values: builder.Values()}
		if c.Item == 0 {
			row.Fields[len(row.Fields)-2] = math.NaN() // nothing had named the item: it has no age
		}
		if err := order.Done(int(read.request), []backfill.Encoded{file.writer.Encode(row)}); err != nil {
			return err
		}
	}
	bar.done()
	b.reply.Rows = file.writer.Rows()
	return nil
}

// stampOf is a time for people.
func stampOf(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
