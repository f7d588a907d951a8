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
	w.Len(len(s.moved))
	for p := range s.moved {
		m := &s.moved[p]
		w.Uint(uint64(m.index))
		w.Float(m.z)
		w.Float(m.n)
		w.Single(m.w[learned])
		w.Single(m.w[published])
		w.Uint(m.record)
		w.Single(m.by)
		w.Single(m.square)
		for d := p * s.dim; d < (p+1)*s.dim; d++ {
			w.Single(s.v[learned][d])
			w.Single(s.v[published][d])
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
		m.z, m.n, m.w[learned], m.w[published], m.record, m.by, m.square = r.Float(), r.Float(), r.Single(), r.Single(), r.Uint(), r.Single(), r.Single()
		for d := p * s.dim; d < (p+1)*s.dim; d++ {
			s.v[learned][d], s.v[published][d] = r.Single(), r.Single()
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
