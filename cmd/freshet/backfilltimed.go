package main

import (
	"context"
	"errors"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/backfill"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/stream"
)

// timed is a backfill as of event time under way.
type timed struct {
	*backfiller
	history *backfill.History
	asks    []timedAsk // by their numbers
}

// timedAsk is what rows were asked for.
type timedAsk struct {
	slate  *fold.Served // without what its routes said; nil for a point
	record freshet.Position
	at     freshet.Position
	places []int
	point  *point
}

// eventTime writes rows as of event time.
func (b *backfiller) eventTime(ctx context.Context, file *rowsFile, metadata map[string]string, span *slateSpan) (err error) {
	if b.reply.First > 1 {
		return usagef("--mode event-time needs every event, and the journal begins at position %s; what is before was released (journal.retain)", b.reply.First)
	}
	t := &timed{backfiller: b, history: backfill.NewHistory(backfill.HistoryOptions{Features: b.cfg.Features, Slack: b.cfg.MaxFuture, NewTable: foldOptions(b.cfg).NewTable})}
	p, err := b.past(&past{also: t.apply})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.reader.Close()) }()
	names := []string{}
	for i := range b.cfg.Features {
		names = append(names, "feature."+b.cfg.Features[i].Name)
	}
	file.begin(&backfill.Layout{Mode: backfill.EventTime, Points: b.points != nil, Fields: append(names, "item.age_days", "time.hour"),
		Features: b.cfg.Features, Keep: b.keep, ItemID: t.history.ItemID, Metadata: metadata})
	bar := b.app.bar("events", int64(b.reply.Last), "records")
	if b.points == nil {
		if err := t.askSlates(ctx, p, span, bar); err != nil {
			return err
		}
	}
	if err := advance(ctx, p, b.reply.Last, bar); err != nil {
		return err
	}
	bar.done()
	t.askPoints()
	return t.write(ctx, file)
}

// apply tells the history of an entry of the journal.
func (t *timed) apply(e *stream.Entry) {
	switch {
	case e.Item != nil:
		t.history.Item(e.Item, e.Received, e.Position)
	case e.User != nil:
		t.history.User(e.User, e.Position)
	case e.Event != nil && !e.Late:
		t.history.Event(e.Event, e.Position)
	}
}

// askSlates asks for the rows of the slates, each where the journal stood when it was read.
func (t *timed) askSlates(ctx context.Context, p *past, span *slateSpan, bar *bar) (err error) {
	slates, err := t.findSlates(ctx, span, 0)
	if err != nil {
		return err
	}
	// Whatever slates were served under, their rows are what the definitions in force say.
	delete(t.reply.Excluded, "definitions")
	delete(t.reply.Excluded, "config")
	defer func() { err = errors.Join(err, slates.close()) }()
	if err := slates.open(t.disk); err != nil {
		return err
	}
	for _, read := range slates.reads {
		if err := advance(ctx, p, read.at, bar); err != nil {
			return err
		}
		rec, places, over, err := slates.read(read)
		if err != nil {
			return err
		}
		ask := backfill.Ask{Time: rec.Time, Position: read.at, Visitor: rec.Visitor, Context: rec.Context}
		for _, place := range places {
			ask.Items = append(ask.Items, rec.Items[place].Item)
		}
		t.history.Ask(len(t.asks), &ask)
		t.asks = append(t.asks, timedAsk{slate: rec, record: slates.list[read.request].record, at: read.at, places: places})
		if over {
			slim(rec)
		}
	}
	return nil
}

// slim forgets what of a record no row needs.
func slim(rec *fold.Served) {
	rec.Routes, rec.Degraded, rec.Seeds, rec.Recent, rec.Exclude = nil, nil, nil, nil, nil
	for i := range rec.Items {
		rec.Items[i].Routes, rec.Items[i].Row = nil, ""
	}
}

// askPoints asks for the rows of the points, where the journal ends.
func (t *timed) askPoints() {
	for i := range t.points {
		p := &t.points[i]
		t.history.Ask(len(t.asks), &backfill.Ask{Time: p.time, Position: t.reply.Last, Visitor: p.visitor, Items: []freshet.ItemID{p.item}, Context: p.context})
		t.asks = append(t.asks, timedAsk{at: t.reply.Last, point: p})
	}
}

// write computes the rows and writes them.
func (t *timed) write(ctx context.Context, file *rowsFile) error {
	bar := t.app.bar("rows", int64(t.history.Events()), "events")
	fields := make([]float64, len(t.cfg.Features)+2)
	err := t.history.Rows(ctx, func(events int) { bar.set(int64(events)) }, func(p *backfill.Point) error {
		ask := &t.asks[p.Ask]
		var row *backfill.Row
		if ask.point != nil {
			row = &backfill.Row{Line: ask.point.line, Time: ask.point.time, Visitor: ask.point.visitor, Item: ask.point.item}
		} else {
			row = rowOfSlate(ask.slate, ask.places[p.Place], ask.record)
		}
		row.Position, row.Newest = ask.at, p.Newest
		for i := range p.Values {
			fields[i] = p.Values[i].Number()
		}
		fields[len(p.Values)] = p.AgeDays
		fields[len(p.Values)+1] = float64(time.UnixMilli(row.Time).UTC().Hour())
		row.Fields, row.Values = fields, p.Values
		return file.write([]backfill.Encoded{file.writer.Encode(row)})
	})
	if err != nil {
		return err
	}
	bar.set(int64(t.history.Events()))
	bar.done()
	t.reply.Rows = file.writer.Rows()
	return nil
}
