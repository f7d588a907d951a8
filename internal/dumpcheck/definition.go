package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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
	agg       string   // count, sum, rate, decayed_sum, last_time, age
	byUser    bool     // the key has the user
	itemWord  string   // the item side of the key, "" when it has none
	on        []string // event names it takes; empty for all of them; not for a rate
	of, per   []string // a rate's numerator and denominator
	field     string   // what an event adds: "value", "rank", or "" for 1
	window    int64    // ms, 0 for no window
	hop       int64    // ms, divides window
	halfLife  int64    // ms, of a decayed_sum
	prior     [2]float64
	unchecked string
}

// definitionRecord is one feature as a dump prints it.
type definitionRecord struct {
	Name     string    `json:"name"`
	Key      []string  `json:"key"`
	On       []string  `json:"on"`
	Agg      string    `json:"agg"`
	Of       []string  `json:"of"`
	Per      []string  `json:"per"`
	Field    string    `json:"field"`
	Window   string    `json:"window"`
	Hop      string    `json:"hop"`
	HalfLife string    `json:"half_life"`
	Prior    []float64 `json:"prior"`
}

// knownFields are the fields of a definitionRecord. Any other may change the meaning of a
// feature, which is then not checked.
var knownFields = []string{
	"name", "key", "on", "agg", "of", "per", "field", "window", "hop", "half_life", "prior",
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
	f := feature{name: name, agg: rec.Agg, on: rec.On, of: rec.Of, per: rec.Per, field: rec.Field}
	if err := f.compile(rec); err != nil {
		f.unchecked = err.Error()
	}
	return f, nil
}

// compile fills in key, durations and prior, and checks that the whole can be recomputed.
func (f *feature) compile(rec definitionRecord) error {
	for _, word := range rec.Key {
		switch {
		case word == "user" && !f.byUser:
			f.byUser = true
		case (word == "item" || strings.HasPrefix(word, "item.")) && f.itemWord == "":
			f.itemWord = word
		default:
			return fmt.Errorf("key %q", rec.Key)
		}
	}
	if !f.byUser && f.itemWord == "" {
		return fmt.Errorf("key %q", rec.Key)
	}
	if !slices.Contains([]string{"", "value", "rank"}, f.field) {
		return fmt.Errorf("field %q", f.field)
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
	switch f.agg {
	case "count", "last_time", "age":
	case "sum":
		if f.field == "" {
			return fmt.Errorf("a sum without a field")
		}
	case "decayed_sum":
		if f.halfLife == 0 {
			return fmt.Errorf("a decayed_sum without a half_life")
		}
	case "rate":
		if len(f.of) == 0 || len(f.per) == 0 {
			return fmt.Errorf("a rate without of or per")
		}
	default:
		return fmt.Errorf("aggregate %q", f.agg)
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
