package rank

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// MaxWeight bounds a weight that is accepted from outside; a larger one would let one field
// decide everything.
const MaxWeight = 50

// Piecewise is logistic regression over piecewise linear functions of the fields: the log-odds of a
// positive are the bias plus what each field's function is at its value.
type Piecewise struct {
	Schema  Knotted     `json:"schema"`
	Bias    float64     `json:"bias"`
	Weights [][]float64 `json:"weights"` // by field; len(Weights[i]) == Schema.Fields[i].Weights()
}

// Score returns the probability of a positive, in (0, 1). len(row) must be the number of
// fields.
func (m *Piecewise) Score(row []float64) float64 { return Sigmoid(m.LogOdds(row)) }

// LogOdds returns the sum that Score puts through the logistic function.
func (m *Piecewise) LogOdds(row []float64) float64 {
	sum := m.Bias
	for i := range m.Schema.Fields {
		sum += m.part(i, row[i])
	}
	return sum
}

// part is what field i adds at value v.
func (m *Piecewise) part(i int, v float64) float64 {
	at, part := m.Schema.Fields[i].Spread(v)
	w := m.Weights[i][at]
	if part > 0 {
		w += float64(part * (m.Weights[i][at+1] - w))
	}
	return w
}

// Explain appends what each field adds to the log-odds, in the order of the schema. The parts
// and the bias sum to LogOdds.
func (m *Piecewise) Explain(row []float64, parts []float64) []float64 {
	for i := range m.Schema.Fields {
		parts = append(parts, m.part(i, row[i]))
	}
	return parts
}

// Sigmoid is 1/(1+e^−x), without overflow for any x.
func Sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}

// MaxModelBytes bounds a model file.
const MaxModelBytes = 64 << 20

// Bytes is the form of the model that Read takes. Equal models have equal bytes.
func (m *Piecewise) Bytes() ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("write the model: %w", err)
	}
	return append(text, '\n'), nil
}

// Read reads a model and checks every number of it: the sizes must fit the schema, and each
// weight be finite and within MaxWeight.
func Read(text []byte) (*Piecewise, error) {
	if len(text) > MaxModelBytes {
		return nil, fmt.Errorf("model: %d bytes; at most %d are accepted", len(text), MaxModelBytes)
	}
	m := &Piecewise{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("model: something follows it")
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return m, nil
}

func (m *Piecewise) check() error {
	if err := m.Schema.check(); err != nil {
		return err
	}
	if len(m.Weights) != len(m.Schema.Fields) {
		return fmt.Errorf("weights for %d fields, the schema has %d", len(m.Weights), len(m.Schema.Fields))
	}
	if err := sound(m.Bias, MaxWeight); err != nil {
		return fmt.Errorf("the bias is %w", err)
	}
	for i, weights := range m.Weights {
		f := &m.Schema.Fields[i]
		if len(weights) != f.Weights() {
			return fmt.Errorf("field %q has %d weights where its knots ask for %d", f.Name, len(weights), f.Weights())
		}
		for b, w := range weights {
			if err := sound(w, MaxWeight); err != nil {
				return fmt.Errorf("weight %d of field %q is %w", b, f.Name, err)
			}
		}
	}
	return nil
}
