package learn

import (
	"encoding/binary"
	"encoding/json"
	"slices"

	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/rank"
)

// gathering collects what a publication changes, a part with each record of the journal: who waits for
// the state waits for a part at most. Each weight is published as it stood when its part was collected.
// To put all that into order is left to fold.Publication.Complete, beside the state.
//
// Meanwhile each Shadow lays out in Shadow.next what will be published then; when the record comes back,
// that and Shadow.out change places.
type gathering struct {
	pub     *fold.Publication // nil while nothing is collected
	head    int               // whose turn it is
	places  int               // how many it had when its turn began
	looked  int               // how many of them were looked at
	changed bool              // anything is different from what is published
}

// gatherAtOnce is how many places are looked at with one record: some tenths of a millisecond.
const gatherAtOnce = 4096

// gather collects the next part, and proposes the publication once all is there.
func (u *Updater) gather() {
	g := &u.gathering
	for left := u.atOnce; left > 0 && g.head < len(u.shadows); {
		s, patch := u.shadows[g.head], &g.pub.Changes[g.head]
		most := mostChanges(u.MaxSize/len(u.shadows), s.dim)
		if g.looked == 0 {
			g.places = s.Moved()
			s.gatherBias(patch, min(most, g.places))
			g.changed = g.changed || patch.Bias != s.out.weights[0]
		}
		for ; left > 0 && g.looked < g.places; left-- {
			// From another place on at each turn, so that all have theirs where there is no room for all.
			s.gather(1+(g.pub.Number*most+g.looked)%g.places, most, patch)
			g.looked++
		}
		if g.looked == g.places {
			g.changed = g.changed || patch.Len() > 0
			g.head, g.looked = g.head+1, 0
		}
	}
	if g.head < len(u.shadows) {
		return
	}
	if g.changed {
		g.pub.Until = u.until
		u.propose = g.pub
	}
	u.gathering = gathering{}
}

// mostChanges is how many weights with their vectors have room in so many bytes of a patch.
func mostChanges(size, dim int) int {
	return max(1, (size-16)/(binary.MaxVarintLen32+4*(1+dim))) // beside the bias and two counts
}

// gatherBias begins a patch that has room for so many weights.
func (s *Shadow) gatherBias(patch *rank.Patch, most int) {
	*patch = rank.Patch{Bias: s.moved[0].w, Dim: s.dim, Index: make([]uint32, 0, most), Weights: make([]float32, 0, most), Vectors: make([]float32, 0, most*s.dim)}
	s.next.weights[0] = patch.Bias
}

// gather adds a place to a patch, if it has changed since it was published and the patch has room.
func (s *Shadow) gather(p, most int, patch *rank.Patch) {
	weight, vector := s.moved[p].w, s.vector(learned, p)
	was, wasVector := s.out.weights[p], s.vector(published, p)
	if patch.Len() >= most || weight == was && slices.Equal(vector, wasVector) {
		weight, vector = was, wasVector
	} else {
		patch.Index, patch.Weights = append(patch.Index, s.moved[p].index), append(patch.Weights, weight)
		patch.Vectors = append(patch.Vectors, vector...)
	}
	s.next.weights[p] = weight
	copy(s.next.vectors[p*s.dim:], vector)
}

// adopt has what was laid out published.
func (s *Shadow) adopt() {
	s.out, s.next = s.next, s.out
	s.live, s.known, s.glance.batch = true, nil, nil
}

// expect lays out what is published with a patch over it, as gathering it did.
func (s *Shadow) expect(patch *rank.Patch) {
	s.next = deviations{slices.Clone(s.out.weights), slices.Clone(s.out.vectors)}
	s.next.weights[0] = patch.Bias
	for i, at := range patch.Index {
		if p := int(s.place[at]); p != 0 {
			s.next.weights[p] = patch.Weights[i]
			copy(s.next.vectors[p*s.dim:][:s.dim], patch.Vectors[i*patch.Dim:])
		}
	}
}

// pack writes what is collected, nothing while that is nothing, which is the form of states that have
// none.
func (g *gathering) pack(w *pack.Writer) {
	if g.pub == nil {
		return
	}
	text, err := json.Marshal(g.pub)
	if err != nil {
		panic("BUG: a publication that is to be proposed cannot be written: " + err.Error())
	}
	w.Blob(text)
	for _, n := range []int{g.head, g.places, g.looked} {
		w.Uint(uint64(n))
	}
	w.Bool(g.changed)
	for _, patch := range g.pub.Changes {
		patch.Sort()
		w.Blob(patch.Append(nil))
	}
}

// unpackGathering reads what pack wrote, and lays out what was laid out of it.
func (u *Updater) unpackGathering(r *pack.Reader) {
	g := gathering{pub: &fold.Publication{}}
	if err := json.Unmarshal(r.Blob(), g.pub); err != nil && r.Err() == nil {
		r.Fail("what is to be proposed: %v", err)
	}
	g.head, g.places, g.looked, g.changed = int(r.Number(len(u.shadows))), int(r.Number(1<<31)), int(r.Number(1<<31)), r.Bool()
	for range u.shadows {
		g.pub.Changes = append(g.pub.Changes, readPatch(r))
	}
	if r.Err() != nil {
		return
	}
	if g.places > u.shadows[g.head].Moved() || g.looked > g.places {
		r.Fail("of %d weights of %d, %d are collected", g.places, u.shadows[g.head].Moved(), g.looked)
		return
	}
	u.gathering = g
	u.expect(g.pub.Changes)
}

// expect lays out what a proposal publishes.
func (u *Updater) expect(patches []rank.Patch) {
	for i, shadow := range u.shadows {
		if i < len(patches) && (patches[i].Len() == 0 || patches[i].Dim == shadow.dim) {
			shadow.expect(&patches[i])
		}
	}
}

func readPatch(r *pack.Reader) rank.Patch {
	patch, err := rank.ReadPatch(r.Blob())
	if err != nil && r.Err() == nil {
		r.Fail("what is to be proposed: %v", err)
	}
	return patch
}
