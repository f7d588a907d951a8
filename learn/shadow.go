package learn

import (
	"cmp"
	"errors"
	"math"

	"github.com/freshet-rec/freshet/internal/dense"
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
	MaxMoved  int     // weights that may move at all, as far as mostMoved has room; 0 is 131,072
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
	pace     Pace
	perAlpha float64 // 1/Alpha
	model    rank.Model
	lr       *rank.LR
	fm       *rank.FM // nil of an LR
	fields   int
	dim      int
	words    uint32 // the first weight that is not of a number
	from     int    // the first field whose vectors move

	place []int32    // of a weight among those that moved; 0 is none
	rows  []uint8    // by weight: the rows it has counted in, up to Admission
	moved []moved    // by place; 0 is the bias
	v     []float32  // likewise: how far vectors are from those of the model, dim numbers each
	out   deviations // as published
	next  deviations // as they will be once what is being proposed is published, see gather

	glance   glance
	network  *shadowNetwork
	sum      []float32   // of the vectors of the row asked about last, by dimension
	gradient []float32   // of one vector
	live     bool        // something is published
	known    *rank.Batch // sum and the network are as learned, of this row; nil of none
	row      int
}

// mostMoved bounds the bytes that are kept of weights that moved: vectors of 36 numbers let as many move
// as by default may, longer ones fewer.
const mostMoved = 64 << 20

// moved is a weight that may have left that of the model.
type moved struct {
	z, n   float64 // of FTRL
	root   float64 // √n
	record uint64  // the last that moved it
	index  uint32  // of the weight
	w      float32 // how far it is from that of the model
	by     float32 // how far that record moved it, and its vector
	square float32 // of AdaGrad: one for all numbers of the vector
}

// deviations are how far weights and vectors are from those of the model, by place.
type deviations struct{ weights, vectors []float32 }

func (d *deviations) add(dim int) {
	d.weights = append(d.weights, 0)
	for range dim {
		d.vectors = append(d.vectors, 0)
	}
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
	s.perAlpha = 1 / s.pace.Alpha
	var layers []rank.Layer
	switch m := m.(type) {
	case *rank.LR:
		s.lr = m
	case *rank.FM:
		s.lr, s.fm = &m.LR, m
	case *rank.DeepFM:
		s.lr, s.fm, layers = &m.LR, &m.FM, m.Layers
	default:
		return nil, errors.New("the model is of a kind that is not updated")
	}
	if s.fm != nil {
		s.dim = s.fm.Dim
	}
	s.pace.MaxMoved = min(s.pace.MaxMoved, mostMoved/(64+12*(1+s.dim)))
	s.fields = len(m.Schema().Fields)
	s.place, s.rows = make([]int32, len(s.lr.Weights)), make([]uint8, len(s.lr.Weights))
	s.sum, s.gradient = make([]float32, s.dim), make([]float32, s.dim)
	for i := range s.fields {
		if m.Schema().Fields[i].Number() {
			s.from, s.words = i+1, uint32(m.Schema().Start(i+1))
		}
	}
	if s.fm != nil {
		g := &s.glance
		g.sum, g.input, g.pooled = make([]float32, glanceRows*s.dim), make([]float32, glanceRows*s.fields*s.dim), make([]float32, glanceRows*dense.SumsOf(s.dim))
	}
	if layers != nil {
		s.network = newShadowNetwork(layers, min(s.from, s.fields-1)*s.dim)
	}
	s.add(0)
	return s, nil
}

// add gives a weight a place among those that moved.
func (s *Shadow) add(index uint32) int32 {
	at := int32(len(s.moved))
	s.moved = append(s.moved, moved{index: index})
	for range s.dim {
		s.v = append(s.v, 0)
	}
	s.out.add(s.dim)
	s.next.add(s.dim)
	return at
}

// Moved is how many weights have left those of the model.
func (s *Shadow) Moved() int { return len(s.moved) - 1 }

// Predict returns the log-odds of one row of a batch. What is found out of the rows beside it is kept
// until another batch is asked about: a batch must not be changed before.
func (s *Shadow) Predict(b *rank.Batch, row int) Forecast {
	at := s.look(b, row)
	return Forecast{s.glance.odds[frozen][at], s.glance.odds[published][at], s.Learned(b, row)}
}

// Learned is the log-odds of a row as learned, and keeps what learning needs to know of it.
func (s *Shadow) Learned(b *rank.Batch, row int) float32 {
	at := s.look(b, row)
	odds := s.away(learned, b, at, 0)
	if s.network != nil {
		odds += s.network.forward(at, 1)[0]
	}
	s.known, s.row = b, row
	return odds
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
	if s.fm != nil && (s.known != b || s.row != row) {
		s.Learned(b, row)
	}
	s.known = nil
	moved = s.step(0, gradient, record)
	var back []float32
	if s.network != nil {
		back = s.network.backward()
	}
	for field := range s.fields {
		index, value := b.Entries(s.fields, row, field)
		var deep []float32
		if back != nil && field >= s.from {
			deep = back[field*s.dim-s.network.from:][:s.dim]
		}
		for i, at := range index {
			moved += s.weight(at, value[i], gradient, record, deep)
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
	m := &s.moved[p]
	base, own, g := s.fm.Vectors[int(at)*s.dim:][:s.dim], s.v[int(p)*s.dim:][:s.dim], s.gradient[:s.dim]
	sum := s.sum[:s.dim]
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
	squares = m.square + squares/float32(s.dim)
	rate := float32(s.pace.Vectors) / float32(s.pace.Beta+math.Sqrt(float64(squares)))
	by := rate * length
	if room := max(0, float32(s.pace.Step)-m.by); by > room {
		rate, by = room/length, room
	}
	if !(by > 0) || math.IsInf(float64(squares), 0) { // nothing, or a sum beyond all bounds
		return moved
	}
	m.square = squares
	for d, v := range g {
		own[d] -= rate * v
	}
	m.by += by
	return moved + float64(by)
}

// step moves a weight by FTRL, as far as its record may still move it, and returns how far.
func (s *Shadow) step(p int32, gradient float32, record uint64) float64 {
	m := &s.moved[p]
	if m.record != record {
		m.record, m.by = record, 0
	}
	g, was := float64(gradient), float64(m.w)
	n := m.n + g*g
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return 0
	}
	root := math.Sqrt(n)
	sigma := (root - m.root) * s.perAlpha
	z := m.z + g - sigma*was
	rate := (s.pace.Beta+root)*s.perAlpha + s.pace.L2
	w := 0.0
	if math.Abs(z) > s.pace.L1 {
		w = -(z - math.Copysign(s.pace.L1, z)) / rate
	}
	if room := max(0, s.pace.Step-float64(m.by)); math.Abs(w-was) > room { // the state of the weight that it may have
		to := w
		w = was + math.Copysign(room, to-was)
		z = -(w*rate + math.Copysign(s.pace.L1, cmp.Or(w, to))) // a weight of 0 stays at the end that it was to leave by
	}
	m.z, m.n, m.root, m.w = z, n, root, float32(w)
	by := math.Abs(float64(m.w) - was)
	m.by += float32(by)
	return by
}

// vector is how far the vector of a place is from that of the model, as published or as learned.
func (s *Shadow) vector(variant, p int) []float32 {
	if variant == published {
		return s.out.vectors[p*s.dim:][:s.dim]
	}
	return s.v[p*s.dim:][:s.dim]
}

// Publish notes that a patch was published over those before.
func (s *Shadow) Publish(patch *rank.Patch) {
	s.live, s.known, s.glance.batch = true, nil, nil
	s.out.weights[0] = patch.Bias
	for i, at := range patch.Index {
		p := s.place[at]
		if p == 0 { // published by somebody else
			p = s.add(at)
			s.place[at] = p
		}
		s.out.weights[p] = patch.Weights[i]
		copy(s.vector(published, int(p)), patch.Vectors[i*patch.Dim:])
	}
}
