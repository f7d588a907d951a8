package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/quarantine"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/snapshot"
	"github.com/freshet-rec/freshet/stream"
)

// The parts of a snapshot.
const (
	partState     = "state"
	partAdmission = "admission"
)

// How snapshots are taken: so many stay; one is worth it after so many records, which take
// a third of a second to fold; a running server looks that often.
const (
	snapshotsKept = 2
	snapshotWorth = 100_000
	snapshotLook  = time.Minute

	snapshotWorthAtStop = 10_000
)

func (a *app) snapshotCmd() *cobra.Command {
	to := ""
	c := &cobra.Command{
		Use:   "snapshot",
		Short: "Write the state as it stands, so that the next start is quick",
		Long: `Fold the journal, from the newest snapshot on, and write what came of it beside the
journal. The next start folds only what came after. A running server does this by
itself, in a process at idle priority, or at its own when the disk is full and a
snapshot is what makes room; it may run beside one. The newest two stay.

Where the journal has let go of its beginning, the first one of a new release carries
over what the release before has written; beside a server that is refused.`,
		Example: `  freshet snapshot --data ./shop
  freshet snapshot --data ./shop --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			position, err := upTo(to)
			if err != nil {
				return err
			}
			return a.takeSnapshotAt(c.Context(), cfg, position)
		},
	}
	a.configFlags(c)
	c.Flags().StringVar(&to, "to", "", "the position to fold up to (default everything that is durable)")
	return c
}

// journalHalf is how much of a snapshot's configuration names the journal; the rest is what else
// shapes a state.
const journalHalf = 16

// stateNames names everything that shapes a state: the journal, by the hash of its identity, and the
// configuration, by its own, with what is passed over of the journal. A snapshot made under another
// name is of no use; one of this journal still says how far it had come.
type stateNames struct {
	of     [journalHalf]byte
	text   []byte   // the definitions
	sum    [32]byte // of the form that this release writes, while nothing is passed over
	passed *quarantine.List
}

func nameStates(disk fsys.FS, cfg *config.Config, passed *quarantine.List) (n stateNames, err error) {
	text, err := definitionsText(cfg)
	if err != nil {
		return n, err
	}
	of, err := journalName(disk)
	if err != nil {
		return n, err
	}
	o := watchedFold(cfg)
	n = stateNames{of: of, text: text, passed: passed}
	n.sum = n.named(fold.Form(&o))
	return n, nil
}

// named is the name of a state of some form, while nothing is passed over.
func (n stateNames) named(form string) [32]byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "state %s\n%s", form, n.text))
	copy(sum[:], n.of[:])
	return sum
}

// journalName is the half of a name that is the journal's.
func journalName(disk fsys.FS) (half [journalHalf]byte, err error) {
	id, err := journal.ID(disk)
	if err != nil {
		return half, err
	}
	of := sha256.Sum256(fmt.Appendf(nil, "journal %x", id))
	return [journalHalf]byte(of[:]), nil
}

// at is the name of the state at a position.
func (n stateNames) at(p freshet.Position) [32]byte { return n.passing(n.sum, p) }

// passing is a name with what is passed over up to a position.
func (n stateNames) passing(sum [32]byte, p freshet.Position) [32]byte {
	if passed := n.passed.Until(p); passed != "" {
		other := sha256.Sum256(append(sum[journalHalf:], passed...))
		copy(sum[journalHalf:], other[:])
	}
	return sum
}

// fits reports that a snapshot is of the state that would be made here.
func (n stateNames) fits(info *snapshot.Info) bool { return info.Config == n.at(info.Position) }

// fitsAs reports that it is, but for its form.
func (n stateNames) fitsAs(form string, info *snapshot.Info) bool {
	return info.Config == n.passing(n.named(form), info.Position)
}

// takeSnapshot folds what is durable and writes it.
func (a *app) takeSnapshot(ctx context.Context, cfg *config.Config) error {
	return a.takeSnapshotAt(ctx, cfg, 0)
}

// takeSnapshotAt folds up to a position, 0 for all that is durable, and writes that.
func (a *app) takeSnapshotAt(ctx context.Context, cfg *config.Config, to freshet.Position) (err error) {
	if to == 0 {
		to = anyPosition
	}
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	if _, err := newestSnapshot(disk); err != nil { // nothing is touched beside one of a newer release
		return dataError(cfg.Data, err)
	}
	lock, err := a.lockSnapshots(disk)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := snapshot.Keep(disk, snapshotsKept); err != nil { // one that was given up may have left a part, for which there may be no room
		return dataError(cfg.Data, err)
	}
	n := &node{disk: disk, state: &fold.State{}, shelf: registry.NewShelf(disk, true)} // what is learned online is learned of the ranker
	if err := n.anew(a, cfg); err != nil {
		return err
	}
	if err := n.restore(a, cfg, to); err != nil {
		return dataError(cfg.Data, err)
	}
	if to == anyPosition { // of a position between, what was served since would seem to have been served from it
		defer func() { err = errors.Join(err, n.endAlone()) }()
		if err := n.carryOver(ctx, a, cfg); err != nil {
			return dataError(cfg.Data, err)
		}
	}
	if err := n.replay(ctx, a, to); err != nil {
		return dataError(cfg.Data, err)
	}
	if last := n.stream.Applied(); to != anyPosition && to > last {
		return usagef("--to is %s; the last record has position %s", to, last)
	}
	if err := a.refuseMeanings(n.stream.Definitions(), cfg); err != nil {
		return err
	}
	info, err := n.snapshot(cfg)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	if a.json {
		return json.NewEncoder(a.stdout).Encode(map[string]any{"position": info.Position, "bytes": info.Bytes, "sha256": fmt.Sprintf("%x", info.Sum)})
	}
	return a.print(fmt.Sprintf("snapshot of position %s · %s bytes · %s/%s\n", info.Position, grouped(info.Bytes), cfg.Data, info.File))
}

// lockSnapshots lets nobody else take or remove snapshots.
func (a *app) lockSnapshots(disk fsys.FS) (fsys.Lock, error) {
	return snapshot.Lock(disk, a.lockNote())
}

// snapshot writes the state of a node that nothing changes meanwhile. The caller holds the lock of
// snapshots.
func (n *node) snapshot(cfg *config.Config) (info snapshot.Info, err error) {
	if n.state.Definitions != feature.Hash(cfg.Features) {
		return info, errors.New("the features changed while it was to be taken")
	}
	names, err := nameStates(n.disk, cfg, n.passed)
	if err != nil {
		return info, err
	}
	var state, admission pack.Writer
	n.state.Pack(&state)
	n.stream.Pack(&admission)
	info, err = snapshot.Write(n.disk, snapshot.Snapshot{Position: n.stream.Applied(), Config: names.at(n.stream.Applied()),
		Parts: []snapshot.Part{{Name: partState, Data: state.Bytes}, {Name: partAdmission, Data: admission.Bytes}}})
	if err != nil {
		return info, err
	}
	n.snapped = info.Position
	return info, snapshot.Keep(n.disk, snapshotsKept)
}

// anyPosition is after every snapshot.
const anyPosition = freshet.Position(math.MaxUint64)

// restore fills a new node with the newest snapshot that is whole, made for this configuration, and
// of no later position than until. One that is damaged is told of and passed over; with none
// nothing changes. One of a newer release is an error.
func (n *node) restore(a *app, cfg *config.Config, until freshet.Position) error {
	names, err := nameStates(n.disk, cfg, n.passed)
	if err != nil {
		return err
	}
	list, err := snapshot.List(n.disk)
	if errors.Is(err, snapshot.ErrNewerFormat) { // to go on would be to write over it
		return err
	}
	if err != nil {
		a.say("warning: %v", err)
	}
	for _, info := range list {
		if !names.fits(&info) || info.Position > until {
			continue
		}
		err := n.restoreFrom(info.Position)
		if err == nil {
			n.snapped = info.Position
			return nil
		}
		if err := n.passDamaged(a, cfg, err); err != nil {
			return err
		}
	}
	return n.restoreOther(a, cfg, until)
}

// passDamaged tells of a snapshot that is not what was written, and empties the node for an older one. Any
// other error than that is returned.
func (n *node) passDamaged(a *app, cfg *config.Config, err error) error {
	if !errors.As(err, new(*snapshot.DamagedError)) && !errors.Is(err, pack.ErrDamaged) {
		return err
	}
	a.say("warning: %v; an older one is used instead, or the journal from its beginning, if it is there", err)
	return n.anew(a, cfg) // what was filled in part is of no use
}

// errNoJournal says that snapshots were made of a journal that is not there. Nobody starts from them
// alone: what was acknowledged after them is missing, and its positions would be given once more.
var errNoJournal = errors.New("log_behind_snapshot: there is no journal, and what was acknowledged after the snapshots is in it: the newest is")

// newestSnapshot is the position of the newest snapshot of this journal, made for this configuration
// or another, 0 when there is none: the journal cannot end before it. Whether it is whole is found out by restore, which also tells of others that
// cannot be read; those of a newer release are an error at once.
func newestSnapshot(disk *fsys.OS) (freshet.Position, error) {
	of, err := journalName(disk)
	if err != nil {
		return 0, err
	}
	list, err := snapshot.List(disk)
	if errors.Is(err, snapshot.ErrNewerFormat) {
		return 0, err
	}
	if id, err := journal.ID(disk); err != nil || id == [16]byte{} && len(list) > 0 {
		if err == nil {
			err = fmt.Errorf("%w of position %s", errNoJournal, list[0].Position)
		}
		return 0, err
	}
	for _, info := range list {
		if [journalHalf]byte(info.Config[:]) == of {
			return info.Position, nil
		}
	}
	return 0, nil
}

// oldestSnapshot is the position of the oldest snapshot made for this configuration, 0 when there
// is none.
func oldestSnapshot(disk *fsys.OS, cfg *config.Config) (oldest freshet.Position, err error) {
	passed, err := passedOver(disk)
	if err != nil {
		return 0, err
	}
	names, err := nameStates(disk, cfg, passed)
	if err != nil {
		return 0, err
	}
	list, _ := snapshot.List(disk) // the error is about the others
	for _, info := range list {    // newest first
		if names.fits(&info) {
			oldest = info.Position
		}
	}
	return oldest, nil
}

// restoreFrom fills a new node with the snapshot of a position.
func (n *node) restoreFrom(p freshet.Position) error {
	s, _, err := snapshot.Read(n.disk, p)
	if err != nil {
		return err
	}
	if n.state != nil {
		if err := unpackPart(s, partState, n.state.Unpack); err != nil {
			return err
		}
	}
	return n.restoreAdmission(s)
}

// restoreAdmission ends what fills a new node with a snapshot, whose state it has if it has one.
func (n *node) restoreAdmission(s *snapshot.Snapshot) error {
	if err := unpackPart(s, partAdmission, n.stream.Unpack); err != nil {
		return err
	}
	if n.stream.Applied() != s.Position {
		return fmt.Errorf("snapshot of position %s is that of position %s: %w", s.Position, n.stream.Applied(), pack.ErrDamaged)
	}
	if n.state != nil {
		n.state.Defined(n.stream.Definitions())
	}
	return nil
}

// unpackPart reads a part of a snapshot. The error wraps pack.ErrDamaged.
func unpackPart(s *snapshot.Snapshot, name string, unpack func(*pack.Reader)) error {
	data, err := partOf(s, name)
	if err != nil {
		return err
	}
	r := pack.NewReader(data)
	unpack(r)
	if err := r.Done(); err != nil {
		return fmt.Errorf("snapshot of position %s, %s: %w", s.Position, name, err)
	}
	return nil
}

// partOf is a part of a snapshot. The error of one that is missing wraps pack.ErrDamaged.
func partOf(s *snapshot.Snapshot, name string) ([]byte, error) {
	data, ok := s.Part(name)
	if !ok {
		return nil, fmt.Errorf("snapshot of position %s has no part %q: %w", s.Position, name, pack.ErrDamaged)
	}
	return data, nil
}

// anew makes the stream, and the state if the node has one, empty.
func (n *node) anew(a *app, cfg *config.Config) (err error) {
	if n.passed == nil {
		if n.passed, err = passedOver(n.disk); err != nil {
			return dataError(cfg.Data, err)
		}
	}
	o := stream.Options{Log: n.log, Now: n.now(a), Lateness: cfg.Lateness, Pass: passes(n.passed)}
	if n.log != nil { // only the writer may put records on the list
		o.Poisoned = func(e *stream.PoisonError) error { return n.passOver(a, e) }
		if n.deaths != nil {
			o.Watch = n.deaths
		}
	}
	if n.state != nil {
		f := watchedFold(cfg)
		if n.shelf != nil {
			f.Bundles, f.Rankers = n.shelf, n.shelf
		}
		if n.state, err = fold.New(f); err != nil {
			return err
		}
		o.Fold = n.state
	}
	n.stream = stream.New(o)
	return nil
}

// keepSnapshots lets a process at idle priority take a snapshot whenever one is worth it, and what
// makes room when the disk is full, until ctx ends.
func (a *app) keepSnapshots(ctx context.Context, n *node) {
	of := n.config()
	ticker := time.NewTicker(snapshotLook)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.fulled:
		case <-ticker.C:
		}
		cfg := n.config()
		if cfg != of { // the snapshots there are are of other features
			of, n.snapped = cfg, 0
		}
		if n.log.Full() != nil {
			a.makeRoom(ctx, cfg, n)
			continue
		}
		at := n.stream.Applied()
		if at-n.snapped < snapshotWorth {
			continue
		}
		if err := a.snapshotWithRoom(ctx, cfg, n); err != nil {
			if ctx.Err() == nil && n.log.Full() == nil {
				a.say("warning: no snapshot was taken: %v", err)
			}
			continue
		}
		n.snapped = at
		a.release(cfg, n)
	}
}

// snapshotAtStop takes a snapshot of a node that takes no more requests, so that the next start
// need not fold what this one did. It is a help, not a duty: trouble is told and no failure.
func (a *app) snapshotAtStop(ctx context.Context, n *node) {
	cfg := n.config()
	last := n.log.Last()
	if last-n.snapped < snapshotWorthAtStop {
		return
	}
	err := n.stream.WaitApplied(ctx, last)
	if err == nil {
		_, err = a.snapshotLocked(cfg, n)
	}
	if err != nil {
		a.say("warning: no snapshot was taken, the next start takes longer: %v", err)
		return
	}
	a.release(cfg, n)
}

// snapshotLocked takes a snapshot of a node that nothing changes, unless somebody else is at it.
func (a *app) snapshotLocked(cfg *config.Config, n *node) (info snapshot.Info, err error) {
	lock, err := a.lockSnapshots(n.disk)
	if err != nil {
		return info, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	return n.snapshot(cfg)
}

// snapshotWithRoom takes a snapshot at idle priority, which on a busy machine may take long, and gives
// up when the disk becomes full: what makes room then is not to wait for it.
func (a *app) snapshotWithRoom(ctx context.Context, cfg *config.Config, n *node) error {
	ctx, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-n.fulled:
			n.noteFull(journal.ErrNoSpace) // the token is for keepSnapshots
			cancel()
		case <-ctx.Done():
		}
	})
	err := a.snapshotBeside(ctx, cfg, 0, a.startIdle)
	cancel()
	watch.Wait()
	return err
}

// snapshotBeside takes a snapshot of a position, 0 for the newest, in a process of its own, which is
// started by start.
func (a *app) snapshotBeside(ctx context.Context, cfg *config.Config, to freshet.Position, start func(*exec.Cmd) error) error {
	args := []string{"snapshot", "--quiet", "--data", cfg.Data}
	if a.config != "" {
		args = append(args, "--config", a.config)
	}
	if to > 0 {
		args = append(args, "--to", to.String())
	}
	cmd, err := self(ctx, args...)
	if err != nil {
		return err
	}
	var talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &talk, &talk
	if err := start(cmd); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, clean(talk.String()))
	}
	return nil
}
