package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/snapshot"
)

// A release may keep a part of the state otherwise than the one before. Where the journal has all its
// records, they are folded again. Where its beginning was let go of, a snapshot of the release before
// stands for it: the parts that are kept as before are read from it, and the others are folded from what
// the journal has. That is no state that the whole journal would make, so whoever serves from it takes a
// snapshot before anything else, and nobody makes a state of before.

// carryOver fills a new node that nothing was restored into, and whose journal has let go of its
// beginning, with the newest snapshot that fits but for its form. A node that is not the journal's writer
// has it alone from then on until endAlone; the error wraps errCarryBeside when somebody else has it.
func (n *node) carryOver(ctx context.Context, a *app, cfg *config.Config) error {
	if n.snapped != 0 {
		return nil
	}
	reader, err := journal.OpenReader(n.disk)
	if err != nil {
		return nil // replay tells
	}
	whole := reader.First() == 1
	if err := reader.Close(); err != nil || whole {
		return err
	}
	names, err := nameStates(n.disk, cfg, n.passed)
	if err != nil {
		return err
	}
	list, _ := snapshot.List(n.disk) // the error was told
	for _, info := range list {
		if names.fits(&info) { // it is damaged, which was told
			continue
		}
		s, packed, err := readFormer(n, names, &info)
		if err == nil && packed == nil {
			continue
		}
		if err == nil && n.log == nil {
			err = n.beAlone(a, info.Position)
		}
		if err == nil {
			err = n.carry(ctx, a, cfg, s, packed)
		}
		if err == nil {
			return nil
		}
		if err := n.passDamaged(a, cfg, err); err != nil {
			return err
		}
	}
	return nil
}

// errCarryBeside says that somebody is at work on the journal of a snapshot that was to be carried over: what
// a server goes on serving from the state of before would be made again from another.
var errCarryBeside = errors.New("a snapshot of a former release is not carried over while another has the journal")

// errCarryUnkept says that a start could not write down what it had carried over, before which nothing may
// go by it.
var errCarryUnkept = errors.New("what is carried over of a former release was not kept, since a snapshot is being taken")

// beAlone has nobody write the journal, of a node that does not, until endAlone. It is for the snapshot
// of a position. Whoever calls it has the lock of snapshots and then takes the journal's; a start has the
// journal's and then, to keep what it carried over, takes that of snapshots. Neither waits for a lock, so
// of two that meet one fails, or both, and are to be run again.
func (n *node) beAlone(a *app, p freshet.Position) (err error) {
	if n.alone != nil {
		return nil
	}
	n.alone, err = journal.Lock(n.disk, a.lockNote())
	var locked *fsys.LockedError
	if errors.As(err, &locked) {
		return fmt.Errorf("position %s: %w (%s)", p, errCarryBeside, locked.Note)
	}
	return err
}

func (n *node) endAlone() error {
	if n.alone == nil {
		return nil
	}
	return n.alone.Close()
}

// readFormer reads a snapshot that fits but for its form, nil for another.
func readFormer(n *node, names stateNames, info *snapshot.Info) (*snapshot.Snapshot, *fold.Packed, error) {
	s, _, err := snapshot.Read(n.disk, info.Position)
	if err != nil {
		return nil, nil, err
	}
	data, err := partOf(s, partState)
	if err != nil {
		return nil, nil, err
	}
	if names.fitsAs(fold.Form5, info) {
		return s, fold.Packed5(data), nil
	}
	packed, err := fold.ReadPacked(data)
	if err != nil || !names.fitsAs(packed.Form(), info) {
		return nil, nil, nil // of another configuration, or of a release that packed otherwise
	}
	return s, packed, nil
}

// carry fills the node with a snapshot of a former release.
func (n *node) carry(ctx context.Context, a *app, cfg *config.Config, s *snapshot.Snapshot, packed *fold.Packed) error {
	if n.state != nil {
		if err := n.carryState(ctx, a, cfg, s.Position, packed); err != nil {
			return err
		}
	}
	if err := n.restoreAdmission(s); err != nil {
		return err
	}
	n.carried, n.snapped = s.Position, s.Position
	if n.state != nil {
		lost := ""
		if parts := n.state.Begun(); len(parts) > 0 {
			lost = ": " + beginnings(parts)
		}
		a.say("the snapshot of position %s is of a former release, and is carried over%s", s.Position, lost)
	}
	return nil
}

// carryState fills the node's state with a packed one of a position, and what that lacks with what the
// journal has.
func (n *node) carryState(ctx context.Context, a *app, cfg *config.Config, at freshet.Position, packed *fold.Packed) (err error) {
	reader, err := journal.OpenReader(n.disk)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	lacks, err := n.state.Lacks(packed)
	if err != nil {
		return fmt.Errorf("snapshot of position %s: %w", at, err)
	}
	var rest *fold.State
	if len(lacks) > 0 {
		if rest, err = n.foldRest(ctx, a, cfg, packed, reader, at); err != nil {
			return err
		}
	}
	if err := n.state.Carry(packed, at, rest, reader.First()); err != nil {
		return fmt.Errorf("snapshot of position %s: %w", at, err)
	}
	return nil
}

// foldRest folds what a reader has, up to a position, into a state with the numbers of a packed one.
func (n *node) foldRest(ctx context.Context, a *app, cfg *config.Config, packed *fold.Packed, reader *journal.Reader, to freshet.Position) (*fold.State, error) {
	apart := &node{disk: n.disk, log: n.log, passed: n.passed, clock: n.clock, deaths: n.deaths, state: &fold.State{}}
	offline := *cfg
	offline.Ranker.Online.Enabled = false // nothing is learned of it
	if err := apart.anew(a, &offline); err != nil {
		return nil, err
	}
	if err := apart.state.Number(packed); err != nil {
		return nil, fmt.Errorf("snapshot of position %s: %w", to, err)
	}
	if reader.First() > to {
		return apart.state, nil
	}
	reader.Until(to)
	return apart.state, apart.stream.Replay(ctx, reader, nil)
}

// beginnings says where parts of a state begin.
func beginnings(list []fold.Begun) string {
	var parts []string
	for _, one := range list {
		parts = append(parts, fmt.Sprintf("%s from position %s on", one.Part, one.Position))
	}
	return strings.Join(parts, ", ")
}
