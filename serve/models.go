package serve

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/registry"
)

// Which model is live in a slot is part of the state: a record of the journal says so, and a request
// goes by what the state says at its position. The bundles themselves are read from the data
// directory before the record is written, and kept by checksum.

// Adopt sees to it that the models the state names are at hand, and, in each slot where no model was
// ever promoted by hand or on trial, makes the newest one that may be live the one that is. Slots that no route
// goes by are passed over. What stands in the way is told to Report; the error is that of the journal
// or of ctx.
func (s *Server) Adopt(ctx context.Context) error {
	if s.Disk == nil {
		return nil
	}
	defer s.tidy()
	s.gating.Lock()
	defer s.gating.Unlock()
	for _, slot := range fold.Slots {
		if s.uses(slot) {
			if err := s.adopt(ctx, slot); err != nil {
				return err
			}
		}
	}
	if m := s.LiveIn(fold.Challenger); m.Name != "" {
		if _, err := s.fetch(fold.Ranker, m.Name, m.Version, m.SHA256); err != nil {
			s.Report(fmt.Sprintf("model %s version %d is on trial by the journal and not at hand; the live one ranks for everyone", m.Name, m.Version), err)
		}
	}
	s.keepSpares()
	return s.unpublish(ctx)
}

// uses reports that something here goes by the model of a slot.
func (s *Server) uses(slot fold.Slot) bool {
	return slot == fold.Ranker || s.Shelf != nil && slices.ContainsFunc(s.Routes, func(r Route) bool {
		of, ok := fold.SlotOf(r.Kind)
		return ok && of == slot
	})
}

// adopt is Adopt for one slot.
func (s *Server) adopt(ctx context.Context, slot fold.Slot) error {
	live := s.LiveIn(slot)
	if n := len(live.Past); n > 0 { // to roll back to, at once
		past := &live.Past[n-1]
		if _, err := s.fetch(slot, past.Name, past.Version, past.SHA256); err != nil {
			s.Report(fmt.Sprintf("model %s version %d, which was live before, is not at hand to roll back to", past.Name, past.Version), err)
		}
	}
	if live.Name != "" {
		if _, err := s.fetch(slot, live.Name, live.Version, live.SHA256); err != nil {
			s.Report(fmt.Sprintf("model %s version %d %s", live.Name, live.Version, without(slot)), err)
		}
	}
	if live.Promoted {
		return nil
	}
	newest := s.choice(slot)
	if newest == nil || newest.Model == live.Name && newest.Version == live.Version && newest.SHA256 == live.SHA256 {
		return nil
	}
	s.switching.Lock()
	defer s.switching.Unlock()
	if now := s.LiveIn(slot); now.Since != live.Since || now.Promoted {
		return nil // an operator has spoken meanwhile
	}
	_, err := s.journal(ctx, fold.Switch{Name: newest.Model, Version: newest.Version, SHA256: newest.SHA256, By: fold.Adopted, Slot: slot})
	return err
}

// without says what is missing without the model that is live.
func without(slot fold.Slot) string {
	if slot == fold.Ranker {
		return "ranks by the journal and cannot; slates are in recall order"
	}
	return "is live by the journal and not at hand; routes that go by it have no answer"
}

// choice is the bundle to be live in a slot while nobody has promoted one, nil if there is none: the
// newest, and of those that rank the newest of the first kind that has one.
func (s *Server) choice(slot fold.Slot) *registry.Bundle {
	if slot != fold.Ranker || s.Rankers == nil {
		return s.newest(slot, "")
	}
	for _, kind := range s.Rankers {
		if b := s.newest(slot, kind); b != nil {
			return b
		}
	}
	return nil
}

// keepSpares reads what ranks when the model that is live cannot: of each kind
// but the first choice, the newest.
func (s *Server) keepSpares() {
	var spares []*registry.Bundle
	for _, kind := range s.Rankers[min(1, len(s.Rankers)):] {
		if b := s.newest(fold.Ranker, kind); b != nil {
			spares = append(spares, b)
		}
	}
	s.spares.Store(&spares)
}

// spare is the first of the bundles that rank when the one that is live cannot, and that were trained on
// features with these definitions; nil is none.
func (s *Server) spare(definitions string) *registry.Bundle {
	if spares := s.spares.Load(); spares != nil {
		for _, b := range *spares {
			if b.Definitions == definitions {
				return b
			}
		}
	}
	return nil
}

// tidy lets go of the bundles of rankers that nobody asks for any more. It does not wait: while models are
// read or put to gates, whoever does that tidies up after it. It does nothing once the server is closed,
// and Close waits for it.
func (s *Server) tidy() {
	if !s.begin() {
		return
	}
	defer s.wg.Done()
	s.untidy.Store(true)
	for s.untidy.Load() && s.gating.TryLock() {
		s.untidy.Store(false)
		s.release()
		s.gating.Unlock()
	}
}

// release is tidy with gating held. Kept are the bundle that is live, the one before it, which is read when
// it is not at hand, the one on trial and the spares.
func (s *Server) release() {
	if past := s.LiveIn(fold.Ranker).Past; len(past) > 0 && s.Disk != nil {
		before := &past[len(past)-1]
		if _, ok := s.bundles.Load(before.SHA256); !ok {
			if _, err := s.fetch(fold.Ranker, before.Name, before.Version, before.SHA256); err != nil { // a rollback tries again
				s.Report(fmt.Sprintf("%s, to which a rollback would go back, is not at hand", nameOfSwitch(&fold.Model{Switch: *before})), err)
			}
		}
	}
	s.switching.Lock() // what a rollback is about to make live stays
	defer s.switching.Unlock()
	live, challenger := s.LiveIn(fold.Ranker), s.LiveIn(fold.Challenger)
	keep := []string{live.SHA256, challenger.SHA256}
	if n := len(live.Past); n > 0 {
		keep = append(keep, live.Past[n-1].SHA256)
	}
	if spares := s.spares.Load(); spares != nil {
		for _, b := range *spares {
			keep = append(keep, b.SHA256)
		}
	}
	s.bundles.Range(func(sum, _ any) bool {
		if text, ok := sum.(string); !ok || !slices.Contains(keep, text) {
			s.bundles.Delete(sum)
		}
		return true
	})
}

// newest is the newest bundle that may be live in a slot, nil if there is none; of those that rank, of
// one kind of model unless that is "".
func (s *Server) newest(slot fold.Slot, kind string) (newest *registry.Bundle) {
	names, err := registry.Names(s.Disk)
	if err != nil {
		s.Report("models", err)
	}
	withdrawn, live := s.LiveIn(fold.Challenger).Past, s.Live()
	definitions, _ := s.rowFields()
	most := sizeBound(s.bundle(&live, definitions))
	for _, name := range names {
		list, err := registry.List(s.Disk, name)
		if err != nil {
			s.Report("models", err)
		}
		for i := len(list) - 1; i >= 0; i-- {
			m := &list[i]
			if slotOf(m.Kind) != slot {
				continue
			}
			if newest != nil && newest.Created >= m.Created {
				break
			}
			if slot == fold.Ranker && slices.ContainsFunc(withdrawn, func(w fold.Switch) bool { return w.SHA256 == m.SHA256 }) {
				continue // the server itself has found it wanting
			}
			bundle, err := s.fetchWithin(slot, m.Model, m.Version, "", most)
			if err == nil && slot == fold.Ranker {
				if f := s.sound(bundle, nil, nil); f != nil {
					err = f
				}
			}
			if err != nil {
				s.Report(fmt.Sprintf("model %s version %d is passed over", m.Model, m.Version), err)
				continue
			}
			if kind == "" || bundle.Ranker.Kind() == kind {
				newest = bundle
			}
			break
		}
	}
	return newest
}

// slotOf is where a kind of model is live.
func slotOf(kind registry.Kind) fold.Slot { return fold.Slot(kind) }

// fetch reads a bundle that may be live here in a slot, with the checksum if one is given, and keeps
// it.
func (s *Server) fetch(slot fold.Slot, name string, version int, sum string) (*registry.Bundle, error) {
	return s.fetchWithin(slot, name, version, sum, 0)
}

// fetchWithin is fetch of a ranker with at most so many bytes, 0 for any.
func (s *Server) fetchWithin(slot fold.Slot, name string, version int, sum string, most int64) (*registry.Bundle, error) {
	if slot != fold.Ranker {
		return s.fetchRecall(slot, name, version, sum)
	}
	definitions, fields := s.rowFields()
	bundle, err := fit(s.Disk, name, version, sum, definitions, fields, most)
	if err == nil {
		s.bundles.Store(bundle.SHA256, bundle)
		if s.Shelf != nil {
			s.Shelf.Put(bundle)
		}
	}
	return bundle, err
}

// fetchRecall is fetch for a model that routes go by.
func (s *Server) fetchRecall(slot fold.Slot, name string, version int, sum string) (*registry.Bundle, error) {
	m, err := registry.Find(s.Disk, name, version)
	if err != nil {
		return nil, err
	}
	if slotOf(m.Kind) != slot {
		return nil, &registry.Fault{Code: registry.Unfit, Text: "it is of another kind"}
	}
	if f := m.Fault(); f != nil {
		return nil, f
	}
	if s.Shelf == nil {
		return nil, &registry.Fault{Code: registry.Unfit, Text: "no route here goes by it"}
	}
	if sum == "" {
		sum = m.SHA256
	}
	return s.Shelf.Load(name, version, sum)
}

// rowFields are the fields of a ranker's row, and the hash of the definitions of its features, as
// they stand.
func (s *Server) rowFields() (definitions string, fields rank.Names) {
	if s.Stream == nil { // of a replay, which has the state for itself
		return s.State.Definitions, s.State.RowNames()
	}
	s.Stream.View(func(freshet.Position) { definitions, fields = s.State.Definitions, s.State.RowNames() })
	return definitions, fields
}

// Live is which model ranks, by the journal.
func (s *Server) Live() fold.Model { return s.LiveIn(fold.Ranker) }

// LiveIn is which model is live in a slot, by the journal.
func (s *Server) LiveIn(slot fold.Slot) (m fold.Model) {
	s.Stream.View(func(freshet.Position) { m = *s.State.Live(slot) })
	return m
}

// AtHand reports that a model which is live by the journal can in fact be gone by.
func (s *Server) AtHand(m *fold.Model) bool {
	definitions, _ := s.rowFields()
	return s.atHand(m, definitions)
}

// atHand is AtHand where features have these definitions.
func (s *Server) atHand(m *fold.Model, definitions string) bool {
	switch m.Slot {
	case fold.Embedding:
		return s.Shelf != nil && s.Shelf.Vectors(m.Name, m.Version, m.SHA256) != nil
	case fold.ItemItem:
		return s.Shelf != nil && s.Shelf.Linear(m.Name, m.Version, m.SHA256) != nil
	}
	return s.bundle(m, definitions) != nil
}

// bundle returns the bundle of a model if it is at hand and was trained on features with these
// definitions. Those kept from before a change of the features are not.
func (s *Server) bundle(m *fold.Model, definitions string) *registry.Bundle {
	if b, ok := s.kept(m.SHA256); ok && b.Definitions == definitions {
		return b
	}
	return nil
}

// kept is the bundle of a ranker with a checksum, if it is at hand.
func (s *Server) kept(sha256 string) (*registry.Bundle, bool) {
	kept, _ := s.bundles.Load(sha256)
	b, ok := kept.(*registry.Bundle)
	return b, ok
}

// ModelVersions are the versions of one model.
type ModelVersions struct {
	Name     string
	Live     int  // the version that is live, 0 for none
	AtHand   bool // with Live: what goes by it can, whatever lies in the registry
	Previous int  // that was live before it, 0 for none of this name
	Versions []registry.Manifest
}

// Models lists every model that has versions, by name, and each one's versions, oldest first.
// A version that cannot be read is left out; the error then names it and comes with the rest.
func (s *Server) Models() (list []ModelVersions, err error) {
	if s.Disk == nil {
		return nil, nil
	}
	lives, before, atHand := map[string]int{}, map[string]int{}, map[string]bool{} // versions by name
	for _, slot := range fold.Slots {
		if m := s.LiveIn(slot); m.Name != "" {
			lives[m.Name], atHand[m.Name] = m.Version, s.AtHand(&m)
			if n := len(m.Past); n > 0 && m.Past[n-1].Name == m.Name {
				before[m.Name] = m.Past[n-1].Version
			}
		}
	}
	names, err := registry.Names(s.Disk)
	for _, name := range names {
		versions, bad := registry.List(s.Disk, name)
		err = errors.Join(err, bad)
		list = append(list, ModelVersions{Name: name, Live: lives[name], AtHand: atHand[name], Previous: before[name], Versions: versions})
	}
	if m := s.LiveIn(fold.Challenger); m.Name != "" && lives[m.Name] == 0 {
		lives[m.Name] = 0 // on trial, and of no version that is live
	}
	for _, name := range slices.Sorted(maps.Keys(lives)) {
		if !slices.Contains(names, name) { // it is live or on trial by the journal, and gone
			list = append(list, ModelVersions{Name: name, Live: lives[name], AtHand: atHand[name], Previous: before[name]})
		}
	}
	return list, err
}

// Withdrawn are the versions that the server withdrew from a trial and nobody made live since, the newest
// first.
func (s *Server) Withdrawn() []fold.Switch {
	list := slices.Clone(s.LiveIn(fold.Challenger).Past)
	slices.Reverse(list)
	return list
}

// Version is the manifest of one version, with the schema of what ranks. The model itself is read only where
// a release kept it without, and it is not at hand. The error is a *Problem.
func (s *Server) Version(name string, version int) (m registry.Manifest, err error) {
	if m, err = s.find(name, version); err != nil || m.Kind != registry.Ranker || m.Schema != nil {
		return m, err
	}
	b, ok := s.kept(m.SHA256)
	if !ok {
		if b, err = registry.Load(s.Disk, name, version); err != nil {
			return m, refused(name, version, err)
		}
	}
	m.Schema, m.Bytes = registry.SchemaOf(b.Ranker), b.Size
	return m, nil
}
