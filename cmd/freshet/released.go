package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/httpapi"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/snapshot"
	"github.com/freshet-rec/freshet/stream"
)

// A journal that has let go of its beginning still has the whole past of a feature that counts a
// window, once nothing older than the window can be gone. Features are folded together, so either all
// can be folded from what is kept or none.

// errReleased says which features cannot be folded from what a journal keeps.
type errReleased struct {
	first  freshet.Position
	faults []httpapi.ReloadFault
}

func (e *errReleased) Error() string {
	lines := []string{fmt.Sprintf("the journal begins at position %s, and features are folded from what it keeps: %s would need what is gone", e.first, plural(len(e.faults), "feature"))}
	for _, f := range e.faults {
		lines = append(lines, "  "+f.Pointer+": "+f.Message)
	}
	return strings.Join(lines, "\n")
}

// foldable says why the features of cfg cannot be folded from what a journal keeps, nil when they can:
// when it has all its records, or each feature's window. newest is the newest event time of the state.
// The error is an *errReleased or one of the disk.
func foldable(disk fsys.FS, cfg *config.Config, newest int64) (err error) {
	reader, err := journal.OpenReader(disk)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	if reader.First() == 1 {
		return nil
	}
	rec, err := reader.Next()
	if err != nil {
		return err
	}
	// Nothing that was taken in before this record is newer than that.
	gone := rec.Received + int64(cfg.MaxFuture)
	e := &errReleased{first: reader.First()}
	for i := range cfg.Features {
		d := &cfg.Features[i]
		if why := needsGone(d, newest-int64(cfg.MaxFuture)-gone); why != "" {
			e.faults = append(e.faults, httpapi.ReloadFault{Code: "released", Pointer: d.Name, Message: why})
		}
	}
	if len(e.faults) > 0 {
		return e
	}
	return nil
}

// needsGone says why a feature needs records that are gone, "" when it does not. All events are kept of
// the last so many ms before the earliest time that a read may be for.
func needsGone(d *feature.Definition, kept int64) string {
	byAttribute := func(part string) bool { return strings.HasPrefix(part, "item.") || strings.HasPrefix(part, "user.") }
	switch {
	case d.Expr != "":
		return ""
	case d.Window == 0:
		return "it counts events of all time"
	case slices.ContainsFunc(d.Key, byAttribute), byAttribute(d.Field), strings.Contains(d.Where, "item."), strings.Contains(d.Where, "user."):
		return "it goes by attributes, and what they were is gone"
	case int64(d.Window+d.Hop) > kept:
		return fmt.Sprintf("its window of %s is longer than what is kept, %s", d.Window, (time.Duration(max(0, kept)) * time.Millisecond).Round(time.Second))
	}
	return ""
}

// refuseReleased says why the features of cfg cannot be folded from what the journal keeps, nil when
// they can.
func (n *node) refuseReleased(cfg *config.Config) error {
	var newest int64
	n.stream.View(func(freshet.Position) { newest = n.state.Newest })
	err := foldable(n.disk, cfg, newest)
	var released *errReleased
	if errors.As(err, &released) {
		return &httpapi.ReloadRefused{Code: "released", Detail: fmt.Sprintf("the journal begins at position %s, what was before it was let go of (journal.retain), and %s would need it; nothing was changed", released.first, plural(len(released.faults), "feature")), Faults: released.faults}
	}
	return err
}

// restoreOther fills a new node with the newest snapshot that differs from this configuration in
// features alone, whose own it folds from what the journal keeps. It is for a journal that has let go
// of its beginning, and does nothing with any other.
func (n *node) restoreOther(a *app, cfg *config.Config, until freshet.Position) error {
	reader, err := journal.OpenReader(n.disk)
	if err != nil {
		return nil // there is none, or replay tells
	}
	first := reader.First()
	if err := reader.Close(); err != nil || first == 1 {
		return err
	}
	list, _ := snapshot.List(n.disk) // the error was told
	for _, info := range list {
		was, err := n.otherFeatures(cfg, &info)
		if err != nil || was == nil || info.Position > until {
			continue // it cannot be read, which was told if it matters, or is of another configuration
		}
		err = n.restoreWarm(a, cfg, was, info.Position)
		if err == nil {
			n.snapped = info.Position
			return nil
		}
		if err := n.passDamaged(a, cfg, err); err != nil {
			return err
		}
	}
	return nil
}

// otherFeatures is the configuration that a snapshot was made for if it differs from cfg in features
// alone, else nil.
func (n *node) otherFeatures(cfg *config.Config, info *snapshot.Info) (*config.Config, error) {
	s, _, err := snapshot.Read(n.disk, info.Position)
	if err != nil {
		return nil, err
	}
	text, err := definitionsOf(s)
	if err != nil {
		return nil, err
	}
	was := *cfg
	was.Features = fold.Definitions(text)
	names, err := nameStates(n.disk, &was, n.passed)
	if err != nil || !names.fits(info) {
		return nil, err
	}
	return &was, nil
}

// restoreWarm fills a new node with a snapshot made for was, and folds the features of cfg.
func (n *node) restoreWarm(a *app, cfg, was *config.Config, p freshet.Position) (err error) {
	if err := n.anew(a, was); err != nil {
		return err
	}
	if err := n.restoreFrom(p); err != nil || n.state == nil {
		return err
	}
	if err := foldable(n.disk, cfg, n.state.Newest); err != nil {
		return err
	}
	w, err := n.newWarming(watchedFold(cfg), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.reader.Close()) }()
	if err := w.until(context.Background(), p, nil); err != nil {
		return err
	}
	w.TakeOver()
	return nil
}

// definitionsOf are those in force at a snapshot's position.
func definitionsOf(s *snapshot.Snapshot) ([]byte, error) {
	admission := stream.New(stream.Options{})
	err := unpackPart(s, partAdmission, admission.Unpack)
	return admission.Definitions(), err
}
