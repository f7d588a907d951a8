package feature

import (
	"reflect"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
)

func TestChanges(t *testing.T) {
	clicks := Definition{Name: "clicks", Key: []string{"user", "item"}, On: []string{"click", "view"}, Agg: Count, Window: 5 * freshet.Minute, Hop: freshet.Minute}
	with := func(d Definition, change func(*Definition)) Definition {
		change(&d)
		return d
	}
	for _, c := range []struct {
		name    string
		was     []Definition
		now     []Definition
		want    string // name, and what changed; ! when it is refused
		nothing bool
	}{
		{"nothing", []Definition{clicks}, []Definition{clicks}, "", true},
		{"version 1 is no version", []Definition{clicks}, []Definition{with(clicks, func(d *Definition) { d.Version = 1 })}, "", true},
		{"order of names", []Definition{clicks}, []Definition{with(clicks, func(d *Definition) { d.Key, d.On = []string{"item", "user"}, []string{"view", "click"} })}, "", true},
		{"a name twice", []Definition{clicks}, []Definition{with(clicks, func(d *Definition) { d.On = []string{"view", "click", "view"} })}, "", true},
		{"window", []Definition{clicks}, []Definition{with(clicks, func(d *Definition) { d.Window = 10 * freshet.Minute })}, `clicks! window "5m" → "10m"`, false},
		{"two fields", []Definition{clicks}, []Definition{with(clicks, func(d *Definition) { d.On, d.Agg = []string{"click"}, LastTime })}, `clicks! on ["click","view"] → ["click"], agg "count" → "last_time"`, false},
		{"a field of no definition before", []Definition{clicks}, []Definition{with(clicks, func(d *Definition) { d.Where = "event.value > 3" })}, `clicks! where (none) → "event.value \u003e 3"`, false},
		{"a higher version", []Definition{clicks}, []Definition{with(clicks, func(d *Definition) { d.Window, d.Version = 10*freshet.Minute, 2 })}, `clicks window "5m" → "10m"`, false},
		{"a lower version", []Definition{with(clicks, func(d *Definition) { d.Version = 3 })}, []Definition{with(clicks, func(d *Definition) { d.Window, d.Version = 10*freshet.Minute, 2 })}, `clicks! window "5m" → "10m"`, false},
		{"a version alone", []Definition{clicks}, []Definition{with(clicks, func(d *Definition) { d.Version = 2 })}, "clicks ", false},
		{"added and removed", []Definition{clicks}, []Definition{with(clicks, func(d *Definition) { d.Name = "more" })}, "clicks -; more +", false},
		{"another order", []Definition{clicks, {Name: "b"}}, []Definition{{Name: "b"}, clicks}, "", true},
	} {
		var got []string
		for _, one := range Changes(c.was, c.now) {
			text := one.Name
			if one.Refused() {
				text += "!"
			}
			switch {
			case one.Now == nil:
				text += " -"
			case one.Was == nil:
				text += " +"
			default:
				text += " " + one.String()
			}
			got = append(got, text)
		}
		if text := strings.Join(got, "; "); text != c.want || (len(got) == 0) != c.nothing {
			t.Errorf("%s: %q, want %q", c.name, text, c.want)
		}
	}
}

// TestFieldOrder: no field of a definition can change without being told.
func TestFieldOrder(t *testing.T) {
	told := map[string]bool{"name": true, "version": true}
	for _, field := range fieldOrder {
		told[field] = true
	}
	typ := reflect.TypeFor[Definition]()
	for i := range typ.NumField() {
		if name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ","); !told[name] {
			t.Errorf("a change of %s would not be seen", name)
		}
	}
}
