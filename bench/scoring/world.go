package scoring

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet/rank"
)

// world is a model and the rows of a request.
type world struct {
	model *rank.DeepFM
	rows  []*rank.Row
	batch rank.Batch
}

// itemField says whose a field is: the first half are the item's.
const itemField = "item."

func newWorld(o *Options) (*world, error) {
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	fields := make([]rank.Field, o.Fields)
	words := make([][]rank.Token, o.Fields)
	for i := range fields {
		name := fmt.Sprintf("user.%d", i)
		if i < o.Fields/2 {
			name = fmt.Sprintf("%s%d", itemField, i)
		}
		for w := range o.Words {
			words[i] = append(words[i], rank.TokenOf(fmt.Sprintf("%s=%d", name, w)))
		}
		slices.Sort(words[i])
		fields[i] = rank.Field{Name: name, Kind: rank.Category, Tokens: words[i]}
	}
	schema, err := rank.NewSchema(fields)
	if err != nil {
		return nil, err
	}
	draw := func(n int, scale float64) []float32 {
		list := make([]float32, n)
		for i := range list {
			list[i] = float32(rng.NormFloat64() * scale)
		}
		return list
	}
	m := &rank.DeepFM{}
	m.Fields, m.Dim, m.Bias = schema, o.Dim, -2
	m.Weights, m.Vectors = draw(schema.Weights(), 0.1), draw(schema.Weights()*o.Dim, 0.05)
	in := o.Fields * o.Dim
	for _, out := range append(slices.Clone(o.Widths), 1) {
		m.Layers = append(m.Layers, rank.Layer{In: in, Out: out, Weights: draw(in*out, math.Sqrt(2/float64(in))), Bias: draw(out, 0.1)})
		in = out
	}
	m.Pack()
	w := &world{model: m}
	user := make([]rank.Token, o.Fields)
	for i := range user {
		user[i] = words[i][rng.IntN(o.Words)]
	}
	for range o.Rows {
		row := &rank.Row{}
		for i := range fields {
			token := user[i]
			if strings.HasPrefix(fields[i].Name, itemField) {
				token = words[i][rng.IntN(o.Words)]
			}
			row.Words = append(row.Words, token)
			row.End()
		}
		w.rows = append(w.rows, row)
		schema.Encode(&w.batch, row)
	}
	return w, nil
}

func partOf(name string) rank.Part {
	if strings.HasPrefix(name, itemField) {
		return rank.OfItem
	}
	return rank.OfRequest
}

// input is the world as the program in C reads it.
func (w *world) input() []byte {
	var out bytes.Buffer
	put := func(v any) {
		if err := binary.Write(&out, binary.LittleEndian, v); err != nil {
			panic("BUG: a buffer refuses: " + err.Error())
		}
	}
	m, b := w.model, &w.batch
	put([]uint32{uint32(len(w.rows)), uint32(len(m.Fields.Fields)), uint32(m.Dim), uint32(len(m.Weights)), uint32(len(m.Layers)), uint32(len(b.Index))})
	for _, l := range m.Layers {
		put([]uint32{uint32(l.In), uint32(l.Out)})
	}
	for _, f := range m.Fields.Fields {
		item := uint32(0)
		if partOf(f.Name) == rank.OfItem {
			item = 1
		}
		put(item)
	}
	put(m.Bias)
	put(m.Weights)
	put(m.Vectors)
	for _, l := range m.Layers {
		put(l.Weights)
		put(l.Bias)
	}
	put(b.Index)
	put(b.Value)
	put(b.Ends)
	return out.Bytes()
}
