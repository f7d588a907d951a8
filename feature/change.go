package feature

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Meaning is what d means, in a form that two definitions share when they mean the same: the
// names of its lists sorted, each once, and without its version.
func (d *Definition) Meaning() Definition {
	m := *d
	m.Version = 0
	m.Key, m.On, m.Of, m.Per = set(d.Key), set(d.On), set(d.Of), set(d.Per)
	return m
}

func set(names []string) []string {
	if len(names) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// Change is how one feature of a list differs in another list.
type Change struct {
	Name     string
	Was, Now *Definition   // nil where the list has no such feature
	Fields   []FieldChange // that differ in meaning; none when it was added or removed
}

// FieldChange is one field of a definition that differs, as JSON text; "" is a field left out.
type FieldChange struct {
	Field    string
	Was, Now string
}

// Changes lists what differs between two lists of definitions: what was removed or changed in the
// order of was, then what was added in the order of now. The order of a list is no difference, nor
// is that of the names within a definition; a version alone is one.
func Changes(was, now []Definition) []Change {
	var list []Change
	for i := range was {
		at := slices.IndexFunc(now, func(d Definition) bool { return d.Name == was[i].Name })
		if at < 0 {
			list = append(list, Change{Name: was[i].Name, Was: &was[i]})
			continue
		}
		c := Change{Name: was[i].Name, Was: &was[i], Now: &now[at], Fields: fieldChanges(was[i].Meaning(), now[at].Meaning())}
		if len(c.Fields) > 0 || was[i].version() != now[at].version() {
			list = append(list, c)
		}
	}
	for i := range now {
		if !slices.ContainsFunc(was, func(d Definition) bool { return d.Name == now[i].Name }) {
			list = append(list, Change{Name: now[i].Name, Now: &now[i]})
		}
	}
	return list
}

// version is that of a definition, 1 unless it says another.
func (d *Definition) version() int { return max(1, d.Version) }

// Refused reports that the feature means something else and its version does not say so: what was
// learned and stored under its name would be taken for what it is not.
func (c *Change) Refused() bool {
	return c.Was != nil && c.Now != nil && len(c.Fields) > 0 && c.Now.version() <= c.Was.version()
}

// String says which fields changed, each as old → new.
func (c *Change) String() string {
	parts := make([]string, len(c.Fields))
	for i, f := range c.Fields {
		parts[i] = fmt.Sprintf("%s %s → %s", f.Field, orNone(f.Was), orNone(f.Now))
	}
	return strings.Join(parts, ", ")
}

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}

// fieldChanges compares the JSON forms, which hold every field that means something.
func fieldChanges(was, now Definition) (list []FieldChange) {
	before, after := jsonFields(&was), jsonFields(&now)
	for _, field := range fieldOrder {
		if before[field] != after[field] {
			list = append(list, FieldChange{field, before[field], after[field]})
		}
	}
	return list
}

// fieldOrder is the order in which changed fields are told: that of the documentation.
var fieldOrder = []string{"key", "on", "where", "agg", "of", "per", "field", "k", "window", "hop", "half_life", "prior", "expr"}

func jsonFields(d *Definition) map[string]string {
	text, err := json.Marshal(d)
	if err != nil {
		panic(fmt.Sprintf("BUG: a definition has no JSON form: %v", err))
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		panic(fmt.Sprintf("BUG: the JSON form of a definition is none: %v", err))
	}
	fields := make(map[string]string, len(raw))
	for name, value := range raw {
		fields[name] = string(value)
	}
	return fields
}
