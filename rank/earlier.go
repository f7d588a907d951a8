package rank

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxPiecewiseBytes bounds the file of a model of an earlier release.
const maxPiecewiseBytes = 64 << 20

// piecewise is what earlier releases kept: a logistic regression over piecewise linear functions of
// numbers, each weight the value of a function at one of its knots, and the first of no value. That
// is an LR over fields of kind Spread.
type piecewise struct {
	Schema struct {
		Fields []struct {
			Name  string    `json:"name"`
			Knots []float64 `json:"knots"`
		} `json:"fields"`
	} `json:"schema"`
	Bias    float64     `json:"bias"`
	Weights [][]float64 `json:"weights"` // by field
}

// readPiecewise reads a model of an earlier release, which predicted clicks. Its weights lose what a
// float32 does not hold.
func readPiecewise(text []byte) (*Ranker, error) {
	if len(text) > maxPiecewiseBytes {
		return nil, fmt.Errorf("model: %w: %d bytes; at most %d are accepted", ErrRange, len(text), maxPiecewiseBytes)
	}
	old := &piecewise{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(old); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("model: something follows it")
	}
	if len(old.Weights) != len(old.Schema.Fields) {
		return nil, fmt.Errorf("model: weights for %d fields, the schema has %d", len(old.Weights), len(old.Schema.Fields))
	}
	m := &LR{Bias: normal(float32(old.Bias))}
	var fields []Field
	for i, f := range old.Schema.Fields {
		fields = append(fields, Field{Name: f.Name, Kind: Spread, Knots: f.Knots})
		if want := fields[i].Weights(); len(old.Weights[i]) != want {
			return nil, fmt.Errorf("model: field %q has %d weights where its knots ask for %d", f.Name, len(old.Weights[i]), want)
		}
		for _, w := range old.Weights[i] {
			m.Weights = append(m.Weights, normal(float32(w)))
		}
	}
	var err error
	if m.Fields, err = NewSchema(fields); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	r := Single("click", m)
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return r, nil
}
