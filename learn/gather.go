package learn

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
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
	found   int               // how many of those have changed, and have room
	changed bool              // anything is different from what is published
}

// gatherAtOnce is how many places are looked at with one record: about a tenth of a millisecond.
const gatherAtOnce = 1024

// gather collects the next part, and proposes the publication once all is there.
func (u *Updater) gather() {
	g := &u.gathering
	for left := u.atOnce; left > 0 && g.head < len(u.shadows); {
		s, parts := u.shadows[g.head], &g.pub.Changes[g.head]
		if g.looked == 0 {
			g.places, g.found = s.Moved(), 0
			g.changed = g.changed || s.gatherBias()
		}
		n, most := min(left, g.places-g.looked), mostChanges(u.MaxSize/len(u.shadows), s.dim)
		part := rank.Patch{Bias: s.next.weights[0], Dim: s.dim}
		for ; n > 0; n-- {
			// From another place on at each turn, so that all have theirs where there is no room for all.
			s.gather(1+(g.pub.Number*most+g.looked)%g.places, most-g.found-part.Len(), &part)
			g.looked++
			left--
		}
		*parts, g.found = append(*parts, part), g.found+part.Len()
		if g.looked == g.places {
			g.changed = g.changed || g.found > 0
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

// gatherBias lays out the bias, and reports that it has changed.
func (s *Shadow) gatherBias() bool {
	s.next.weights[0] = s.moved[0].w
	return s.next.weights[0] != s.out.weights[0]
}

// gather lays out a place, and adds it to a patch if it has changed since it was published and there is
// room for so many more.
func (s *Shadow) gather(p, room int, patch *rank.Patch) {
	weight, vector := s.moved[p].w, s.vector(learned, p)
	was, wasVector := s.out.weights[p], s.vector(published, p)
	if room <= 0 || weight == was && slices.Equal(vector, wasVector) {
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

// expect lays out what is published with a patch over it, as gathering it did. The error says why the
// patch cannot have been gathered here.
func (s *Shadow) expect(patch *rank.Patch) error {
	if patch.Len() > 0 && patch.Dim != s.dim {
		return fmt.Errorf("its vectors have %d numbers, those of the model %d", patch.Dim, s.dim)
	}
	s.next = deviations{slices.Clone(s.out.weights), slices.Clone(s.out.vectors)}
	s.next.weights[0] = patch.Bias
	for i, at := range patch.Index {
		if int(at) >= len(s.place) || s.place[at] == 0 {
			return fmt.Errorf("weight %d of %d has not moved", at, len(s.place))
		}
		p := int(s.place[at])
		s.next.weights[p] = patch.Weights[i]
		copy(s.next.vectors[p*s.dim:][:s.dim], patch.Vectors[i*patch.Dim:])
	}
	return nil
}

// pack writes what is collected.
func (g *gathering) pack(w *pack.Writer) {
	w.Bool(g.pub != nil)
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
	for _, parts := range g.pub.Changes {
		patch := rank.Join(parts)
		w.Blob(patch.Append(nil))
	}
}

// unpackGathering reads what pack wrote of something, and lays out what was laid out of it.
func (u *Updater) unpackGathering(r *pack.Reader) {
	g := gathering{pub: &fold.Publication{}}
	if err := json.Unmarshal(r.Blob(), g.pub); err != nil && r.Err() == nil {
		r.Fail("what is to be proposed: %v", err)
	}
	g.head, g.places, g.looked, g.changed = int(r.Number(len(u.shadows))), int(r.Number(1<<31)), int(r.Number(1<<31)), r.Bool()
	g.pub.Changes = make([][]rank.Patch, len(u.shadows))
	var patches []rank.Patch
	for i := range u.shadows {
		patch := readPatch(r)
		if i > g.head || i == g.head && g.looked == 0 {
			continue // its turn has not come
		}
		g.pub.Changes[i], g.found = []rank.Patch{patch}, patch.Len()
		patches = append(patches, patch)
	}
	if r.Err() != nil {
		return
	}
	if g.places > u.shadows[g.head].Moved() || g.looked > g.places {
		r.Fail("of %d weights of %d, %d are collected", g.places, u.shadows[g.head].Moved(), g.looked)
		return
	}
	u.gathering = g
	u.expect(r, patches)
}

// expect lays out what a proposal that was read publishes.
func (u *Updater) expect(r *pack.Reader, patches []rank.Patch) {
	if len(patches) > len(u.shadows) {
		r.Fail("patches of %d heads for %d", len(patches), len(u.shadows))
	}
	for i := 0; i < len(patches) && r.Err() == nil; i++ {
		if err := u.shadows[i].expect(&patches[i]); err != nil {
			r.Fail("what is to be published of head %d: %v", i, err)
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
