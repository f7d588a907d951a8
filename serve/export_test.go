package serve

import (
	"runtime"

	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/registry"
)

// BundlesAtHand is how many rankers' bundles are at hand.
func (s *Server) BundlesAtHand() (n int) {
	s.bundles.Range(func(any, any) bool { n++; return true })
	return n
}

// Instil has a bundle that is at hand rank by another model.
func (s *Server) Instil(sha256 string, of func(rank.Model) rank.Model) {
	kept, _ := s.bundles.Load(sha256)
	b := *kept.(*registry.Bundle)
	b.Ranker = rank.Single("click", of(b.Ranker.Heads[0].Model))
	s.bundles.Store(sha256, &b)
}

// Seek looks once for the models that are not at hand.
func (s *Server) Seek() {
	for !s.missing.busy.CompareAndSwap(false, true) {
		runtime.Gosched()
	}
	defer s.missing.busy.Store(false)
	if lost, definitions, ok := s.lost(); ok {
		s.regain(lost, definitions)
	}
}

// Switching does something while a switch is under way.
func (s *Server) Switching(do func()) {
	s.switching.Lock()
	defer s.switching.Unlock()
	do()
}

// Upcoming is the number of the publication whose ranker was made last, 0 for none.
func (s *Server) Upcoming() int {
	if u := s.upcoming.Load(); u != nil {
		return u.number
	}
	return 0
}
