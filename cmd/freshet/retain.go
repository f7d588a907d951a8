package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/snapshot"
)

// release gives up what the configuration lets go of the journal. Nothing goes that is not
// folded into every snapshot kept, and only while there are as many as are kept, each whole and
// made for this configuration: from then on they stand for what is gone. It is called by
// whoever has just kept a snapshot; trouble is told and no failure.
func (a *app) release(cfg *config.Config, n *node) {
	if err := n.release(cfg, n.now(a)()); err != nil {
		a.say("warning: the journal keeps more than it should: %v", err)
	}
}

func (n *node) release(cfg *config.Config, now time.Time) error {
	n.keeping.Lock()
	defer n.keeping.Unlock()
	if n.kept {
		return nil
	}
	if n.retention(cfg) == (journal.Retention{}) {
		return nil
	}
	names, err := nameStates(n.disk, cfg, n.passed)
	if err != nil {
		return err
	}
	list, err := snapshot.List(n.disk)
	if err != nil || len(list) < snapshotsKept {
		return err
	}
	p, err := n.log.Expired(n.retention(cfg), now)
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
		if !names.fits(&info) {
			return nil // until newer ones have taken its place
		}
		if err := snapshot.Check(n.disk, info.Position); err != nil {
			return err
		}
	}
	return n.log.Release(p)
}

// keep has the journal keep its beginning, or ends that.
func (n *node) keep(kept bool) {
	n.keeping.Lock()
	defer n.keeping.Unlock()
	n.kept = kept
}

// onFull sets what ends whoever has the journal keep its beginning, when the disk is full.
func (n *node) onFull(yield func()) {
	n.keeping.Lock()
	defer n.keeping.Unlock()
	n.yield = yield
}

// retention is what the configuration wants to be kept, the zero value for everything. After a long
// pause, or with a clock that is ahead, nothing goes by its age: not while nobody knows which it is.
func (n *node) retention(cfg *config.Config) journal.Retention {
	r := journal.Retention{Bytes: int64(cfg.Journal.Retain.MiB) << 20, Age: cfg.Journal.Retain.Age.Std()}
	if n.paused > r.Age {
		r.Age = 0
	}
	return r
}

// makeRoom lets the journal go of all that the configuration allows, on a disk that is full: no
// record can come after which a snapshot would be worth it. Those that are missing for it are taken,
// in the room that the ballast has left; trouble is told and no failure.
func (a *app) makeRoom(ctx context.Context, cfg *config.Config, n *node) {
	done := n.log.MakeRoom()
	defer done()
	n.keeping.Lock()
	if n.yield != nil {
		n.yield() // and the next look, in a minute, lets go of the journal
	}
	n.keeping.Unlock()
	missing, err := n.missingSnapshots(cfg, n.now(a)())
	for _, p := range missing {
		if err == nil {
			err = a.snapshotBeside(ctx, cfg, p, (*exec.Cmd).Start) // events are refused until it is there: it does not give way
		}
		if err == nil {
			n.snapped = max(n.snapped, p)
		}
	}
	if err != nil && ctx.Err() == nil {
		a.say("warning: the disk is full, and a snapshot that lets old records go was not taken: %v", err)
	}
	a.release(cfg, n) // also what those from before stand for
}

// missingSnapshots returns, ascending, the positions of the snapshots that are missing before
// everything may go that the configuration lets go of. One is of the newest position: the next
// start begins there.
func (n *node) missingSnapshots(cfg *config.Config, now time.Time) ([]freshet.Position, error) {
	r := n.retention(cfg)
	if r == (journal.Retention{}) {
		return nil, nil
	}
	expired, err := n.log.Expired(r, now)
	if err != nil || expired <= n.log.First() {
		return nil, err
	}
	names, err := nameStates(n.disk, cfg, n.passed)
	if err != nil {
		return nil, err
	}
	list, err := snapshot.List(n.disk)
	if err != nil {
		return nil, err
	}
	have := map[freshet.Position]bool{}
	for _, info := range list {
		if names.fits(&info) && info.Position+1 >= expired {
			have[info.Position] = true
		}
	}
	var missing []freshet.Position
	for _, p := range []freshet.Position{n.stream.Applied(), expired - 1} {
		if len(have) < snapshotsKept && !have[p] {
			have[p] = true
			missing = append([]freshet.Position{p}, missing...)
		}
	}
	return missing, nil
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
