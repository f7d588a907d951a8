package rank

import (
	"errors"
	"fmt"
	"math"

	"github.com/freshet-rec/freshet/internal/pack"
)

// The file of a ranker is a magic text and a version, then the schema with its vocabularies, then the
// heads with their parameters, in the form of package internal/pack. Equal rankers have equal bytes.
const (
	fileMagic   = "freshet-ranker"
	fileVersion = 1
)

// MaxModelBytes bounds the file of a ranker: a factorization machine over ten million words with
// vectors of 16 numbers takes 760 MB.
const MaxModelBytes = 1 << 30

// MaxWeight bounds every parameter of a model that is accepted from outside; a larger one would let
// one field decide everything.
const MaxWeight = 50

// What is wrong with the numbers of a ranker.
var (
	ErrNonFinite = errors.New("non_finite") // NaN, ±Inf, or a float32 that is not normal
	ErrRange     = errors.New("range")      // beyond its bound
)

// The kinds of models.
const (
	KindLR     = "lr"
	KindFM     = "fm"
	KindDeepFM = "deepfm"
)

// KindOf is the kind of a model, "" for one that is kept in no file.
func KindOf(m Model) string {
	switch m.(type) {
	case *LR:
		return KindLR
	case *FM:
		return KindFM
	case *DeepFM:
		return KindDeepFM
	}
	return ""
}

// Bytes is the form of the ranker that Read takes. The error says what Read would refuse. A parameter
// whose size is below 2^−126 is written as 0.
func (r *Ranker) Bytes() ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("write the ranker: %w", err)
	}
	w := &pack.Writer{}
	w.Text(fileMagic)
	w.Uint(fileVersion)
	writeSchema(w, r.Schema())
	w.Len(len(r.Heads))
	for i := range r.Heads {
		h := &r.Heads[i]
		w.Text(h.Signal)
		w.Float(h.Weight)
		w.Text(h.Value)
		w.Float(h.Calibration.Slope)
		w.Float(h.Calibration.Shift)
		w.Len(len(h.Calibration.Knots))
		for k, knot := range h.Calibration.Knots {
			w.Float(knot)
			w.Float(h.Calibration.Odds[k])
		}
		writeModel(w, h.Model)
	}
	if len(w.Bytes) > MaxModelBytes {
		return nil, fmt.Errorf("write the ranker: %w: %d bytes; at most %d are accepted", ErrRange, len(w.Bytes), MaxModelBytes)
	}
	return w.Bytes, nil
}

// Read reads a ranker and checks every size and number of it before there is room for more than the
// file has. It takes the logistic regressions of earlier releases too, which were JSON.
func Read(data []byte) (*Ranker, error) {
	if len(data) > MaxModelBytes {
		return nil, fmt.Errorf("ranker: %w: %d bytes; at most %d are accepted", ErrRange, len(data), MaxModelBytes)
	}
	if len(data) > 0 && data[0] == '{' {
		return readPiecewise(data)
	}
	p := pack.NewReader(data)
	if magic := p.Text(); magic != fileMagic {
		return nil, fmt.Errorf("ranker: it begins with %.40q, not with %q", magic, fileMagic)
	}
	if v := p.Uint(); p.Err() == nil && v != fileVersion {
		return nil, fmt.Errorf("ranker: its file has the version %d; this release reads %d", v, fileVersion)
	}
	s, err := readSchema(p)
	if err != nil {
		return nil, fmt.Errorf("ranker: %w", err)
	}
	r := &Ranker{}
	n := p.Len(1)
	if n > MaxHeads {
		return nil, fmt.Errorf("ranker: %w: %d heads; 1 to %d are accepted", ErrRange, n, MaxHeads)
	}
	for range n {
		h := Head{Signal: p.Text(), Weight: p.Float(), Value: p.Text()}
		h.Calibration.Slope, h.Calibration.Shift = p.Float(), p.Float()
		for range p.Len(16) {
			h.Calibration.Knots, h.Calibration.Odds = append(h.Calibration.Knots, p.Float()), append(h.Calibration.Odds, p.Float())
		}
		h.Model = readModel(p, s)
		if p.Err() != nil {
			return nil, fmt.Errorf("ranker: head %q: %w", h.Signal, p.Err())
		}
		r.Heads = append(r.Heads, h)
	}
	if err := p.Done(); err != nil {
		return nil, fmt.Errorf("ranker: %w", err)
	}
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("ranker: %w", err)
	}
	for i := range r.Heads {
		if m, ok := r.Heads[i].Model.(interface{ Pack() }); ok {
			m.Pack()
		}
	}
	return r, nil
}

func writeModel(w *pack.Writer, m Model) {
	w.Text(KindOf(m))
	switch m := m.(type) {
	case *LR:
		writeLR(w, m)
	case *FM:
		writeFM(w, m)
	case *DeepFM:
		writeFM(w, &m.FM)
		w.Len(len(m.Layers))
		for i := range m.Layers {
			w.Len(m.Layers[i].Out)
			writeSingles(w, m.Layers[i].Weights)
			writeSingles(w, m.Layers[i].Bias)
		}
	}
}

func writeLR(w *pack.Writer, m *LR) {
	w.Single(normal(m.Bias))
	writeSingles(w, m.Weights)
}

func writeFM(w *pack.Writer, m *FM) {
	writeLR(w, &m.LR)
	w.Len(m.Dim)
	writeSingles(w, m.Vectors)
}

// readModel reads a model of a schema; what is wrong with it the reader knows.
func readModel(p *pack.Reader, s *Schema) Model {
	switch kind := p.Text(); kind {
	case KindLR:
		m := readLR(p, s)
		return &m
	case KindFM:
		m := readFM(p, s)
		return &m
	case KindDeepFM:
		return readDeepFM(p, s)
	default:
		p.Fail("a model of the kind %.40q, which this release does not know", kind)
		return nil
	}
}

func readLR(p *pack.Reader, s *Schema) LR {
	return LR{Fields: s, Bias: p.Single(), Weights: readSingles(p, s.Weights())}
}

func readFM(p *pack.Reader, s *Schema) FM {
	m := FM{LR: readLR(p, s), Dim: int(p.Number(MaxDim + 1))}
	m.Vectors = readSingles(p, s.Weights()*m.Dim)
	return m
}

func readDeepFM(p *pack.Reader, s *Schema) *DeepFM {
	m := &DeepFM{FM: readFM(p, s)}
	in := len(s.Fields) * m.Dim
	for range p.Number(MaxLayers + 1) {
		layer := Layer{In: in, Out: int(p.Number(MaxWidth + 1))}
		layer.Weights, layer.Bias = readSingles(p, layer.In*layer.Out), readSingles(p, layer.Out)
		m.Layers = append(m.Layers, layer)
		in = layer.Out
	}
	return m
}

func writeSingles(w *pack.Writer, list []float32) {
	w.Len(len(list))
	for _, x := range list {
		w.Single(normal(x))
	}
}

// readSingles reads as many numbers as there must be.
func readSingles(p *pack.Reader, want int) []float32 {
	n := p.Len(4)
	if n != want {
		p.Fail("%d numbers where there must be %d", n, want)
	}
	if p.Err() != nil {
		return nil
	}
	list := make([]float32, n)
	for i := range list {
		if list[i] = p.Single(); list[i] != 0 && normal(list[i]) == 0 {
			p.Fail("%w: number %d is %v, which is too small to have all its digits", ErrNonFinite, i, list[i])
		}
	}
	return list
}

// leastNormal is the least float32 above 0 that has all its digits.
const leastNormal = 0x1p-126

func normal(x float32) float32 {
	if x > -leastNormal && x < leastNormal {
		return 0
	}
	return x
}

// checkModel says what is wrong with a model: a size that does not fit its schema, or a parameter
// beyond its bound.
func checkModel(m Model) error {
	switch m := m.(type) {
	case *LR:
		return m.check()
	case *FM:
		return m.check()
	case *DeepFM:
		return m.check()
	}
	return fmt.Errorf("a model of type %T cannot be kept", m)
}

func (m *LR) check() error {
	if len(m.Weights) != m.Fields.Weights() {
		return fmt.Errorf("%w: %d weights for fields that have %d", ErrRange, len(m.Weights), m.Fields.Weights())
	}
	if err := checkSingles("the bias", []float32{m.Bias}); err != nil {
		return err
	}
	for f := range m.Fields.Fields {
		if err := checkSingles("a weight of "+m.Fields.Fields[f].Name, m.Weights[m.Fields.Start(f):m.Fields.Start(f)+m.Fields.Fields[f].Weights()]); err != nil {
			return err
		}
	}
	return nil
}

func (m *FM) check() error {
	if m.Dim < 1 || m.Dim > MaxDim || len(m.Vectors) != len(m.Weights)*m.Dim {
		return fmt.Errorf("%w: %d numbers of vectors of length %d for %d weights", ErrRange, len(m.Vectors), m.Dim, len(m.Weights))
	}
	if err := m.LR.check(); err != nil {
		return err
	}
	return checkSingles("a vector", m.Vectors)
}

func (m *DeepFM) check() error {
	if err := m.FM.check(); err != nil {
		return err
	}
	if len(m.Layers) == 0 || len(m.Layers) > MaxLayers {
		return fmt.Errorf("%w: %d layers; 1 to %d are accepted", ErrRange, len(m.Layers), MaxLayers)
	}
	in := len(m.Fields.Fields) * m.Dim
	for l, layer := range m.Layers {
		if layer.In != in || layer.Out < 1 || layer.Out > MaxWidth || l == len(m.Layers)-1 && layer.Out != 1 || len(layer.Weights) != in*layer.Out || len(layer.Bias) != layer.Out {
			return fmt.Errorf("%w: layer %d takes %d numbers and gives %d, with %d weights and %d biases, where it is given %d", ErrRange, l, layer.In, layer.Out, len(layer.Weights), len(layer.Bias), in)
		}
		for _, list := range [][]float32{layer.Weights, layer.Bias} {
			if err := checkSingles(fmt.Sprintf("a parameter of layer %d", l), list); err != nil {
				return err
			}
		}
		in = layer.Out
	}
	return nil
}

// checkSingles says which of some parameters is not accepted.
func checkSingles(what string, list []float32) error {
	for i, x := range list {
		size := x
		if size < 0 {
			size = -size
		}
		switch {
		case size <= MaxWeight:
		case size <= math.MaxFloat32:
			return fmt.Errorf("%w: %s is %v (number %d), not within ±%d", ErrRange, what, x, i, MaxWeight)
		default:
			return fmt.Errorf("%w: %s is %v (number %d)", ErrNonFinite, what, x, i)
		}
	}
	return nil
}
