package serve

import (
	"sync/atomic"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
)

// featureReads counts the values that were read of the features in force, one row of each slate that a
// model ranked and every row of a features request.
type featureReads struct {
	of              *feature.Engine
	reads, defaults []atomic.Uint64 // by feature
}

// readsOf returns the counts for an engine, which is that of the state; they begin anew with it.
func (s *Server) readsOf(engine *feature.Engine) *featureReads {
	count := s.reads.Load()
	if count != nil && count.of == engine {
		return count
	}
	n := len(engine.Definitions())
	begun := &featureReads{of: engine, reads: make([]atomic.Uint64, n), defaults: make([]atomic.Uint64, n)}
	if s.reads.CompareAndSwap(count, begun) {
		return begun
	}
	return s.reads.Load() // somebody else has begun them: within View, for the same engine
}

// note counts one value read.
func (c *featureReads) note(column int, v feature.Value) {
	c.reads[column].Add(1)
	if v.Default() {
		c.defaults[column].Add(1)
	}
}

// sample counts the values of one candidate's row, one after the other of different slates.
func (s *Server) sample(b *fold.RowBuilder, candidates []recall.Candidate, r *run, p freshet.Position) {
	if s.Stream == nil { // a replay
		return
	}
	b.Start(r.recall.Visitor, r.reply.Time, r.req.Context)
	b.Row(&candidates[p%freshet.Position(len(candidates))])
	count := s.readsOf(s.State.Features)
	for column, v := range b.Values() {
		count.note(column, v)
	}
}

// FeatureDef is one feature in force and what it takes.
type FeatureDef struct {
	feature.Definition
	Cost     feature.Cost
	Since    freshet.Position // of the record that defined it; 0 when that stands before the snapshot the server began with
	Events   uint64           // of the journal, of the names that it counts, but for late ones
	Reads    uint64           // values counted since the server began or the features last changed
	Defaults uint64           // of them, those that no event stood behind
}

// FeatureDefs are the features in force at a position.
type FeatureDefs struct {
	Hash     string
	Position freshet.Position
	Features []FeatureDef // in the order of a row
	Sizes    FeatureSizes
}

// FeatureSizes are how much the features hold.
type FeatureSizes struct {
	Keys    int   // live, each once however many features share it
	Bytes   int64 // of the state
	MaxKeys int   // the bound on Keys, 0 is none
	Evicted int64 // keys that went because of it
}

func sizesOf(g *feature.Engine) FeatureSizes {
	return FeatureSizes{g.Keys(), g.Bytes(), g.MaxKeys(), g.Evicted()}
}

// FeatureDefs lists the features in force.
func (s *Server) FeatureDefs() (defs FeatureDefs) {
	var names []fold.NameCount
	s.Stream.View(func(p freshet.Position) {
		st := s.State
		defs.Hash, defs.Position, names = st.Definitions, p, st.Tally.Names()
		defs.Sizes = sizesOf(st.Features)
		costs, count := st.Features.Costs(), s.readsOf(st.Features)
		for i, d := range st.Features.Definitions() {
			defs.Features = append(defs.Features, FeatureDef{Definition: d, Cost: costs[i], Since: st.Since(d.Name), Reads: count.reads[i].Load(), Defaults: count.defaults[i].Load()})
		}
	})
	for i := range defs.Features {
		for _, n := range names {
			if counts(&defs.Features[i].Definition, n.Name) {
				defs.Features[i].Events += n.Count - n.Late
			}
		}
	}
	return defs
}

// counts reports that events of a name are counted by a feature, if their other parts suit.
func counts(d *feature.Definition, name string) bool {
	none := true
	for _, list := range [][]string{d.On, d.Of, d.Per} {
		for _, one := range list {
			if one == name {
				return true
			}
			none = false
		}
	}
	return none && d.Expr == ""
}

// Definitions is the hash of the definitions in force.
func (s *Server) Definitions() string {
	definitions, _ := s.rowFields()
	return definitions
}
