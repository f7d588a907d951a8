package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
)

// laterFeatureKeys are the keys of a feature designed but not built.
var laterFeatureKeys = []string{"expr", "where"}

// features reads the definitions, which replace the default ones.
func (d *decoder) features(path string, n *node) {
	if !d.expect(path, n, list, "") {
		return
	}
	d.cfg.Features = nil
	first := make(map[string]int) // name → line
	for i, item := range n.items {
		at := fmt.Sprintf("%s[%d]", path, i)
		def, name := d.feature(at, item)
		if def.Name != "" {
			if line, twice := first[def.Name]; twice {
				d.add(name.at, "", "a second feature is named %s; the first is on line %d", quote(def.Name), line)
			} else {
				first[def.Name] = name.at.line
			}
		}
		d.cfg.Features = append(d.cfg.Features, def)
	}
}

// feature reads one definition and says where its name stands, nil when it has none.
func (d *decoder) feature(path string, item *node) (def feature.Definition, name *node) {
	got, ok := d.fields(path, item, schema{
		later: laterFeatureKeys,
		loose: slices.Contains(feature.LaterAggs, item.getText("agg")),
		keys: map[string]func(string, *node){
			"name":      d.textInto(&def.Name),
			"key":       d.words(&def.Key, nil),
			"on":        d.eventNames(&def.On),
			"agg":       d.textInto(&def.Agg),
			"of":        d.eventNames(&def.Of),
			"per":       d.eventNames(&def.Per),
			"field":     d.textInto(&def.Field),
			"window":    d.duration(&def.Window, 0, freshet.MaxDuration),
			"hop":       d.duration(&def.Hop, 0, freshet.MaxDuration),
			"half_life": d.duration(&def.HalfLife, 0, freshet.MaxDuration),
			"prior":     func(path string, n *node) { d.prior(&def.Prior, path, n) },
		},
	})
	name = got.value["name"]
	if !ok {
		return def, name
	}
	if name == nil {
		d.add(item.at, "", "name is missing in %s", path)
	}
	if item.get("expr") != nil {
		return def, name // not available, so it has no key and no aggregate to judge
	}
	d.checkFeature(path, item, &def, got)
	return def, name
}

// checkFeature reports the definition's own faults, each where its field stands, unless
// the field was reported already.
func (d *decoder) checkFeature(path string, item *node, def *feature.Definition, got seen) {
	label := fmt.Sprintf("feature %q: ", def.Name)
	named := label
	if def.Name == "" {
		named = path + ": "
	}
	at := func(field string) position {
		if n := got.value[field]; n != nil {
			return n.at
		}
		return item.at
	}
	zero := false
	for _, field := range []struct {
		name string
		is   freshet.Duration
	}{{"window", def.Window}, {"hop", def.Hop}, {"half_life", def.HalfLife}} {
		// To a Definition 0 is a field left out; in a file it is a mistake.
		if got.fine(field.name) && field.is == 0 {
			d.add(at(field.name), "leave it out for none", "%s%s is 0; it must be above 0", named, field.name)
			got.bad[field.name], zero = true, true
		}
	}
	for _, f := range def.Check() {
		switch {
		case got.bad[f.Field], f.Field == "name" && def.Name == "":
		case zero && (f.Field == "window" || f.Field == "hop"): // follows from the zero
		default:
			d.add(at(f.Field), "", "%s%s", named, strings.TrimPrefix(f.Message, label))
		}
	}
}

// eventNames reads a list of event names and notes them for the check of strict_events.
func (d *decoder) eventNames(dst *[]string) func(string, *node) {
	return func(path string, n *node) {
		d.words(dst, func(word string, n *node) {
			if err := freshet.CheckID(word); err != nil {
				d.add(n.at, "", "%s has the event name %s: %v", path, quote(word), err)
				return
			}
			d.names = append(d.names, nameUse{word, path, n.at})
		})(path, n)
	}
}

// prior reads [α, β].
func (d *decoder) prior(dst *[2]float64, path string, n *node) {
	if !d.expect(path, n, list, "write [1, 20]") {
		return
	}
	if len(n.items) != 2 {
		d.add(n.at, "write [1, 20]", "%s takes two numbers, not %d", path, len(n.items))
		return
	}
	var pair [2]float64
	for i, item := range n.items {
		v, ok := d.float(fmt.Sprintf("%s[%d]", path, i), item)
		if ok && (v < 0 || v > MaxPrior) {
			d.add(item.at, "", "%s[%d] is %s; it must be from 0 to %d", path, i, item.text, int(MaxPrior))
		}
		pair[i] = v
	}
	*dst = pair
}
