package learn

import (
	"encoding/json"
	"math"

	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/pack"
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
	w.Len(len(s.index))
	for p := range s.index {
		w.Uint(uint64(s.index[p]))
		w.Float(s.z[p])
		w.Float(s.n[p])
		w.Single(s.w[p])
		w.Single(s.out[p])
		w.Uint(s.record[p])
		w.Single(s.moved[p])
		w.Single(s.square[p])
		for d := p * s.dim; d < (p+1)*s.dim; d++ {
			w.Single(s.v[d])
			w.Single(s.vOut[d])
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
		s.z[p], s.n[p], s.w[p], s.out[p], s.record[p], s.moved[p], s.square[p] = r.Float(), r.Float(), r.Single(), r.Single(), r.Uint(), r.Single(), r.Single()
		for d := p * s.dim; d < (p+1)*s.dim; d++ {
			s.v[d], s.vOut[d] = r.Single(), r.Single()
		}
	}
}

// packProposal writes what is proposed, as its record will have it.
func packProposal(w *pack.Writer, p *fold.Publication) {
	if p == nil {
		w.Blob(nil)
		return
	}
	text, err := json.Marshal(p)
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
