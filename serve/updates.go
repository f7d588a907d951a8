package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/registry"
)

// What is learned online is published by a record of the journal, as a model is switched: what ranks is
// a function of the bundle that is live and of the publication in force, both parts of the state. The
// ranker of a publication is made before its record is written, and kept beside the one before.

// updated is a bundle with what is published of it.
type updated struct {
	sha256 string
	since  freshet.Position // of the switch that made the bundle live: each begins to count anew
	number int              // of the publication
	ranker *rank.Ranker
}

// of reports that it is a live model's with a publication.
func (u *updated) of(m *fold.Model, number int) bool {
	return u != nil && u.sha256 == m.SHA256 && u.since == m.Since && u.number == number
}

// ranker is what ranks: the bundle's, with what is published of it. It is called in a section that reads
// the state. The error says why what is published is not of this bundle.
func (s *Server) ranker(bundle *registry.Bundle) (*rank.Ranker, int, error) {
	u := &s.State.Updates
	if u.Number == 0 || bundle.SHA256 != s.State.Model.SHA256 {
		return bundle.Ranker, 0, nil
	}
	for _, kept := range []*updated{s.updated.Load(), s.upcoming.Load()} {
		if kept.of(&s.State.Model, u.Number) {
			return kept.ranker, u.Number, nil
		}
	}
	made, err := bundle.Ranker.Patched(u.Patches) // after a start, and in a replay
	if err != nil {
		return nil, 0, err
	}
	s.updated.Store(&updated{bundle.SHA256, s.State.Model.Since, u.Number, made})
	return made, u.Number, nil
}

// publishEvery is how often a server looks for what is to be published.
const publishEvery = time.Second

// publishOn writes down what is proposed, until the server is closed.
func (s *Server) publishOn() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.wg.Go(func() {
		<-s.stop
		cancel()
	})
	ticker := time.NewTicker(publishEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
			if _, err := s.Publish(ctx); err != nil && ctx.Err() == nil {
				s.Report("what was learned online is not published", err)
			}
		}
	}
}

// Publish journals what is proposed by what was learned online, and reports whether there was anything.
// It returns once that is in force. A switch does not wait while a publication is put into order, nor is
// what was proposed before it published.
func (s *Server) Publish(ctx context.Context) (bool, error) {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	p, since, before := s.proposal()
	if p == nil {
		return false, nil
	}
	ready, err := fold.Prepare(p, before)
	if err != nil {
		return false, err
	}
	if p.Verdict == fold.Published {
		if err := s.prepare(p, since, ready.Patches()); err != nil {
			return false, err
		}
	}
	s.switching.Lock()
	defer s.switching.Unlock()
	if still, at, _ := s.proposal(); still != p || at != since {
		return false, nil // it is of what was live before
	}
	s.State.Expect(ready)
	_, err = s.Stream.Publish(ctx, s.Now().UnixMilli(), ready.Text())
	return err == nil, err
}

// proposal is what is to be published, nil for nothing or while nobody can read the state, with the
// position from which on its model is live, and what is in force.
func (s *Server) proposal() (p *fold.Publication, since freshet.Position, before []rank.Patch) {
	s.Stream.ViewWithin(publishEvery, func(freshet.Position) {
		p, since, before = s.State.Proposal(), s.State.Model.Since, s.State.Updates.Patches
	})
	return p, since, before
}

// prepare makes the ranker that a publication brings into force. The one before stays, for requests until
// then.
func (s *Server) prepare(p *fold.Publication, since freshet.Position, patches []rank.Patch) error {
	kept, ok := s.bundles.Load(p.SHA256)
	bundle, is := kept.(*registry.Bundle)
	if !ok || !is {
		return errors.New("the ranker that it is of is not at hand")
	}
	made, err := bundle.Ranker.Patched(patches)
	if err != nil {
		return err
	}
	if last := s.upcoming.Load(); last != nil {
		s.updated.Store(last)
	}
	s.upcoming.Store(&updated{p.SHA256, since, p.Number, made})
	return nil
}

// Updating is what was published of the ranker that is live, what was learned since it is, and whether
// anything is learned here.
func (s *Server) Updating() (u fold.Updates, l fold.Learned, learns bool) {
	s.Stream.View(func(freshet.Position) { u, l, learns = s.State.Updates, s.State.Learned(), s.State.Learns() })
	u.Patches = nil
	return u, l, learns
}

// unpublish takes back what was published when nothing is learned any more: nobody would notice if it
// became worse than the ranker as trained.
func (s *Server) unpublish(ctx context.Context) error {
	s.switching.Lock()
	defer s.switching.Unlock()
	var p *fold.Publication
	s.Stream.View(func(freshet.Position) {
		if u := &s.State.Updates; u.Number != 0 && !s.State.Learns() {
			m := &s.State.Model
			p = &fold.Publication{Name: m.Name, Version: m.Version, SHA256: m.SHA256, Number: u.Last.Number + 1, Until: u.Last.Until, Verdict: fold.Disabled}
		}
	})
	if p == nil {
		return nil
	}
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if _, err := s.Stream.Publish(ctx, s.Now().UnixMilli(), text); err != nil {
		return fmt.Errorf("withdraw what was learned online: %w", err)
	}
	return nil
}
