package rank

import (
	"fmt"

	"github.com/freshet-rec/freshet/internal/pack"
)

// writeSchema writes the fields; each kind has what it goes by.
func writeSchema(w *pack.Writer, s *Schema) {
	w.Len(len(s.Fields))
	for i := range s.Fields {
		f := &s.Fields[i]
		w.Text(f.Name)
		w.Text(string(f.Kind))
		switch f.Kind {
		case Spread, Bucket:
			w.Len(len(f.Knots))
			for _, knot := range f.Knots {
				w.Float(knot)
			}
		case Scaled, Log:
			w.Float(f.Mean)
			w.Float(f.Scale)
		case Category:
			writeTokens(w, f.Tokens)
		case Sequence:
			writeTokens(w, f.Tokens)
			w.Float(f.Half)
		case Cross:
			w.Len(len(f.Of))
			for _, name := range f.Of {
				w.Text(name)
			}
			w.Len(f.Buckets)
		}
	}
}

func writeTokens(w *pack.Writer, tokens []Token) {
	w.Len(len(tokens))
	for _, token := range tokens {
		w.Word(uint64(token))
	}
}

// readSchema reads what writeSchema wrote.
func readSchema(p *pack.Reader) (*Schema, error) {
	n := p.Len(2)
	if n > MaxFields {
		return nil, fmt.Errorf("%w: schema: %d fields; 1 to %d are accepted", ErrRange, n, MaxFields)
	}
	fields := make([]Field, n)
	for i := range fields {
		f := &fields[i]
		f.Name, f.Kind = p.Text(), Kind(p.Text())
		switch f.Kind {
		case Spread, Bucket:
			f.Knots = make([]float64, p.Len(8))
			for k := range f.Knots {
				f.Knots[k] = p.Float()
			}
		case Scaled, Log:
			f.Mean, f.Scale = p.Float(), p.Float()
		case Category:
			f.Tokens = readTokens(p)
		case Sequence:
			f.Tokens, f.Half = readTokens(p), p.Float()
		case Cross:
			for range p.Len(1) {
				if len(f.Of) == MaxCrossed {
					p.Fail("field %q crosses more than %d lists", f.Name, MaxCrossed)
				}
				if p.Err() != nil {
					break
				}
				f.Of = append(f.Of, p.Text())
			}
			f.Buckets = int(p.Number(MaxBuckets + 1))
		}
		if p.Err() != nil {
			return nil, p.Err()
		}
	}
	return NewSchema(fields)
}

func readTokens(p *pack.Reader) []Token {
	tokens := make([]Token, p.Len(8))
	for i := range tokens {
		tokens[i] = Token(p.Word())
	}
	return tokens
}
