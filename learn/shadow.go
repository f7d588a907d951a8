package learn

import (
	"errors"
	"math"
	"slices"

	"github.com/freshet-rec/freshet/internal/simd"
	"github.com/freshet-rec/freshet/rank"
)

// Pace bounds how a Shadow moves. The zero value of a field is its default.
type Pace struct {
	Alpha     float64 // learning rate of weights and of the bias, > 0; 0 is 0.1
	Beta      float64 // smooths it at the start, as FTRL's β; 0 is 1
	L1        float64 // how much gradient a weight needs before it leaves that of the model; 0 is 0.5
	L2        float64 // what draws it back; 0 is 1
	Vectors   float64 // learning rate of vectors, > 0; 0 is 0.02
	Step      float64 // the most that one record of the journal moves any weight by, > 0; 0 is 0.1
	Admission int     // a weight moves from the so many-th row on that it counts in, 1 to 255; 0 is 3
	MaxMoved  int     // weights that may move at all; 0 is 131,072
}

func (p Pace) withDefaults() Pace {
	for _, f := range []struct {
		to *float64
		is float64
	}{{&p.Alpha, 0.1}, {&p.Beta, 1}, {&p.L1, 0.5}, {&p.L2, 1}, {&p.Vectors, 0.02}, {&p.Step, 0.1}} {
		if *f.to == 0 {
			*f.to = f.is
		}
	}
	if p.Admission == 0 {
		p.Admission = 3
	}
	if p.MaxMoved == 0 {
		p.MaxMoved = 1 << 17
	}
	return p
}

// Shadow is a copy of a model that learns row by row beside it. What it keeps is how far each weight
// has come away from the model, so it costs memory only for weights that moved, begins as the model to
// the bit, and what it publishes is sparse.
//
// Weights and the bias follow FTRL-Proximal (McMahan et al., KDD 2013, Algorithm 1) of the deviation
// from the model instead of the weight: both states zero are the model's weight exactly, L1 leaves
// weights that lately explain nothing at the model's, and L2 draws to it instead of to zero. Vectors of
// an FM follow AdaGrad (Duchi et al., JMLR 2011, §1.1) with the same β beside the root, and one rate for
// all numbers of a vector, by the mean of their squares: a root for each of them would cost half of a
// step. Vectors of numbers stay as they are: all rows share them, and what a day changes about a number
// its weight can say. The network of a DeepFM stays too; vectors get its gradient. Three departures: a
// weight moves only from its Pace.Admission-th row on, at most Pace.Step by one record, and only while fewer than
// Pace.MaxMoved have moved. A word beyond the vocabulary has no weight of its own until the next
// training: what it teaches goes to the weight that its field keeps for such words.
//
// A Shadow is for one goroutine. What it becomes depends on the calls alone.
type Shadow struct {
	pace   Pace
	model  rank.Model
	lr     *rank.LR
	fm     *rank.FM     // nil of an LR
	deep   *rank.DeepFM // nil of an LR and an FM
	fields int
	dim    int
	words  uint32 // the first weight that is not of a number

	place []int32 // of a weight among those that moved; 0 is none
	rows  []uint8 // by weight: the rows it has counted in, up to Admission

	// By place; 0 is the bias.
	index  []uint32
	z, n   []float64 // of FTRL
	w      []float32 // how far the weight is from the model
	out    []float32 // as published
	record []uint64  // the last that moved it
	moved  []float32 // by that record
	v      []float32 // likewise of vectors, dim numbers each
	square []float32 // of AdaGrad: one for all numbers of a vector
	vOut   []float32

	common   []float32    // of vectors times values, of weights whose vectors did not move
	sum      [3][]float32 // the same of all, by variant
	input    []float32    // of the network, of the frozen variant
	acts     [][]float32  // of the variant asked last: its input, then the outputs of its layers
	turn     [][]float32  // by layer: its weights, by input
	back     [][]float32  // by layer: the gradient of the network's output by its input
	gradient []float32    // of one vector
	live     bool         // something is published
	known    *rank.Batch  // sum and acts are those of the learned variant of this row, nil of none
	row      int
}

// The variants of a model that a Shadow knows.
const (
	frozen    = iota // the model itself
	published        // with what was published last
	learned          // with all that was learned
)

// Forecast are the log-odds of a row by each variant.
type Forecast [3]float32

// NewShadow returns a Shadow that has learned nothing. The error says that models of this kind have
// none.
func NewShadow(m rank.Model, pace Pace) (*Shadow, error) {
	s := &Shadow{pace: pace.withDefaults(), model: m}
	switch m := m.(type) {
	case *rank.LR:
		s.lr = m
	case *rank.FM:
		s.lr, s.fm = &m.LR, m
	case *rank.DeepFM:
		s.lr, s.fm, s.deep = &m.LR, &m.FM, m
	default:
		return nil, errors.New("the model is of a kind that is not updated")
	}
	if s.fm != nil {
		s.dim = s.fm.Dim
	}
	s.fields = len(m.Schema().Fields)
	s.place, s.rows = make([]int32, len(s.lr.Weights)), make([]uint8, len(s.lr.Weights))
	for i := range s.sum {
		s.sum[i] = make([]float32, s.dim)
	}
	s.gradient, s.common = make([]float32, s.dim), make([]float32, s.dim)
	for i := range s.fields {
		if m.Schema().Fields[i].Number() {
			s.words = uint32(m.Schema().Start(i + 1))
		}
	}
	if s.deep != nil {
		s.lay()
	}
	s.add(0)
	return s, nil
}

// add gives a weight a place among those that moved.
func (s *Shadow) add(index uint32) int32 {
	at := int32(len(s.index))
	s.index = append(s.index, index)
	s.z, s.n, s.w, s.out = append(s.z, 0), append(s.n, 0), append(s.w, 0), append(s.out, 0)
	s.record, s.moved = append(s.record, 0), append(s.moved, 0)
	s.square = append(s.square, 0)
	for range s.dim {
		s.v, s.vOut = append(s.v, 0), append(s.vOut, 0)
	}
	return at
}

// Moved is how many weights have left those of the model.
func (s *Shadow) Moved() int { return len(s.index) - 1 }

// lay makes room for the network.
func (s *Shadow) lay() {
	s.input = make([]float32, s.fields*s.dim)
	s.acts = [][]float32{make([]float32, s.fields*s.dim)}
	for l := range s.deep.Layers {
		layer := &s.deep.Layers[l]
		turned := make([]float32, len(layer.Weights))
		for o := range layer.Out {
			for i := range layer.In {
				turned[i*layer.Out+o] = layer.Weights[o*layer.In+i]
			}
		}
		s.turn = append(s.turn, turned)
		s.acts, s.back = append(s.acts, make([]float32, layer.Out)), append(s.back, make([]float32, layer.In))
	}
}

// Predict returns the log-odds of one row of a batch.
func (s *Shadow) Predict(b *rank.Batch, row int) (f Forecast) {
	index, value := b.Row(s.fields, row)
	plain, live, own := s.lr.Bias, s.out[0], s.w[0]
	for i, at := range index {
		x := value[i]
		plain += s.lr.Weights[at] * x
		if p := s.place[at]; p != 0 {
			live += s.out[p] * x
			own += s.w[p] * x
		}
	}
	f = Forecast{plain, plain + live, plain + own}
	if s.fm == nil {
		return f
	}
	s.interact(b, row, &f)
	return f
}

// interact adds what vectors do to the odds of a row, and keeps what learning needs to know of it.
func (s *Shadow) interact(b *rank.Batch, row int, f *Forecast) {
	index, value := b.Row(s.fields, row)
	for variant, odds := range s.pairs(index, value) {
		f[variant] += odds
	}
	if s.deep != nil {
		for variant := range f {
			if variant != published || s.live {
				f[variant] += s.network(variant, b, row)
			}
		}
	}
	if !s.live {
		f[published] = f[frozen] // which it is
	}
	s.known, s.row = b, row
}

// away is what the vector of a weight deviates by in a variant, nil for nothing.
func (s *Shadow) away(variant int, at uint32) []float32 {
	p := int(s.place[at])
	switch {
	case p == 0 || at < s.words || variant == frozen:
		return nil
	case variant == published:
		return s.vOut[p*s.dim:][:s.dim]
	}
	return s.v[p*s.dim:][:s.dim]
}

// pairs is what pairs of vectors add by variant, and leaves the sums of the vectors in s.sum.
func (s *Shadow) pairs(index []uint32, value []float32) (odds Forecast) {
	common, shared := s.common, float32(0)
	clear(common)
	for v := range s.sum {
		clear(s.sum[v])
	}
	for i, at := range index {
		x := value[i]
		base := s.fm.Vectors[int(at)*s.dim:][:len(common)]
		if at < s.words || s.place[at] == 0 {
			for d, v := range base {
				v *= x
				common[d] += v
				shared += v * v
			}
			continue
		}
		for variant, sum := range s.sum {
			if variant == published && !s.live {
				continue
			}
			sum = sum[:len(base)]
			if away := s.away(variant, at); away != nil {
				away = away[:len(base)]
				for d, v := range base {
					v = (v + away[d]) * x
					sum[d] += v
					odds[variant] -= v * v
				}
				continue
			}
			for d, v := range base {
				v *= x
				sum[d] += v
				odds[variant] -= v * v
			}
		}
	}
	for variant, sum := range s.sum {
		total := odds[variant] - shared
		for d, v := range common {
			v += sum[d]
			sum[d] = v
			total += v * v
		}
		odds[variant] = total / 2
	}
	return odds
}

// network is what the layers add in a variant, and leaves their outputs in s.acts. The frozen variant is
// asked first: the inputs of the others are its own and what they deviate by.
func (s *Shadow) network(variant int, b *rank.Batch, row int) float32 {
	if variant == frozen {
		clear(s.input)
	} else {
		copy(s.acts[0], s.input)
	}
	for field := range s.fields {
		index, value := b.Entries(s.fields, row, field)
		sum := s.input[field*s.dim:][:s.dim]
		if variant != frozen {
			sum = s.acts[0][field*s.dim:][:s.dim]
		}
		for i, at := range index {
			x, vector := value[i], s.away(variant, at)
			if variant == frozen {
				vector = s.fm.Vectors[int(at)*s.dim:][:len(sum)]
			}
			for d, v := range vector {
				sum[d] += v * x
			}
		}
	}
	in, last := s.acts[0], len(s.deep.Layers)-1
	if variant == frozen {
		in = s.input
	}
	for l := range s.deep.Layers {
		layer, out := &s.deep.Layers[l], s.acts[l+1]
		simd.DotRows(out, in, layer.Weights)
		for o := range out {
			out[o] += layer.Bias[o]
			if l < last {
				out[o] = max(0, out[o])
			}
		}
		in = out
	}
	return in[0]
}

// backward returns the gradient by its input of the output that the network had last.
func (s *Shadow) backward() []float32 {
	last := len(s.deep.Layers) - 1
	up := []float32{1}
	for l := last; l >= 0; l-- {
		if l < last {
			for o, v := range s.acts[l+1] {
				if v <= 0 {
					up[o] = 0
				}
			}
		}
		simd.DotRows(s.back[l], up, s.turn[l])
		up = s.back[l]
	}
	return up
}

// mostGradient bounds the gradient of one row by its log-odds: that of a positive that was held
// impossible, twice weighted.
const mostGradient = 2

// Learn moves the weights of one row of a batch against the gradient of the loss by its log-odds, and
// returns how far they moved, all together. record is the journal's position that it comes from, by
// which Pace.Step is counted. A gradient that is no number moves nothing, and a large one is cut.
func (s *Shadow) Learn(b *rank.Batch, row int, gradient float32, record uint64) (moved float64) {
	if math.IsNaN(float64(gradient)) || gradient == 0 {
		return 0
	}
	gradient = min(mostGradient, max(-mostGradient, gradient))
	index, value := b.Row(s.fields, row)
	if s.fm != nil && (s.known != b || s.row != row) {
		var f Forecast
		s.interact(b, row, &f)
	}
	s.known = nil
	var back []float32
	if s.deep != nil {
		back = s.backward()
	}
	moved = s.step(0, gradient, record)
	if s.deep == nil {
		for i, at := range index {
			moved += s.weight(at, value[i], gradient, record, nil)
		}
		return moved
	}
	for field := range s.fields {
		index, value := b.Entries(s.fields, row, field)
		for i, at := range index {
			moved += s.weight(at, value[i], gradient, record, back[field*s.dim:][:s.dim])
		}
	}
	return moved
}

// weight moves one weight of a row, and its vector. deep is the gradient of the network by the field's
// input, nil without one.
func (s *Shadow) weight(at uint32, x, gradient float32, record uint64, deep []float32) (moved float64) {
	p := s.place[at]
	if p == 0 {
		if s.rows[at]++; int(s.rows[at]) < s.pace.Admission {
			return 0
		}
		if s.Moved() >= s.pace.MaxMoved {
			s.rows[at]--
			return 0
		}
		p = s.add(at)
		s.place[at] = p
	}
	moved = s.step(p, gradient*x, record)
	if s.fm == nil || at < s.words {
		return moved
	}
	base, own, g := s.fm.Vectors[int(at)*s.dim:][:s.dim], s.v[int(p)*s.dim:][:s.dim], s.gradient[:s.dim]
	sum := s.sum[learned][:s.dim]
	squares, gx := float32(0), gradient*x
	for d := range g {
		v := sum[d] - (base[d]+own[d])*x
		if deep != nil {
			v += deep[d]
		}
		v *= gx
		g[d] = v
		squares += v * v
	}
	length := float32(math.Sqrt(float64(squares)))
	squares = s.square[p] + squares/float32(s.dim)
	rate := float32(s.pace.Vectors) / float32(s.pace.Beta+math.Sqrt(float64(squares)))
	by := rate * length
	if room := max(0, float32(s.pace.Step)-s.moved[p]); by > room {
		rate, by = room/length, room
	}
	if !(by > 0) || math.IsInf(float64(squares), 0) { // nothing, or a sum beyond all bounds
		return moved
	}
	s.square[p] = squares
	for d, v := range g {
		own[d] -= rate * v
	}
	s.moved[p] += by
	return moved + float64(by)
}

// step moves a weight by FTRL, as far as its record may still move it, and returns how far.
func (s *Shadow) step(p int32, gradient float32, record uint64) float64 {
	if s.record[p] != record {
		s.record[p], s.moved[p] = record, 0
	}
	g, was := float64(gradient), float64(s.w[p])
	n := s.n[p] + g*g
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return 0
	}
	sigma := (math.Sqrt(n) - math.Sqrt(s.n[p])) / s.pace.Alpha
	z := s.z[p] + g - sigma*was
	rate := (s.pace.Beta+math.Sqrt(n))/s.pace.Alpha + s.pace.L2
	w := 0.0
	if math.Abs(z) > s.pace.L1 {
		w = -(z - math.Copysign(s.pace.L1, z)) / rate
	}
	if room := s.pace.Step - float64(s.moved[p]); math.Abs(w-was) > room { // the state of the weight that it may have
		w = was + math.Copysign(max(0, room), w-was)
		z = -(w*rate + math.Copysign(s.pace.L1, w))
	}
	s.z[p], s.n[p], s.w[p] = z, n, float32(w)
	by := math.Abs(float64(s.w[p]) - was)
	s.moved[p] += float32(by)
	return by
}

// Changes is what was learned of the weights that changed since they were published.
func (s *Shadow) Changes() rank.Patch {
	var places []int32
	for p := 1; p < len(s.index); p++ {
		if s.w[p] != s.out[p] || !slices.Equal(s.v[p*s.dim:(p+1)*s.dim], s.vOut[p*s.dim:(p+1)*s.dim]) {
			places = append(places, int32(p))
		}
	}
	slices.SortFunc(places, func(a, b int32) int { return int(s.index[a]) - int(s.index[b]) })
	patch := rank.Patch{Bias: s.w[0], Dim: s.dim}
	for _, p := range places {
		patch.Index, patch.Weights = append(patch.Index, s.index[p]), append(patch.Weights, s.w[p])
		patch.Vectors = append(patch.Vectors, s.v[int(p)*s.dim:][:s.dim]...)
	}
	return patch
}

// Publish notes that a patch was published over those before.
func (s *Shadow) Publish(patch *rank.Patch) {
	s.live, s.known = true, nil
	s.out[0] = patch.Bias
	for i, at := range patch.Index {
		p := s.place[at]
		if p == 0 { // published by somebody else
			p = s.add(at)
			s.place[at] = p
		}
		s.out[p] = patch.Weights[i]
		copy(s.vOut[int(p)*s.dim:][:s.dim], patch.Vectors[i*patch.Dim:])
	}
}
