package rank

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Patch is what some weights of a model have become since the model was made: what an online update
// publishes. The zero Patch changes nothing.
type Patch struct {
	Bias    float32   // added to that of the model
	Index   []uint32  // numbers of weights, strictly ascending
	Weights []float32 // by Index, added to those of the model
	Dim     int       // of the vectors, 0 for none
	Vectors []float32 // by Index, Dim numbers each, likewise added
}

// Patched is the ranker with a patch added to the model of each head. The ranker is not changed.
func (r *Ranker) Patched(patches []Patch) (*Ranker, error) {
	if len(patches) != len(r.Heads) {
		return nil, fmt.Errorf("patch: there are %d for a ranker of %d heads", len(patches), len(r.Heads))
	}
	out := &Ranker{Heads: slices.Clone(r.Heads)}
	for i := range out.Heads {
		m, err := Patched(r.Heads[i].Model, &patches[i])
		if err != nil {
			return nil, fmt.Errorf("head %d: %w", i, err)
		}
		out.Heads[i].Model = m
	}
	return out, nil
}

// MaxPatch bounds the weights of one patch.
const MaxPatch = 1 << 20

// Len is how many weights the patch has a say in.
func (p *Patch) Len() int { return len(p.Index) }

// Join is the patch of all parts, which have weights in any order and none twice, the same Dim, and the
// Bias of the first. No part is changed.
func Join(parts []Patch) (out Patch) {
	type where struct {
		index    uint32
		part, at int32
	}
	var order []where
	for part := range parts {
		for at, index := range parts[part].Index {
			order = append(order, where{index, int32(part), int32(at)})
		}
	}
	slices.SortFunc(order, func(a, b where) int { return cmp.Compare(a.index, b.index) })
	if len(parts) > 0 {
		out = Patch{Bias: parts[0].Bias, Dim: parts[0].Dim, Index: make([]uint32, 0, len(order)), Weights: make([]float32, 0, len(order)), Vectors: make([]float32, 0, len(order)*parts[0].Dim)}
	}
	for _, w := range order {
		out.take(&parts[w.part], int(w.at))
	}
	return out
}

// take appends what another patch says of one weight.
func (p *Patch) take(from *Patch, i int) {
	p.Index, p.Weights = append(p.Index, from.Index[i]), append(p.Weights, from.Weights[i])
	p.Vectors = append(p.Vectors, from.Vectors[i*from.Dim:(i+1)*from.Dim]...)
}

// Merge is p with what a newer patch says in the place of what p says of the same weights. Both must
// have the same Dim, unless one is without weights. Neither is changed.
func (p *Patch) Merge(newer *Patch) Patch {
	out := Patch{Bias: newer.Bias, Dim: max(p.Dim, newer.Dim)}
	i := 0
	for j, at := range newer.Index {
		for ; i < len(p.Index) && p.Index[i] < at; i++ {
			out.take(p, i)
		}
		if i < len(p.Index) && p.Index[i] == at {
			i++
		}
		out.take(newer, j)
	}
	for ; i < len(p.Index); i++ {
		out.take(p, i)
	}
	return out
}

// check says what keeps a patch from being one of a model with so many weights and vectors of dim
// numbers, nil for nothing.
func (p *Patch) check(weights, dim int) error {
	if len(p.Index) > 0 && p.Dim != dim {
		return fmt.Errorf("patch: its vectors have %d numbers, those of the model %d", p.Dim, dim)
	}
	if len(p.Weights) != len(p.Index) || len(p.Vectors) != len(p.Index)*p.Dim {
		return errors.New("patch: it does not have a value for each weight")
	}
	for i, at := range p.Index {
		if int(at) >= weights || i > 0 && at <= p.Index[i-1] {
			return fmt.Errorf("patch: weight %d of %d follows weight %d", at, weights, p.Index[max(0, i-1)])
		}
	}
	for _, list := range [][]float32{{p.Bias}, p.Weights, p.Vectors} {
		for _, v := range list {
			if errors.Is(kindOf(float64(v)), ErrNonFinite) {
				return fmt.Errorf("patch: %w", ErrNonFinite)
			}
		}
	}
	return nil
}

// Patched is the model with the patch added to its weights. The model is not changed, and shares with
// the new one what the patch does not touch. The error says why the patch is none of this model.
func Patched(m Model, p *Patch) (Model, error) {
	switch m := m.(type) {
	case *LR:
		lr, err := m.patched(p, 0)
		return &lr, err
	case *FM:
		fm, err := m.patched(p)
		return &fm, err
	case *DeepFM:
		fm, err := m.FM.patched(p)
		return &DeepFM{FM: fm, Layers: m.Layers, packed: m.packed, back: m.back}, err // the network is the same
	}
	return nil, fmt.Errorf("patch: a %T has no weights to add to", m)
}

func (m *LR) patched(p *Patch, dim int) (LR, error) {
	if err := p.check(len(m.Weights), dim); err != nil {
		return *m, err
	}
	out := LR{Fields: m.Fields, Bias: m.Bias + p.Bias, Weights: slices.Clone(m.Weights)}
	for i, at := range p.Index {
		out.Weights[at] += p.Weights[i]
	}
	return out, nil
}

func (m *FM) patched(p *Patch) (FM, error) {
	lr, err := m.LR.patched(p, m.Dim)
	if err != nil {
		return *m, err
	}
	out := FM{LR: lr, Dim: m.Dim, Vectors: slices.Clone(m.Vectors), squares: slices.Clone(m.squares)}
	for i, at := range p.Index {
		own := out.Vectors[int(at)*m.Dim:][:m.Dim]
		for d, v := range p.Vectors[i*m.Dim:][:m.Dim] {
			own[d] += v
		}
		if out.squares != nil {
			out.squares[at] = out.square(int(at))
		}
	}
	return out, nil
}

// Append appends the patch as bytes: the bias, Dim, the number of weights, how far each is from the
// one before, then their values and vectors. Numbers are least byte first, counts as varints.
func (p *Patch) Append(to []byte) []byte {
	to = binary.LittleEndian.AppendUint32(to, math.Float32bits(p.Bias))
	to = binary.AppendUvarint(to, uint64(p.Dim))
	to = binary.AppendUvarint(to, uint64(len(p.Index)))
	last := uint32(0)
	for _, at := range p.Index {
		to = binary.AppendUvarint(to, uint64(at-last))
		last = at
	}
	for _, list := range [][]float32{p.Weights, p.Vectors} {
		for _, v := range list {
			to = binary.LittleEndian.AppendUint32(to, math.Float32bits(v))
		}
	}
	return to
}

// ReadPatch reads what Append wrote, and nothing else. The error says what is wrong; a patch that was
// read may still be none of a model, see Patched.
func ReadPatch(text []byte) (p Patch, err error) {
	short := errors.New("patch: it ends early")
	if len(text) < 4 {
		return p, short
	}
	p.Bias, text = math.Float32frombits(binary.LittleEndian.Uint32(text)), text[4:]
	number := func() uint64 {
		v, n := binary.Uvarint(text)
		if n <= 0 {
			err = short
			return 0
		}
		text = text[n:]
		return v
	}
	dim, n := number(), number()
	if err != nil || dim > MaxDim || n > MaxPatch || uint64(len(text)) < n*(5+4*dim) {
		return Patch{}, fmt.Errorf("patch: %d weights with vectors of %d numbers in %d bytes", n, dim, len(text))
	}
	p.Dim, p.Index = int(dim), make([]uint32, n)
	last := uint64(0)
	for i := range p.Index {
		step := number()
		if err != nil || step > math.MaxUint32 || last+step > math.MaxUint32 || i > 0 && step == 0 {
			return Patch{}, fmt.Errorf("patch: weight %d of %d has no place", i, n)
		}
		last += step
		p.Index[i] = uint32(last)
	}
	if uint64(len(text)) != 4*n*(1+dim) {
		return Patch{}, fmt.Errorf("patch: %d bytes for the values of %d weights with vectors of %d numbers", len(text), n, dim)
	}
	values := make([]float32, n*(1+dim))
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(text[4*i:]))
	}
	p.Weights, p.Vectors = values[:n:n], values[n:]
	return p, nil
}
