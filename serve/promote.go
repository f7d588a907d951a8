package serve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/registry"
)

// Step is how far a version is to come.
type Step struct {
	Stage   fold.Stage  // "" is live
	Percent float64     // of Canary; 0 is DefaultPercent
	Guard   *fold.Guard // with a stage; nil asks nothing more than of every model
}

// DefaultPercent is the share of visitors that a canary ranks for, unless it is said.
const DefaultPercent = 5

// Promotion is what a promotion changed.
type Promotion struct {
	Name     string
	Slot     fold.Slot
	Live     int          // the version that is live from here on, 0 for none
	Stage    fold.Stage   // of the version that was promoted, "" is live
	Version  int          // that was promoted
	Percent  float64      // of Canary
	Was      *fold.Switch // nil when there was none in its place, and with Already
	Ended    *fold.Switch // what was on trial until then, nil when nothing else was
	Already  bool         // it was there before: nothing has changed
	Unasked  []string     // gates that could not be asked, with the reason
	Position freshet.Position
}

// Promote makes a version live in the slot of its kind, from the position it returns on, when it
// passes the gates. To promote the version that an operator has promoted already changes nothing. The
// error is a *Problem with the version, also when another became live while it was put to the gates, or
// that of the journal or ctx.
func (s *Server) Promote(ctx context.Context, name string, version int) (*Promotion, error) {
	return s.Take(ctx, name, version, Step{})
}

// Take takes a version as far as the step says; see Promote. One model at a time is on trial: the next
// one takes its place.
func (s *Server) Take(ctx context.Context, name string, version int, step Step) (*Promotion, error) {
	defer s.tidy()
	s.gating.Lock()
	defer s.gating.Unlock()
	m, err := s.find(name, version)
	if err != nil {
		return nil, err
	}
	slot := slotOf(m.Kind)
	if step.Stage != "" && slot != fold.Ranker {
		return nil, &Problem{Code: "not_available", Pointer: "/stage", Message: "only what ranks can be on trial, and this proposes", Hint: "promote it to live; freshet models rollback takes that back"}
	}
	if err := s.otherBytes(&m); err != nil {
		return nil, err
	}
	live := s.LiveIn(slot)
	done := &Promotion{Name: name, Slot: slot, Live: version, Version: version, Stage: step.Stage, Position: live.Since}
	at := &live
	if step.Stage != "" {
		challenger := s.LiveIn(fold.Challenger)
		at, done.Live, done.Position = &challenger, live.Version, challenger.Since
		if step.Stage == fold.Canary {
			done.Percent = step.Percent
			if done.Percent == 0 {
				done.Percent = DefaultPercent
			}
		}
	}
	if at.By == fold.Promoted && at.Name == name && at.Version == version && at.SHA256 == m.SHA256 && at.Stage == step.Stage && at.Percent == done.Percent && same(at.Guard, step.Guard) {
		done.Already = true
		return done, nil
	}
	var bundle *registry.Bundle
	if slot == fold.Ranker {
		bundle, done.Unasked, err = s.admit(ctx, &m, &live, &step)
	} else {
		bundle, err = s.fetch(slot, name, version, "")
	}
	if err != nil {
		return nil, refused(name, version, err)
	}
	if err := s.take(ctx, done, bundle, &live, &step); err != nil {
		return nil, err
	}
	if slot == fold.Ranker && step.Stage == "" {
		s.keepSpares()
	}
	return done, nil
}

// take journals a step that a bundle has passed the gates for, against what was live then.
func (s *Server) take(ctx context.Context, done *Promotion, bundle *registry.Bundle, live *fold.Model, step *Step) (err error) {
	s.switching.Lock()
	defer s.switching.Unlock()
	at := s.LiveIn(done.Slot)
	if at.Since != live.Since {
		return &Problem{Code: "switched_meanwhile", Message: fmt.Sprintf("while %s version %d was put to the gates against %s, %s became live", done.Name, done.Version, nameOfSwitch(live), nameOfSwitch(&at)), Hint: "promote it again: it is held against what is live then"}
	}
	record := fold.Switch{Name: done.Name, Version: done.Version, SHA256: bundle.SHA256, By: fold.Promoted, Slot: done.Slot}
	if step.Stage != "" {
		at = s.LiveIn(fold.Challenger)
		record.Slot, record.Stage, record.Percent, record.Guard = fold.Challenger, step.Stage, done.Percent, step.Guard
	}
	if at.Name != "" {
		done.Was = &at.Switch
	}
	done.Ended = s.ends(&record)
	done.Position, err = s.journal(ctx, record)
	return err
}

// ends is the trial that a record is about to end, nil for none. That a model leaves its own for another
// stage or goes live is no end of it.
func (s *Server) ends(record *fold.Switch) *fold.Switch {
	live, challenger := s.LiveIn(fold.Ranker), s.LiveIn(fold.Challenger)
	switch {
	case challenger.Name == "", challenger.Same(*record), record.Slot != fold.Ranker && record.Slot != fold.Challenger:
		return nil
	case record.Slot == fold.Ranker && record.By == fold.Promoted && live.Same(*record): // it ranks already
		return nil
	}
	return &challenger.Switch
}

// nameOfSwitch says which model is live, for people.
func nameOfSwitch(m *fold.Model) string {
	if m.Name == "" {
		return "no model"
	}
	return fmt.Sprintf("%s version %d", m.Name, m.Version)
}

func same(a, b *fold.Guard) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

const listHint = "freshet models list shows what there is, freshet train makes a new version"

// find is the manifest of a version. The error is a *Problem.
func (s *Server) find(name string, version int) (m registry.Manifest, err error) {
	if f := registry.CheckName(name); f != nil {
		return m, &Problem{Code: f.Code, Message: f.Text, Hint: listHint}
	}
	if s.Disk == nil {
		return m, &Problem{Code: "unknown_model", Message: "this server has no place where models are kept", Hint: listHint}
	}
	if m, err = registry.Find(s.Disk, name, version); err != nil {
		return m, refused(name, version, err)
	}
	return m, nil
}

// refused is the problem of a version that may not be live.
func refused(name string, version int, err error) error {
	var f *registry.Fault
	var other *Problem
	switch {
	case errors.As(err, &other):
		return err
	case errors.Is(err, fs.ErrNotExist) && !errors.As(err, &f):
		return &Problem{Code: "unknown_model", Message: fmt.Sprintf("there is no model %s with version %d", quote(name), version), Hint: listHint}
	case errors.As(err, &f):
		return &Problem{Code: f.Code, Message: fmt.Sprintf("%s version %d may not be live: %s", name, version, f.Text), Hint: "what was live stays live; " + listHint}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return &Problem{Code: "damaged_model", Message: err.Error(), Hint: listHint}
}

// otherBytes refuses a version that the journal knows with other bytes: a version is never changed.
func (s *Server) otherBytes(m *registry.Manifest) error {
	for _, slot := range append(slices.Clone(fold.Slots), fold.Challenger) {
		live := s.LiveIn(slot)
		for _, known := range append(slices.Clone(live.Past), live.Switch) {
			if known.Name == m.Model && known.Version == m.Version && known.SHA256 != m.SHA256 {
				return &Problem{Code: "version_exists", Message: fmt.Sprintf("%s version %d was live or on trial with the checksum %.12s…, and has %.12s… now: a version is never changed", m.Model, m.Version, known.SHA256, m.SHA256),
					Hint: "put its own files back, and give the other model a version of its own"}
			}
		}
	}
	return nil
}

// admit puts a ranker to the gates. What is only to be in the shadow is shown to nobody, so it is
// asked for no more than to be sound; the trial says the rest.
func (s *Server) admit(ctx context.Context, m *registry.Manifest, live *fold.Model, step *Step) (*registry.Bundle, []string, error) {
	definitions, fields := s.rowFields()
	ranks := s.bundle(live, definitions)
	b, err := fit(s.Disk, m.Model, m.Version, m.SHA256, definitions, fields, sizeBound(ranks))
	if err != nil {
		return nil, nil, err
	}
	if f := s.sound(b, ranks, step.Guard); f != nil {
		return nil, nil, f
	}
	var unasked []string
	if step.Stage != fold.Shadow {
		if ranks != nil && ranks.SHA256 == b.SHA256 {
			ranks = nil // it is live already
		}
		f, list, err := s.tried(ctx, b, ranks, step.Guard)
		switch {
		case err != nil:
			return nil, nil, err
		case f != nil:
			return nil, nil, f
		}
		unasked = list
	}
	s.bundles.Store(b.SHA256, b)
	if s.Shelf != nil && step.Stage == "" && s.State.Learns() {
		s.Shelf.Put(b) // the fold asks for it at the switch, and reads nothing then
	}
	return b, unasked, nil
}

// RolledBack is what a rollback changed.
type RolledBack struct {
	Slot     fold.Slot    // Challenger when a trial was ended
	Name     string       // of the model that is live now, "" for none
	Live     int          // its version, 0 for none
	WasName  string       // of the model that was taken away
	Was      int          // its version
	Ended    *fold.Switch // what was on trial against it and is not any more, nil for nothing
	Position freshet.Position
}

// Rollback takes away the newest step: the trial of a model of that name, unless live is asked for;
// else, of the slot where a model of that name is live, the version that is, for the one that was live
// before it. The empty name is whatever ranks or is on trial. What it needs is the journal and what is
// at hand; the files of models are read only when the one before is not. It does not wait for a version
// that is being put to the gates, whose promotion then fails. The error is a *Problem, or that of the
// journal or ctx.
func (s *Server) Rollback(ctx context.Context, name string, live bool, reason string) (*RolledBack, error) {
	s.switching.Lock()
	defer s.switching.Unlock()
	record, done, err := s.back(name, live)
	if err != nil {
		return nil, err
	}
	record.Reason = reason
	if done.Position, err = s.journal(ctx, record); err == nil {
		go s.tidy() // which reads what it could go back to next
	}
	return done, err
}

// Back says what Rollback would change.
func (s *Server) Back(name string, live bool) (*RolledBack, error) {
	s.switching.Lock()
	defer s.switching.Unlock()
	_, done, err := s.back(name, live)
	return done, err
}

func (s *Server) back(name string, live bool) (record fold.Switch, done *RolledBack, err error) {
	if name != "" {
		if f := registry.CheckName(name); f != nil {
			return record, nil, &Problem{Code: f.Code, Message: f.Text, Hint: listHint}
		}
	}
	ranker, challenger := s.LiveIn(fold.Ranker), s.LiveIn(fold.Challenger)
	if challenger.Name != "" && !live && (name == "" || name == challenger.Name) {
		record = challenger.Switch
		record.By, record.Slot, record.Stage, record.Percent, record.Guard = fold.Restored, fold.Challenger, fold.Ended, 0, nil
		return record, &RolledBack{Slot: fold.Challenger, Name: ranker.Name, Live: ranker.Version, WasName: challenger.Name, Was: challenger.Version}, nil
	}
	for _, slot := range fold.Slots {
		m := s.LiveIn(slot)
		if m.Name == "" || name != m.Name && (name != "" || slot != fold.Ranker) {
			continue
		}
		var why error
		for _, past := range slices.Backward(m.Past) {
			if why = s.within(slot, &past); why != nil {
				continue // it cannot rank here any more; the one before it may
			}
			record = fold.Switch{Name: past.Name, Version: past.Version, SHA256: past.SHA256, By: fold.Restored, Slot: slot}
			return record, &RolledBack{Slot: slot, Name: past.Name, Live: past.Version, WasName: m.Name, Was: m.Version, Ended: s.ends(&record)}, nil
		}
		p := &Problem{Code: "nothing_before", Message: fmt.Sprintf("before %s version %d nothing was live that could be again", m.Name, m.Version), Hint: "freshet models list shows what could be promoted"}
		if why != nil {
			p.Message += ": " + why.Error()
		}
		return record, nil, p
	}
	return record, nil, &Problem{Code: "unknown_model", Message: fmt.Sprintf("no model %s is live or on trial", quote(name)), Hint: listHint}
}

// within says why what was live before cannot be gone by now, nil when it is at hand.
func (s *Server) within(slot fold.Slot, past *fold.Switch) error {
	m := fold.Model{Switch: *past}
	m.Slot = slot
	if s.AtHand(&m) {
		return nil
	}
	if s.Disk == nil {
		return fmt.Errorf("%s version %d is not at hand", past.Name, past.Version)
	}
	_, err := s.fetch(slot, past.Name, past.Version, past.SHA256)
	return err
}
