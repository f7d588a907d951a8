package learn

import (
	"fmt"
	"slices"

	"github.com/freshet-rec/freshet/rank"
)

// withoutRank is the schema without the number exposedRank; one that has none is returned itself.
func withoutRank(schema *rank.Schema) (*rank.Schema, error) {
	at := placeOfRank(schema)
	if at < 0 {
		return schema, nil
	}
	return rank.NewSchema(slices.Delete(slices.Clone(schema.Fields), at, at+1))
}

func placeOfRank(schema *rank.Schema) int {
	return slices.IndexFunc(schema.Fields, func(f rank.Field) bool { return f.Name == exposedRank })
}

// shownFirst makes a model whose rows do not have the number exposedRank of one whose rows do: it says
// of every row what the other says of the row when it is shown first. What the field's vector does to
// another's becomes part of that one's weight, and what it feeds the network part of the first layer's
// bias. rest is the schema that withoutRank makes.
func shownFirst(m rank.Model, rest *rank.Schema) rank.Model {
	schema := m.Schema()
	at := placeOfRank(schema)
	if at < 0 {
		return m
	}
	f := first{from: schema.Start(at), to: schema.Start(at + 1)}
	row := rank.Row{Numbers: make([]float64, len(schema.Names().Numbers)), Ends: make([]uint32, len(schema.Names().Words))}
	row.Numbers[slices.Index(schema.Names().Numbers, exposedRank)] = 1
	var b rank.Batch
	schema.Encode(&b, &row)
	f.index, f.value = b.Entries(len(schema.Fields), 0, at)
	switch m := m.(type) {
	case *rank.LR:
		lr := f.lr(m, rest)
		return &lr
	case *rank.FM:
		fm := f.fm(m, rest)
		return &fm
	case *rank.DeepFM:
		deep := &rank.DeepFM{FM: f.fm(&m.FM, rest), Layers: slices.Clone(m.Layers)}
		deep.Layers[0] = f.layer(&m.Layers[0], &m.FM, at)
		return deep
	}
	panic(fmt.Sprintf("BUG: a model of the type %T was learned with %s", m, exposedRank))
}

// first is the field that goes, as it is of an item that is shown first.
type first struct {
	index    []uint32 // of weights
	value    []float32
	from, to int // its weights among those of all fields
}

func (f *first) lr(m *rank.LR, rest *rank.Schema) rank.LR {
	bias := m.Bias
	for i, at := range f.index {
		bias += f.value[i] * m.Weights[at]
	}
	return rank.LR{Fields: rest, Bias: bias, Weights: slices.Delete(slices.Clone(m.Weights), f.from, f.to)}
}

// vector is the sum of the field's vectors, and what their pairs add to the log-odds.
func (f *first) vector(m *rank.FM) (sum []float32, pairs float32) {
	sum = make([]float32, m.Dim)
	for d := range sum {
		squares := float32(0)
		for i, at := range f.index {
			part := m.Vectors[int(at)*m.Dim+d] * f.value[i]
			sum[d] += part
			squares += part * part
		}
		pairs += (sum[d]*sum[d] - squares) / 2
	}
	return sum, pairs
}

func (f *first) fm(m *rank.FM, rest *rank.Schema) rank.FM {
	out := rank.FM{LR: f.lr(&m.LR, rest), Dim: m.Dim, Vectors: slices.Delete(slices.Clone(m.Vectors), f.from*m.Dim, f.to*m.Dim)}
	sum, pairs := f.vector(m)
	out.Bias += pairs
	for i := range out.Weights {
		for d, v := range out.Vectors[i*m.Dim : (i+1)*m.Dim] {
			out.Weights[i] += sum[d] * v
		}
	}
	return out
}

// layer is the first layer without the inputs of the field.
func (f *first) layer(l *rank.Layer, m *rank.FM, field int) rank.Layer {
	out := rank.Layer{In: l.In - m.Dim, Out: l.Out, Bias: slices.Clone(l.Bias)}
	sum, _ := f.vector(m)
	for o := range l.Out {
		row := l.Weights[o*l.In : (o+1)*l.In]
		for d, v := range sum {
			out.Bias[o] += row[field*m.Dim+d] * v
		}
		out.Weights = append(append(out.Weights, row[:field*m.Dim]...), row[(field+1)*m.Dim:]...)
	}
	return out
}
