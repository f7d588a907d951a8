package rank

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Schema is the fields of a model and how their weights are numbered: those of field 0 first, then
// those of field 1, and so on. Use NewSchema. It is immutable and safe for concurrent use.
type Schema struct {
	Fields []Field
	names  Names
	starts []uint32     // by field: number of its weight 0; one more at the end
	from   []int        // by field: place of its number or list in a row; of a cross nothing
	of     [][]int      // by field: of a cross the places of its lists
	lookup []vocabulary // by field
	order  [][]uint64   // by field: its knots, ordered
}

// NewSchema returns the schema of these fields: first those of numbers, in the order of the numbers
// of a row; then one of each list of words, in the order of the lists; then crosses. The error names
// the field that is at fault.
func NewSchema(fields []Field) (*Schema, error) {
	if len(fields) == 0 || len(fields) > MaxFields {
		return nil, fmt.Errorf("schema: %d fields; 1 to %d are accepted", len(fields), MaxFields)
	}
	s := &Schema{Fields: fields, starts: make([]uint32, 1, len(fields)+1), from: make([]int, len(fields)), of: make([][]int, len(fields)), lookup: make([]vocabulary, len(fields)), order: make([][]uint64, len(fields))}
	total := 0
	for i := range fields {
		f := &fields[i]
		fault := f.check()
		switch {
		case fault != "":
		case f.Name == "" || slices.ContainsFunc(fields[:i], func(o Field) bool { return o.Name == f.Name }):
			fault = "its name is empty or repeated"
		case f.Number():
			if len(s.names.Words) > 0 || i > len(s.names.Numbers) {
				fault = "it is of a number and follows one that is not"
			}
			s.from[i] = len(s.names.Numbers)
			s.order[i] = orderedAll(f.Knots)
			s.names.Numbers = append(s.names.Numbers, f.Name)
		case f.Kind == Cross:
			for _, name := range f.Of {
				at := slices.Index(s.names.Words, name)
				if at < 0 {
					fault = fmt.Sprintf("it crosses %q, which no field before it has", name)
				}
				s.of[i] = append(s.of[i], at)
			}
		default:
			if i > 0 && fields[i-1].Kind == Cross {
				fault = "it follows a cross and is none"
			}
			s.from[i] = len(s.names.Words)
			s.names.Words = append(s.names.Words, f.Name)
			s.lookup[i] = newVocabulary(f.Tokens)
		}
		if fault != "" {
			return nil, fmt.Errorf("schema: field %d, %q: %s", i, f.Name, fault)
		}
		total += f.Weights()
		if total > math.MaxInt32 {
			return nil, errors.New("schema: more than 2^31 weights")
		}
		s.starts = append(s.starts, uint32(total))
	}
	return s, nil
}

// Names are those of what a row has to have. They must not be changed.
func (s *Schema) Names() Names { return s.names }

// Weights is how many weights all fields have.
func (s *Schema) Weights() int { return int(s.starts[len(s.Fields)]) }

// Start is the number of the first weight of a field; that of the field after the last is Weights.
func (s *Schema) Start(field int) int { return int(s.starts[field]) }

// Differs says how what rows have differs from what the model was trained on, "" when it is the
// same in the same order.
func (s *Schema) Differs(names Names) string {
	if why := differs(s.names.Numbers, names.Numbers); why != "" {
		return why
	}
	return differs(s.names.Words, names.Words)
}

func differs(own, names []string) string {
	for _, name := range own {
		if !slices.Contains(names, name) {
			return fmt.Sprintf("the model needs %q, which is not configured", name)
		}
	}
	for _, name := range names {
		if !slices.Contains(own, name) {
			return fmt.Sprintf("the model does not know %q, which is configured", name)
		}
	}
	if !slices.Equal(own, names) {
		return "the model has the same fields in another order"
	}
	return ""
}

// Encode appends the row to a batch. The row must have what Names lists.
func (s *Schema) Encode(b *Batch, row *Row) {
	for i := range s.Fields {
		s.encode(b, i, row)
	}
}

// encode appends one field of a row.
func (s *Schema) encode(b *Batch, i int, row *Row) {
	switch f := &s.Fields[i]; {
	case f.Number():
		s.number(b, i, row.Numbers[s.from[i]])
	case f.Kind == Cross:
		s.cross(b, i, row)
	default:
		s.words(b, i, row.List(s.from[i]))
	}
	b.end()
}

func (s *Schema) number(b *Batch, i int, v float64) {
	f, start := &s.Fields[i], s.starts[i]
	if math.IsNaN(v) {
		b.add(start, 1)
		return
	}
	switch f.Kind {
	case Spread:
		n := reached(s.order[i], v)
		if n == 0 || n == len(f.Knots) {
			b.add(start+uint32(max(1, n)), 1)
			return
		}
		part := (v - f.Knots[n-1]) / (f.Knots[n] - f.Knots[n-1])
		b.add(start+uint32(n), float32(1-part))
		b.add(start+uint32(n)+1, float32(part))
	case Bucket:
		b.add(start+1+uint32(reached(s.order[i], v)), 1) // a knot begins its interval
	case Scaled, Log:
		if f.Kind == Log {
			v = math.Copysign(math.Log1p(math.Abs(v)), v)
		}
		b.add(start+1, float32(min(mostScaled, max(-mostScaled, (v-f.Mean)*f.Scale))))
	}
}

// mostScaled bounds a scaled value, so that one that nobody saw in training decides nothing alone.
const mostScaled = 8

func (s *Schema) words(b *Batch, i int, list []Token) {
	f, start := &s.Fields[i], s.starts[i]
	if len(list) == 0 {
		b.add(start+noWord, 1)
		return
	}
	share, fade := 1/float64(len(list)), 1.0
	if f.Kind == Sequence {
		fade = math.Exp2(-1 / f.Half)
		share = (1 - fade) / (1 - math.Pow(fade, float64(len(list))))
	}
	for _, token := range list {
		b.add(start+s.lookup[i].find(token), float32(share))
		share *= fade
	}
}

// cross appends every combination of one word of each list. An empty list leaves nothing to combine.
func (s *Schema) cross(b *Batch, i int, row *Row) {
	f, start := &s.Fields[i], s.starts[i]
	n := 1
	for _, list := range s.of[i] {
		n *= len(row.List(list))
	}
	if n == 0 {
		b.add(start+noWord, 1)
		return
	}
	n = min(n, MaxCombined)
	for c := range n {
		rest, mixed := c, Token(0)
		for _, list := range s.of[i] {
			words := row.List(list)
			mixed = mixed*0x9e3779b97f4a7c15 + words[rest%len(words)]
			mixed ^= mixed >> 29
			rest /= len(words)
		}
		mixed *= 0xbf58476d1ce4e5b9
		b.add(start+1+uint32(uint64(mixed>>32)*uint64(f.Buckets)>>32), 1/float32(n))
	}
}
