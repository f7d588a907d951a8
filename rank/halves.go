package rank

import (
	"fmt"

	"github.com/freshet-rec/freshet/internal/dense"
)

// Part says what a field of a row depends on.
type Part uint8

// The parts of a row. What is said of a field decides the order in which its model's sums are made,
// and what is kept; never whether the result is right.
const (
	OfRow     Part = iota // on the item and the request together, or on the time: computed for each row
	OfItem                // on the item alone, and seldom different: kept from slate to slate
	OfRequest             // on the request alone: computed once for rows that follow each other
	parts
)

// Halves computes a model for slates: the rows of a request have the user's and the context's fields in
// common, and those of an item are the same in every request. Of both it computes what the fields add
// to the linear part, to the sums of vectors, and to the first layer, once: the first layer is most of a
// DeepFM. The log-odds are those of Predict within rounding, and depend on the row alone, bit for bit:
// not on what was kept, nor on other rows.
//
// What is kept of items has a bound in bytes. It is found by the words of the item's fields and held
// against them, so a changed item is another one. Use NewHalves. It is safe for concurrent use.
type Halves struct {
	schema *Schema
	lr     *LR
	fm     *FM      // nil of LR
	deep   *network // nil of LR and FM

	fields [parts][]int        // of the schema, by part
	ground [parts]ground       // likewise
	first  [parts]*dense.Layer // of deep: what the first layer has of a part; the bias is with OfItem
	wide   int                 // of the first layer's rows; 0 without
	sums   int                 // of vectors; 0 without
	kept   shelf
}

// NewHalves prepares a model of this package, whose parameters must not change any more. part tells
// what a number or a list of words of the given name depends on; crosses follow from what they cross.
// Of a DeepFM with one layer, or of no field, there is nothing to prepare: that is an error. What is
// kept of items takes at most so many bytes.
func NewHalves(m Model, part func(name string) Part, bytes int) (*Halves, error) {
	h := &Halves{schema: m.Schema()}
	var layers []Layer
	switch m := m.(type) {
	case *LR:
		h.lr = m
	case *FM:
		h.lr, h.fm = &m.LR, m
	case *DeepFM:
		h.lr, h.fm, layers = &m.LR, &m.FM, m.Layers
		if len(layers) < 2 {
			return nil, fmt.Errorf("halves of a DeepFM need two layers, not %d", len(layers))
		}
	default:
		return nil, fmt.Errorf("halves of a %T are not known", m)
	}
	list := map[string]Part{}
	for i := range h.schema.Fields {
		f := &h.schema.Fields[i]
		var of Part
		if f.Kind != Cross {
			if of = part(f.Name); of >= parts {
				return nil, fmt.Errorf("field %q is of part %d, which there is not", f.Name, of)
			}
			list[f.Name] = of
		} else if of = list[f.Of[0]]; !allOf(list, f.Of, of) {
			of = OfRow
		}
		h.fields[of] = append(h.fields[of], i)
		h.ground[of].add(h.schema, i)
	}
	if h.fm != nil {
		h.sums = dense.SumsOf(h.fm.Dim)
	}
	if layers != nil {
		h.halve(layers)
	}
	h.kept.init(bytes, 4*(h.wide+h.sums))
	return h, nil
}

func allOf(list map[string]Part, names []string, of Part) bool {
	for _, name := range names {
		if list[name] != of {
			return false
		}
	}
	return true
}

// halve parts the weights of the first layer by the parts of its fields.
func (h *Halves) halve(layers []Layer) {
	l, dim := &layers[0], h.fm.Dim
	for p := range h.first {
		in := len(h.fields[p]) * dim
		weights := make([]float32, 0, l.Out*in)
		for o := range l.Out {
			for _, field := range h.fields[p] {
				weights = append(weights, l.Weights[o*l.In+field*dim:][:dim]...)
			}
		}
		var bias []float32
		if Part(p) == OfItem {
			bias = l.Bias
		}
		h.first[p] = h.lr.kit.NewLayer(in, l.Out, weights, in, bias)
	}
	h.wide = h.first[OfRow].Cols()
	h.deep = newNetwork(h.lr.kit, layers[1:], h.wide)
}

// half is what the fields of one part add up to.
type half struct {
	key    key
	linear float32
	sums   []float32 // of the first layer, and then of vectors and their squares
}

// encode appends the fields of a part of a row to a batch of such parts.
func (h *Halves) encode(b *Batch, p Part, row *Row) {
	for _, field := range h.fields[p] {
		h.schema.encode(b, field, row)
	}
}

// apart is how far rows of the pooled vectors of a part are.
func (h *Halves) apart(p Part) int { return apartFor(len(h.fields[p]) * h.fm.Dim) }
