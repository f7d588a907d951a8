package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/snapshot"
)

// release gives up what the configuration lets go of the journal. Nothing goes that is not
// folded into every snapshot kept, and only while there are as many as are kept, each whole and
// made for this configuration: from then on they stand for what is gone. It is called by
// whoever has just kept a snapshot; trouble is told and no failure.
func (a *app) release(cfg *config.Config, n *node) {
	if err := n.release(cfg, a.now()); err != nil {
		a.say("warning: the journal keeps more than it should: %v", err)
	}
}

func (n *node) release(cfg *config.Config, now time.Time) error {
	r := journal.Retention{Bytes: int64(cfg.Journal.Retain.MiB) << 20, Age: cfg.Journal.Retain.Age.Std()}
	if r == (journal.Retention{}) {
		return nil
	}
	sum, err := snapshotConfig(n.disk, cfg)
	if err != nil {
		return err
	}
	list, err := snapshot.List(n.disk)
	if err != nil || len(list) < snapshotsKept {
		return err
	}
	p, err := n.log.Expired(r, now)
	if err != nil {
		return err
	}
	for _, info := range list {
		p = min(p, info.Position+1)
	}
	if p <= n.log.First() {
		return nil
	}
	for _, info := range list {
		if info.Config != sum {
			return nil // until newer ones have taken its place
		}
		if err := snapshot.Check(n.disk, info.Position); err != nil {
			return err
		}
	}
	return n.log.Release(p)
}

// errTornMark says what it means that one slot of the durable mark does not read.
var errTornMark = errors.New("one of the two places in journal/durable does not read: newer records may be left out here; the next start of a server finds them")

// sayMark tells that a journal may hold more than is read of it, if so.
func (a *app) sayMark(reader *journal.Reader) {
	if reader.TornMark() {
		a.say("warning: %v", errTornMark)
	}
}

// sayFirst tells that a journal does not begin with its first record, if so, and what sayMark tells.
func (a *app) sayFirst(reader *journal.Reader) {
	a.sayMark(reader)
	if first := reader.First(); first > 1 {
		a.say("from position %s on: the journal keeps nothing older", fmt.Sprint(first))
	}
}
