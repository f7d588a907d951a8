package learn

import (
	"encoding/json"
	"math"

	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/rank"
)

func (s *Shadow) pack(w *pack.Writer) {
	n := 0
	for i := range s.rows {
		if s.rows[i] != 0 {
			n++
		}
	}
	w.Bool(s.live)
	w.Len(n)
	for i := range s.rows {
		if s.rows[i] != 0 {
			w.Uint(uint64(i))
			w.Uint(uint64(s.rows[i]))
		}
	}
	w.Len(len(s.moved))
	for p := range s.moved {
		m := &s.moved[p]
		w.Uint(uint64(m.index))
		w.Float(m.z)
		w.Float(m.n)
		w.Single(m.w)
		w.Single(s.out.weights[p])
		w.Uint(m.record)
		w.Single(m.by)
		w.Single(m.square)
		for d := p * s.dim; d < (p+1)*s.dim; d++ {
			w.Single(s.v[d])
			w.Single(s.out.vectors[d])
		}
	}
}

// unpack fills a new Shadow of the same model.
func (s *Shadow) unpack(r *pack.Reader) {
	s.live = r.Bool()
	for range r.Len(2) {
		at := r.Number(len(s.rows))
		s.rows[at] = uint8(r.Number(math.MaxUint8 + 1))
	}
	for p := range r.Len(34 + 8*s.dim) {
		index := r.Number(len(s.place))
		if r.Err() != nil {
			return
		}
		if p > 0 {
			if s.place[index] != 0 {
				r.Fail("weight %d moved twice", index)
				return
			}
			s.place[index] = s.add(index)
		}
		m := &s.moved[p]
		m.z, m.n, m.w, s.out.weights[p], m.record, m.by, m.square = r.Float(), r.Float(), r.Single(), r.Single(), r.Uint(), r.Single(), r.Single()
		m.root = math.Sqrt(m.n)
		for d := p * s.dim; d < (p+1)*s.dim; d++ {
			s.v[d], s.out.vectors[d] = r.Single(), r.Single()
		}
	}
}

// packProposal writes what is proposed, as its record will have it where before is in force.
func packProposal(w *pack.Writer, p *fold.Publication, before []rank.Patch) {
	if p == nil {
		w.Blob(nil)
		return
	}
	text, err := json.Marshal(p.Complete(before))
	if err != nil {
		panic("BUG: a publication that was proposed cannot be written: " + err.Error())
	}
	w.Blob(text)
}

func unpackProposal(r *pack.Reader) *fold.Publication {
	text := r.Blob()
	if len(text) == 0 {
		return nil
	}
	p := &fold.Publication{}
	if err := json.Unmarshal(text, p); err != nil {
		r.Fail("what is proposed: %v", err)
	}
	return p
}

// patchesOf are those of a proposal that was read.
func patchesOf(r *pack.Reader, p *fold.Publication) (patches []rank.Patch) {
	for _, text := range p.Patches {
		patch, err := rank.ReadPatch(text)
		if err != nil {
			r.Fail("what is proposed: %v", err)
			return nil
		}
		patches = append(patches, patch)
	}
	return patches
}
