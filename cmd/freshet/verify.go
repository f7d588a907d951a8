package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/deadletter"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/quarantine"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/snapshot"
)

func (a *app) verifyCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "verify",
		Short: "Read everything in a data directory and say whether it is as it was written",
		Long: `Read every record of the journal, every snapshot, model and dead letter, and check their
checksums and what they say of each other. A snapshot made for this configuration is
also held against the journal, folded up to its position: what events came to, and what
decides about the next one. Nothing is changed; a server may be running. Exit code 3 says that something is damaged.`,
		Example: `  freshet verify --data ./shop
  freshet verify --data ./shop --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			return a.verify(c.Context(), cfg)
		},
	}
	a.configFlags(c)
	return c
}

// finding is what verify says of one thing.
type finding struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}

func (a *app) verify(ctx context.Context, cfg *config.Config) (err error) {
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	var found []finding
	note := func(what string, err error, format string, args ...any) {
		f := finding{what, err == nil, fmt.Sprintf(format, args...)}
		if err != nil {
			f.Text = err.Error()
		}
		found = append(found, f)
	}
	if err := a.verifyJournal(ctx, disk, cfg, note); err != nil {
		return dataError(cfg.Data, err)
	}
	verifyModels(disk, note)
	verifyLetters(disk, note)
	damaged := 0
	for _, f := range found {
		if !f.OK {
			damaged++
		}
	}
	if a.json {
		err = json.NewEncoder(a.stdout).Encode(map[string]any{"ok": damaged == 0, "findings": found})
	} else {
		for _, f := range found {
			mark := "✓"
			if !f.OK {
				mark = "✗"
			}
			if err = a.print(fmt.Sprintf("%s %s: %s\n", mark, f.What, clean(f.Text))); err != nil {
				break
			}
		}
	}
	if err == nil && damaged > 0 {
		return &failure{code: exitDamaged} // which was said
	}
	return err
}

// verifyJournal reads the journal, and on the way holds every snapshot against it. The error is
// that of ctx or of the disk.
func (a *app) verifyJournal(ctx context.Context, disk *fsys.OS, cfg *config.Config, note func(string, error, string, ...any)) (err error) {
	list, err := snapshot.List(disk)
	if errors.Is(err, snapshot.ErrNewerFormat) {
		return err
	}
	if err != nil {
		note("snapshots", err, "")
	}
	n := &node{disk: disk, shelf: registry.NewShelf(disk, true)}
	n.state = &fold.State{}
	if n.passed, err = passedOver(disk); errors.As(err, new(*quarantine.DamagedError)) {
		note("quarantine", err, "")
		return nil
	}
	if err != nil {
		return err
	}
	if passed := n.passed.Records(); len(passed) > 0 {
		note("quarantine", nil, "%s of the journal passed over, the first at position %s: %s", plural(len(passed), "record"), passed[0].Position, passed[0].Reason)
	}
	names, err := nameStates(disk, cfg, n.passed)
	if err != nil {
		return err
	}
	if err := n.anew(a, cfg); err != nil {
		return err
	}
	reader, err := journal.OpenReader(disk)
	if err != nil {
		note("journal", err, "")
		return nil
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	if reader.TornMark() {
		note("durable mark", errTornMark, "")
	}
	last := reader.Durable()
	bar := a.bar("journal", int64(last), "records")
	from := ""
	if first := reader.First(); first > 1 {
		from = fmt.Sprintf(" from position %s on", first)
		begins, err := a.verifyFrom(cfg, n, reader, list, names, note)
		if !begins || err != nil {
			return err
		}
		if parts := n.state.Begun(); len(parts) > 0 {
			note("state", nil, "carried over from a former release: %s", beginnings(parts))
		}
	}
	begun := n.stream.Applied()
	if begun+1 < reader.First() { // nothing here can be folded
		begun, from = last, from+", which cannot be folded under this configuration by this release"
	}
	step := func(to freshet.Position) error {
		at := n.stream.Applied()
		if to <= max(at, begun) {
			return nil
		}
		reader.Until(to)
		err := n.stream.Replay(ctx, reader, func(records int) { bar.set(int64(at) + int64(records)) })
		if err == nil && n.stream.Applied() < to {
			err = fmt.Errorf("the journal ends at position %s, and %s is durable", n.stream.Applied(), to)
		}
		return err
	}
	broken := readUpTo(ctx, reader, begun)
	var before *snapshot.Info             // the newest so far that is whole
	for i := len(list) - 1; i >= 0; i-- { // oldest first
		info := &list[i]
		what := "snapshot of position " + info.Position.String()
		if info.Position > last {
			note(what, &journal.BehindError{Last: last, Known: info.Position}, "")
			continue
		}
		if broken == nil {
			broken = step(info.Position)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := verifySnapshot(n, info, names, broken)
		if err == nil && before != nil {
			err = info.Follows(before)
		}
		if err == nil {
			before = info
		}
		note(what, err, "%s bytes, whole%s", grouped(info.Bytes), agrees(info, names, broken, begun))
	}
	if broken == nil {
		broken = step(last)
	}
	if broken == nil {
		broken = reader.Check()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	bar.done()
	note("journal", broken, "%s%s, each whole and in its place, durable up to %s", plural(int(last-reader.First()+1), "record"), from, last)
	return nil
}

// verifyFrom begins at the oldest snapshot that can stand for the records that were given up, and
// reports whether there is one. When all that could are of another configuration or release, nothing
// is applied. The reader is then at the first record that is kept.
func (a *app) verifyFrom(cfg *config.Config, n *node, reader *journal.Reader, list []snapshot.Info, names stateNames, note func(string, error, string, ...any)) (bool, error) {
	oldest := freshet.Position(0)
	for _, info := range list { // newest first
		if names.fits(&info) {
			oldest = info.Position
		}
	}
	if err := n.restore(a, cfg, oldest); err != nil {
		return false, err
	}
	err := reader.Seek(n.stream.Applied() + 1)
	other := func(info snapshot.Info) bool {
		return !names.fits(&info) && info.Position+1 >= reader.First() && snapshot.Check(n.disk, info.Position) == nil
	}
	if errors.Is(err, journal.ErrReleased) && !slices.ContainsFunc(list, other) {
		note("journal", err, "")
		return false, nil
	}
	if err == nil || errors.Is(err, journal.ErrReleased) {
		err = reader.Seek(reader.First())
	}
	return err == nil, err
}

// readUpTo reads the records up to a position and keeps none.
func readUpTo(ctx context.Context, reader *journal.Reader, to freshet.Position) error {
	for at := reader.First(); at <= to; at++ {
		if at%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := reader.Next(); err != nil {
			return err
		}
	}
	return nil
}

// agrees says whether a snapshot was held against the journal.
func agrees(info *snapshot.Info, names stateNames, broken error, begun freshet.Position) string {
	switch {
	case !names.fits(info):
		return "; made for another configuration or release"
	case begun > 0 && info.Position <= begun:
		return "; the records before it are not kept"
	case broken != nil:
		return "; the journal is damaged before it"
	}
	return ", and what the journal makes"
}

// verifySnapshot reads a snapshot; one made for this configuration must be what the journal, if
// it is sound so far, makes of a node.
func verifySnapshot(n *node, info *snapshot.Info, names stateNames, broken error) error {
	s, _, err := snapshot.Read(n.disk, info.Position)
	if err != nil || !names.fits(info) || broken != nil {
		return err
	}
	for _, part := range []struct {
		name string
		pack func(*pack.Writer)
	}{{partState, n.state.Pack}, {partAdmission, n.stream.Pack}} {
		var w pack.Writer
		part.pack(&w)
		if kept, ok := s.Part(part.name); !ok || !bytes.Equal(kept, w.Bytes) {
			return fmt.Errorf("it is whole, and its part %q is not what the journal makes: remove it, and please report this", part.name)
		}
	}
	return nil
}

// verifyModels reads every version of every model.
func verifyModels(disk *fsys.OS, note func(string, error, string, ...any)) {
	names, err := registry.Names(disk)
	if err != nil {
		note("models", err, "")
	}
	for _, name := range names {
		list, err := registry.List(disk, name)
		if err != nil {
			note("models", err, "")
		}
		for i := range list {
			m := &list[i]
			_, err := registry.Load(disk, m.Model, m.Version)
			note(fmt.Sprintf("model %s@%d", m.Model, m.Version), err, "whole")
		}
	}
}

// verifyLetters reads every dead letter, if there ever were any.
func verifyLetters(disk *fsys.OS, note func(string, error, string, ...any)) {
	const what = "dead letters"
	counts, err := deadletter.Count(disk)
	for _, d := range counts.Damages {
		err = errors.Join(err, errors.New(d.String()))
	}
	if err != nil || counts.Total > 0 {
		note(what, err, "%s, each whole; %s dropped to keep the bound", grouped(int64(counts.Kept)), grouped(int64(counts.Dropped)))
	}
}
