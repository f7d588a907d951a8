package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/registry"
)

// Which model ranks is part of the state: a record of the journal says so, and a request goes
// by what the state says at its position. The bundles themselves are read from the data
// directory before the record is written, and kept by checksum.

// Adopt sees to it that the model the state names is at hand, and, while no model was ever
// promoted by hand, makes the newest one that may rank the one that does. What stands in the
// way is told to Report; the error is that of the journal or of ctx.
func (s *Server) Adopt(ctx context.Context) error {
	s.switching.Lock()
	defer s.switching.Unlock()
	if s.Disk == nil {
		return nil
	}
	live := s.Live()
	if live.Name != "" {
		if _, err := s.fetch(live.Name, live.Version, live.SHA256); err != nil {
			s.Report(fmt.Sprintf("model %s version %d ranks by the journal and cannot; slates are in recall order", live.Name, live.Version), err)
		}
	}
	if live.Promoted {
		return nil
	}
	newest := s.newest()
	if newest == nil || newest.Model == live.Name && newest.Version == live.Version && newest.SHA256 == live.SHA256 {
		return nil
	}
	_, err := s.switchTo(ctx, newest, fold.Adopted)
	return err
}

// newest is the newest bundle that may rank, nil if there is none.
func (s *Server) newest() (newest *registry.Bundle) {
	names, err := registry.Names(s.Disk)
	if err != nil {
		s.Report("models", err)
	}
	for _, name := range names {
		list, err := registry.List(s.Disk, name)
		if err != nil {
			s.Report("models", err)
		}
		for i := len(list) - 1; i >= 0; i-- {
			m := &list[i]
			if newest != nil && newest.Created >= m.Created {
				break
			}
			bundle, err := s.fetch(m.Model, m.Version, "")
			if err != nil {
				s.Report(fmt.Sprintf("model %s version %d is passed over", m.Model, m.Version), err)
				continue
			}
			newest = bundle
			break
		}
	}
	return newest
}

// errUnfit says that a bundle is whole and still must not rank.
var errUnfit = errors.New("it may not rank")

// fetch reads a bundle that may rank here, with the checksum if one is given, and keeps it.
func (s *Server) fetch(name string, version int, sum string) (*registry.Bundle, error) {
	definitions, fields := s.rowFields()
	bundle, err := Fit(s.Disk, name, version, sum, definitions, fields)
	if err == nil {
		s.bundles.Store(bundle.SHA256, bundle)
	}
	return bundle, err
}

// rowFields are the fields of a ranker's row, and the hash of the definitions of its features, as
// they stand.
func (s *Server) rowFields() (definitions string, fields []string) {
	if s.Stream == nil { // of a replay, which has the state for itself
		return s.State.Definitions, s.State.RowNames()
	}
	s.Stream.View(func(freshet.Position) { definitions, fields = s.State.Definitions, s.State.RowNames() })
	return definitions, fields
}

// Fit reads a version of a model and checks that it may rank rows of these fields, of features
// with these definitions (their hash), and that it has the checksum, unless that is empty.
func Fit(disk fsys.FS, name string, version int, sum, definitions string, fields []string) (*registry.Bundle, error) {
	bundle, err := registry.Load(disk, name, version)
	if err != nil {
		return nil, err
	}
	if sum != "" && sum != bundle.SHA256 {
		return nil, fmt.Errorf("the model has the checksum %.12s… where the journal says %.12s…", bundle.SHA256, sum)
	}
	if why := bundle.Faulty(); why != "" {
		return nil, fmt.Errorf("%w: %s", errUnfit, why)
	}
	if why := bundle.Ranker.Schema.Differs(fields); why != "" {
		return nil, fmt.Errorf("%w: it was trained on other fields: %s", errUnfit, why)
	}
	if bundle.Definitions != definitions {
		return nil, fmt.Errorf("%w: it was trained on features that had the same names and other definitions (%s, in force are %s)", errUnfit, bundle.Definitions, definitions)
	}
	return bundle, nil
}

// switchTo journals that a bundle, which is at hand, ranks from here on.
func (s *Server) switchTo(ctx context.Context, b *registry.Bundle, by string) (freshet.Position, error) {
	text, err := json.Marshal(fold.Switch{Name: b.Model, Version: b.Version, SHA256: b.SHA256, By: by})
	if err != nil {
		return 0, err
	}
	return s.Stream.Switch(ctx, s.Now().UnixMilli(), text)
}

// Live is which model ranks, by the journal.
func (s *Server) Live() (m fold.Model) {
	s.Stream.View(func(freshet.Position) { m = s.State.Model })
	return m
}

// AtHand reports that the model which ranks by the journal can in fact do so.
func (s *Server) AtHand(m *fold.Model) bool {
	definitions, _ := s.rowFields()
	return s.bundle(m, definitions) != nil
}

// bundle returns the bundle of a model if it is at hand and was trained on features with these
// definitions. Those kept from before a change of the features are not.
func (s *Server) bundle(m *fold.Model, definitions string) *registry.Bundle {
	if kept, ok := s.bundles.Load(m.SHA256); ok {
		if b, ok := kept.(*registry.Bundle); ok && b.Definitions == definitions {
			return b
		}
	}
	return nil
}

// ModelVersions are the versions of one model.
type ModelVersions struct {
	Name     string
	Live     int // the version that ranks, 0 for none
	Versions []registry.Manifest
}

// Models lists every model that has versions, by name, and each one's versions, oldest first.
// A version that cannot be read is left out; the error then names it and comes with the rest.
func (s *Server) Models() (list []ModelVersions, err error) {
	if s.Disk == nil {
		return nil, nil
	}
	live := s.Live()
	names, err := registry.Names(s.Disk)
	for _, name := range names {
		versions, bad := registry.List(s.Disk, name)
		err = errors.Join(err, bad)
		m := ModelVersions{Name: name, Versions: versions}
		if name == live.Name {
			m.Live = live.Version
		}
		list = append(list, m)
	}
	if live.Name != "" && !slices.Contains(names, live.Name) { // it ranks by the journal, and is gone
		list = append(list, ModelVersions{Name: live.Name, Live: live.Version})
	}
	return list, err
}

// Promotion is what a promotion changed.
type Promotion struct {
	Name     string
	Live     int
	Was      *fold.Switch // nil when the recall score ranked, and with Already
	Already  bool         // it was promoted before: nothing has changed
	Position freshet.Position
}

// Promote makes a version rank, from the position it returns on. To promote the version that
// an operator has promoted already changes nothing. The error is a *Problem with the version,
// or that of the journal or ctx.
func (s *Server) Promote(ctx context.Context, name string, version int) (*Promotion, error) {
	s.switching.Lock()
	defer s.switching.Unlock()
	problem := func(code, pointer, message string) error {
		return &Problem{Code: code, Pointer: pointer, Message: message, Hint: "freshet models list shows what there is, freshet train makes a new version"}
	}
	if s.Disk == nil {
		return nil, problem("unknown_model", "", "this server has no place where models are kept")
	}
	bundle, err := s.fetch(name, version, "")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, problem("unknown_model", "", fmt.Sprintf("there is no model %s with version %d", quote(name), version))
	case errors.Is(err, errUnfit):
		return nil, problem("unfit_model", "", err.Error())
	case err != nil:
		return nil, problem("damaged_model", "", err.Error())
	}
	live := s.Live()
	done := &Promotion{Name: name, Live: version, Position: live.Since}
	if live.By == fold.Promoted && live.Name == name && live.Version == version && live.SHA256 == bundle.SHA256 {
		done.Already = true
		return done, nil
	}
	if live.Name != "" {
		done.Was = &live.Switch
	}
	done.Position, err = s.switchTo(ctx, bundle, fold.Promoted)
	return done, err
}
