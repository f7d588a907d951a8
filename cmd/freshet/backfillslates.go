package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/quarantine"
)

// slateAt is a slate whose rows are wanted.
type slateAt struct {
	record freshet.Position
	time   int64 // q
}

// rowRead is a position at which rows of a request, a slate or a point, are read.
type rowRead struct {
	at      freshet.Position
	request uint32 // its place among the slates or points
}

// slateRecords are the served records of a journal whose rows are wanted. It knows where they are,
// some 50 bytes each, and reads them when they are asked for: a slate's record stands a little
// after the positions that the slate read at, so a second reader of the journal goes ahead of the
// fold, and only the records between the two are held.
type slateRecords struct {
	list   []slateAt // by record
	reads  []rowRead // by position
	ahead  *journal.Reader
	at     freshet.Position // of ahead
	held   map[uint32]*heldSlate
	passed *quarantine.List
}

// heldSlate is a slate of which rows are still to be read.
type heldSlate struct {
	rec  *fold.Served
	left int // items
}

// findSlates finds the slates whose rows are wanted, in one pass over the journal up to last. Those that
// read before begin are left out. excluded counts what is left out, by why.
func (b *backfiller) findSlates(ctx context.Context, span *slateSpan, begin freshet.Position) (s *slateRecords, err error) {
	s = &slateRecords{held: map[uint32]*heldSlate{}}
	if s.passed, err = passedOver(b.disk); err != nil {
		return nil, err
	}
	bar := b.app.bar("slates", int64(b.reply.Last), "records")
	_, err = eachRecord(ctx, b.disk, func(rec *journal.Record) error {
		bar.set(int64(rec.Position))
		if rec.Topic != freshet.TopicServed || rec.Position > b.reply.Last {
			return nil
		}
		if _, ok := s.passed.Find(rec.Position); ok {
			return nil
		}
		var served fold.Served
		if err := json.Unmarshal(rec.Payload, &served); err != nil || served.Placed == 0 {
			b.reply.Excluded["record"]++
			return nil
		}
		if !span.holds(rec.Position, served.Time) || len(served.Items) == 0 {
			return nil
		}
		n := len(s.reads)
		request := uint32(len(s.list))
		for i := range served.Items {
			at := served.RowPosition(&served.Items[i])
			if at < begin {
				b.reply.Excluded["released"]++
				s.reads = s.reads[:n]
				return nil
			}
			if !slices.Contains(s.reads[n:], rowRead{at, request}) {
				s.reads = append(s.reads, rowRead{at, request})
			}
		}
		s.list = append(s.list, slateAt{rec.Position, served.Time})
		b.reply.Slates++
		switch {
		case served.Definitions != b.definitions:
			b.reply.Excluded["definitions"]++
		case served.Config != "" && served.Config != b.config:
			b.reply.Excluded["config"]++
		}
		return nil
	})
	bar.done()
	if err != nil {
		return nil, err
	}
	slices.SortFunc(s.reads, func(a, b rowRead) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.request, b.request)) })
	return s, nil
}

// open starts to read the records.
func (s *slateRecords) open(disk fsys.FS) (err error) {
	if s.ahead, err = journal.OpenReader(disk); err != nil {
		return err
	}
	if len(s.list) > 0 {
		return s.ahead.Seek(s.list[0].record)
	}
	return nil
}

func (s *slateRecords) close() error {
	if s.ahead == nil {
		return nil
	}
	return s.ahead.Close()
}

// slate returns a slate that is held, or reads on until it is.
func (s *slateRecords) slate(request uint32) (*heldSlate, error) {
	for s.at < s.list[request].record {
		rec, err := s.ahead.Next()
		if err != nil {
			return nil, fmt.Errorf("the served record at position %s: %w", s.list[request].record, gone(err))
		}
		s.at = rec.Position
		i, wanted := slices.BinarySearchFunc(s.list, rec.Position, func(a slateAt, p freshet.Position) int { return cmp.Compare(a.record, p) })
		if !wanted {
			continue
		}
		one := &heldSlate{rec: &fold.Served{}}
		if err := json.Unmarshal(rec.Payload, one.rec); err != nil {
			return nil, fmt.Errorf("the served record at position %s: %w", rec.Position, err)
		}
		one.left = len(one.rec.Items)
		s.held[uint32(i)] = one
	}
	return s.held[request], nil
}

// gone is an error about a record that was there before: that it is not is no end of the journal.
func gone(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// read returns a slate and the places of its items, counted from 0, whose rows are read at a position.
// Each is returned once, and the record not held after the last; over reports that this was it.
func (s *slateRecords) read(r rowRead) (rec *fold.Served, places []int, over bool, err error) {
	one, err := s.slate(r.request)
	if err != nil {
		return nil, nil, false, err
	}
	for i := range one.rec.Items {
		if one.rec.RowPosition(&one.rec.Items[i]) == r.at {
			places = append(places, i)
		}
	}
	if one.left -= len(places); one.left == 0 {
		delete(s.held, r.request)
		over = true
	}
	return one.rec, places, over, nil
}
