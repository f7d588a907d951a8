package main

import (
	"encoding/json"
	"fmt"
	"slices"
)

// defaultLateness is the lateness, in ms, where no definitions record states one.
const defaultLateness = 60 * 60 * 1000

// generation is one definitions record: the features in force from there to the next one,
// over all events from the beginning.
type generation struct {
	at       int32
	lateness int64 // ms
	features []feature
}

// feature is one definition. Where unchecked is not empty it says why the feature cannot
// be recomputed here, and only name and agg are of use.
type feature struct {
	name      string
	agg       string   // one of aggregates, or derived
	parts     []part   // of the key, in the order in which they vary
	on        []string // event names it takes; empty for all of them; not for a rate
	of, per   []string // a rate's numerator and denominator
	where     *expression
	field     field
	k         int   // length of a last_k
	window    int64 // ms, 0 for no window
	hop       int64 // ms, divides window
	halfLife  int64 // ms, of a decayed_sum
	prior     [2]float64
	derived   *expression
	unchecked string
}

// derived is what the summary calls the aggregate of a feature that is an expression.
const derived = "derived"

// definitionRecord is one feature as a dump prints it.
type definitionRecord struct {
	Name     string    `json:"name"`
	Key      []string  `json:"key"`
	On       []string  `json:"on"`
	Where    string    `json:"where"`
	Agg      string    `json:"agg"`
	Of       []string  `json:"of"`
	Per      []string  `json:"per"`
	Field    string    `json:"field"`
	K        int       `json:"k"`
	Window   string    `json:"window"`
	Hop      string    `json:"hop"`
	HalfLife string    `json:"half_life"`
	Prior    []float64 `json:"prior"`
	Expr     string    `json:"expr"`
}

// knownFields are the fields of a definitionRecord, and version, which tells definitions of
// a name apart and means nothing by itself. Any other may change the meaning of a feature,
// which is then not checked.
var knownFields = []string{
	"name", "version", "key", "on", "where", "agg", "of", "per", "field", "k", "window", "hop", "half_life", "prior", "expr",
}

// parseGeneration reads a definitions record.
func parseGeneration(at int32, raw json.RawMessage) (generation, error) {
	var rec struct {
		Features []json.RawMessage `json:"features"`
		Lateness string            `json:"lateness"`
	}
	if err := json.Unmarshal(raw, &rec); err != nil {
		return generation{}, err
	}
	g := generation{at: at, lateness: defaultLateness}
	if rec.Lateness != "" {
		ms, err := parseDuration(rec.Lateness)
		if err != nil {
			return generation{}, fmt.Errorf("lateness: %w", err)
		}
		g.lateness = ms
	}
	for i, text := range rec.Features {
		f, err := parseFeature(text)
		if err != nil {
			return generation{}, fmt.Errorf("feature %d: %w", i+1, err)
		}
		if slices.ContainsFunc(g.features, func(other feature) bool { return other.name == f.name }) {
			return generation{}, fmt.Errorf("feature %d: a second %q", i+1, f.name)
		}
		g.features = append(g.features, f)
	}
	return g, nil
}

// parseFeature reads one definition. Only one without a name is an error; one that cannot
// be recomputed comes back with its reason in unchecked.
func parseFeature(raw json.RawMessage) (feature, error) {
	var rec definitionRecord
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		return feature{}, err
	}
	name, _ := all["name"].(string)
	if name == "" {
		return feature{}, fmt.Errorf("no name in %.200s", raw)
	}
	for field, value := range all {
		if !slices.Contains(knownFields, field) && !isZero(value) {
			return feature{name: name, unchecked: fmt.Sprintf("unknown field %q", field)}, nil
		}
	}
	if err := json.Unmarshal(raw, &rec); err != nil {
		return feature{name: name, unchecked: err.Error()}, nil
	}
	f := feature{name: name, agg: rec.Agg, on: rec.On, of: rec.Of, per: rec.Per, k: rec.K}
	compile := f.compile
	if rec.Expr != "" {
		f.agg, compile = derived, f.compileDerived
	}
	if err := compile(rec); err != nil {
		f.unchecked = err.Error()
	}
	return f, nil
}

// compile fills in key, field, filter, durations and prior, and checks that the whole can
// be recomputed.
func (f *feature) compile(rec definitionRecord) error {
	var err error
	if f.parts, err = parseKey(rec.Key); err != nil {
		return err
	}
	if f.field, err = parseField(rec.Field); err != nil {
		return err
	}
	if rec.Where != "" {
		if f.where, err = parseExpression(rec.Where, inWhere); err != nil {
			return fmt.Errorf("where: %w", err)
		}
	}
	for _, d := range []struct {
		text string
		ms   *int64
	}{{rec.Window, &f.window}, {rec.Hop, &f.hop}, {rec.HalfLife, &f.halfLife}} {
		if d.text == "" {
			continue
		}
		ms, err := parseDuration(d.text)
		if err != nil {
			return err
		}
		*d.ms = ms
	}
	if f.window > 0 && (f.hop == 0 || f.window%f.hop != 0) {
		return fmt.Errorf("window %q is no multiple of hop %q", rec.Window, rec.Hop)
	}
	switch len(rec.Prior) {
	case 0:
	case 2:
		f.prior = [2]float64(rec.Prior)
	default:
		return fmt.Errorf("prior %v", rec.Prior)
	}
	return f.complete()
}

// complete checks that the feature has what its aggregate needs, and nothing that it knows
// no meaning for.
func (f *feature) complete() error {
	has := f.field.of != ""
	switch f.agg {
	case "count", "last_time", "age", "last_k", "rate":
		if has {
			return fmt.Errorf("a %s with a field", f.agg)
		}
	case "sum", "mean", "min", "max":
		if !has {
			return fmt.Errorf("a %s without a field", f.agg)
		}
	case "decayed_sum":
		if f.halfLife == 0 {
			return fmt.Errorf("a decayed_sum without a half_life")
		}
		if f.window > 0 {
			return fmt.Errorf("a decayed_sum with a window")
		}
	case "last", "distinct":
		if !has {
			return fmt.Errorf("a %s without a field", f.agg)
		}
	default:
		return fmt.Errorf("aggregate %q", f.agg)
	}
	switch {
	case slices.Contains([]string{"sum", "mean", "min", "max", "decayed_sum"}, f.agg) && has && !f.field.numeric():
		return fmt.Errorf("a %s of field %q", f.agg, f.field)
	case f.agg == "last" && !f.field.numeric() && f.field.of != "item" && f.field.of != "query":
		return fmt.Errorf("a last of field %q", f.field)
	case f.agg == "rate" && (len(f.of) == 0 || len(f.per) == 0):
		return fmt.Errorf("a rate without of or per")
	case f.agg != "rate" && len(f.of)+len(f.per) > 0 || f.agg == "rate" && len(f.on) > 0:
		return fmt.Errorf("of and per, or on, where they mean nothing")
	case f.agg == "last_k" && f.k < 1:
		return fmt.Errorf("a last_k of %d", f.k)
	}
	return nil
}

// compileDerived reads the expression of a derived feature.
func (f *feature) compileDerived(rec definitionRecord) error {
	if rec.Agg != "" {
		return fmt.Errorf("an expression beside aggregate %q", rec.Agg)
	}
	var err error
	f.derived, err = parseExpression(rec.Expr, inDerived)
	if err != nil {
		return fmt.Errorf("expr: %w", err)
	}
	return nil
}

// isZero tells whether a decoded JSON value says nothing: null, "", 0, false, [] or {}.
func isZero(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case float64:
		return v == 0
	case bool:
		return !v
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
