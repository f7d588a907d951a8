package window

import (
	"math"
	"slices"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/slab"
)

// DistinctExact is how many different values a Distinct counts exactly.
const DistinctExact = 128

// Distinct is how many different values there were, known by 64-bit hashes: see Hash. Up to
// DistinctExact of them it is exact, beyond that the estimate of a Sketch. It depends on the set
// of the values alone, whatever the order and however they are spread over tiles.
type Distinct struct {
	Slab *slab.Slab
}

// A state is: word 0, the events; word 1, the piece of the slab and how many hashes it holds, 32 bits
// each, the piece below; more than DistinctExact means that the piece is a Sketch. Hashes ascend.

func (a *Distinct) Words() int { return 2 }

func (a *Distinct) Add(state []uint64, s *Sample) {
	if !s.More {
		state[0]++
	}
	a.put(state, s.Hash)
}

func (a *Distinct) put(state []uint64, hash uint64) {
	piece, n := slab.Ref(state[1]), int(state[1]>>32)
	if n > DistinctExact {
		Sketch(a.Slab.At(piece)).Add(hash)
		return
	}
	if n == 0 {
		piece = a.Slab.Make(1)
	}
	list := a.Slab.At(piece)
	i, found := slices.BinarySearch(list[:n], hash)
	if found {
		return
	}
	if n == DistinctExact {
		sketch := a.Slab.Make(SketchWords)
		for _, h := range a.Slab.At(piece)[:n] {
			Sketch(a.Slab.At(sketch)).Add(h)
		}
		Sketch(a.Slab.At(sketch)).Add(hash)
		a.Slab.Free(piece)
		state[1] = uint64(sketch) | (DistinctExact+1)<<32
		return
	}
	if n == len(list) {
		larger := a.Slab.Make(2 * n)
		copy(a.Slab.At(larger), a.Slab.At(piece))
		a.Slab.Free(piece)
		piece = larger
		list = a.Slab.At(piece)
	}
	copy(list[i+1:n+1], list[i:n])
	list[i] = hash
	state[1] = uint64(piece) | uint64(n+1)<<32
}

// hashes are those of a state that counts exactly, and sketch the Sketch of another.
func (a *Distinct) hashes(state []uint64) (hashes []uint64, sketch Sketch) {
	piece, n := slab.Ref(state[1]), int(state[1]>>32)
	switch {
	case n == 0:
		return nil, nil
	case n > DistinctExact:
		return nil, Sketch(a.Slab.At(piece)[:SketchWords])
	}
	return a.Slab.At(piece)[:n], nil
}

func (a *Distinct) Merge(into, from []uint64) {
	into[0] += from[0]
	hashes, sketch := a.hashes(from)
	if sketch == nil {
		for _, h := range slices.Clone(hashes) {
			a.put(into, h)
		}
		return
	}
	_, larger := a.hashes(into)
	if larger == nil {
		piece := a.Slab.Make(SketchWords)
		larger = Sketch(a.Slab.At(piece)[:SketchWords])
		mine, _ := a.hashes(into) // what Make may have moved
		_, sketch = a.hashes(from)
		for _, h := range mine {
			larger.Add(h)
		}
		a.Slab.Free(slab.Ref(into[1]))
		into[1] = uint64(piece) | (DistinctExact+1)<<32
	}
	larger.Merge(sketch)
}

func (a *Distinct) Read(v *Value, states States, _ int64) {
	v.Events = events(states)
	if states.Len() == 1 {
		hashes, sketch := a.hashes(states.At(0))
		if v.Value = float64(len(hashes)); sketch != nil {
			v.Value = sketch.Estimate()
		}
		return
	}
	all := make([]uint64, 0, DistinctExact)
	var merged Sketch
	for i := range states.Len() {
		hashes, sketch := a.hashes(states.At(i))
		if merged == nil && sketch == nil {
			all = append(all, hashes...)
			slices.Sort(all)
			if all = slices.Compact(all); len(all) <= DistinctExact {
				continue
			}
			hashes = nil
		}
		if merged == nil {
			merged = make(Sketch, SketchWords)
			for _, h := range all {
				merged.Add(h)
			}
		}
		for _, h := range hashes {
			merged.Add(h)
		}
		if sketch != nil {
			merged.Merge(sketch)
		}
	}
	if v.Value = float64(len(all)); merged != nil {
		v.Value = merged.Estimate()
	}
}

func (a *Distinct) Clear(state []uint64) {
	a.Slab.Free(slab.Ref(state[1]))
	clear(state)
}

func (a *Distinct) Pack(w *pack.Writer, state []uint64) {
	hashes, sketch := a.hashes(state)
	w.Uint(state[0])
	if sketch != nil {
		w.Len(DistinctExact + 1)
		hashes = sketch
	} else {
		w.Len(len(hashes))
	}
	for _, word := range hashes {
		w.Word(word)
	}
}

func (a *Distinct) Unpack(r *pack.Reader, state []uint64) {
	events, n := r.Uint(), r.Len(8)
	if n > DistinctExact+1 || events > math.MaxInt64 {
		r.Fail("%d different values", n)
	}
	if r.Err() != nil || n == 0 {
		state[0] = events
		return
	}
	words := n
	if n > DistinctExact {
		words = SketchWords
	}
	piece := a.Slab.Make(words)
	for i := range words {
		a.Slab.At(piece)[i] = r.Word()
	}
	state[0], state[1] = events, uint64(piece)|uint64(n)<<32
}
