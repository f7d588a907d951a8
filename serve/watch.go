package serve

import (
	"fmt"
	"math"
	"sync/atomic"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/audit"
	"github.com/freshet-rec/freshet/recall"
)

// watched counts what was recomputed of the rows that slates were ranked by.
type watched struct{ cells, differing, letGo atomic.Uint64 }

// Watched is what has been recomputed from raw events since the start, beside the slates that
// it was served in.
type Watched struct {
	Cells     uint64 // values of features compared
	Differing uint64 // of them, those that differ: 0, or there is a defect
	LetGo     uint64 // not compared: events stood behind them that may have gone with their key, for want of room
	OneIn     uint64 // one key in so many has its raw events kept; 0 is none
	Keys      int    // kept now
	Facts     int    // events kept, once for each of their keys
}

// Watched returns the counts up to now.
func (s *Server) Watched() Watched {
	w := Watched{Cells: s.watch.cells.Load(), Differing: s.watch.differing.Load(), LetGo: s.watch.letGo.Load()}
	s.Stream.View(func(freshet.Position) {
		if g := s.State.Watch; g != nil {
			w.OneIn, w.Keys, w.Facts = g.OneIn(), g.Keys(), g.Facts()
		}
	})
	return w
}

// maxDiffering is how many cells that differ are reported one by one.
const maxDiffering = 100

// recheck recomputes what is kept of the rows of the n best candidates; in a replay those rows are
// told to who wants to do so. The state must stand
// still as it did when the rows were read.
func (r *run) recheck(k *ranking, candidates []recall.Candidate, visitor uint32, p freshet.Position) {
	s := r.server
	if r.past != nil {
		r.past.tellRanked(k, candidates)
		return
	}
	oracle := s.State.Watch
	if oracle == nil {
		return
	}
	defs := s.State.Features.Definitions()
	first := s.State.FirstFeature()
	for _, i := range k.best(r.n) {
		row := k.rows.Row(i).Numbers
		for column := range defs {
			want, known := oracle.Read(column, visitor, candidates[i].Item, r.reply.Time, r.req.Context)
			if !known {
				continue
			}
			if want.Oldest < s.State.Features.LetGo(column) {
				s.watch.letGo.Add(1)
				continue
			}
			s.watch.cells.Add(1)
			got := row[first+column]
			if audit.SameNumber(got, want) {
				continue
			}
			if s.watch.differing.Add(1) <= maxDiffering {
				s.Report("audit", fmt.Errorf("feature %s in the row of item %d of request %s, read at position %s, was %s; from the events it is %s; freshet audit tells more",
					defs[column].Name, candidates[i].Item, r.reply.Request, p, cell(got), cell(want.Number())))
			}
		}
	}
}

// cell is a value for people.
func cell(v float64) string {
	if math.IsNaN(v) {
		return "null"
	}
	return fmt.Sprint(v)
}

// best returns the n candidates with the highest scores, in no order.
func (k *ranking) best(n int) []int {
	list, least := k.top[:0], 0 // the place of the least in list
	for i := range k.scores {
		switch {
		case len(list) < n:
			list = append(list, i)
		case k.scores[i] > k.scores[list[least]]:
			list[least] = i
		default:
			continue
		}
		for j := range list {
			if k.scores[list[j]] < k.scores[list[least]] {
				least = j
			}
		}
	}
	k.top = list
	return list
}
