package serve

import (
	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
)

// Lookback is what the journal's events and the slates served last look like.
type Lookback struct {
	Names    []fold.NameCount // by name, at most fold.MaxNames
	Others   uint64           // events of further names
	Imported uint64           // events that an import brought
	Slates   fold.SlateCount  // over the fold.MaxLately slates served last
	Lacks    map[string]int   // of those slates, by what they missed
}

// Lookback returns what was counted up to now, all at one position. The caller owns it.
func (s *Server) Lookback() (l Lookback) {
	s.Stream.View(func(freshet.Position) {
		st := s.State
		l = Lookback{Names: st.Tally.Names(), Others: st.Tally.Others(), Imported: st.Tally.Imported(), Slates: st.Lately.Sum(), Lacks: st.Lately.Lacks()}
	})
	return l
}
