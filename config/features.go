package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
)

// features reads the definitions, which replace the default ones.
func (d *decoder) features(path string, n *node) {
	if !d.expect(path, n, list, "") {
		return
	}
	d.cfg.Features = nil
	first := make(map[string]int) // name → line
	read := make([]featureNode, len(n.items))
	for i, item := range n.items {
		read[i] = featureNode{path: fmt.Sprintf("%s[%d]", path, i), item: item}
		def := d.feature(&read[i])
		if def.Name != "" {
			name := read[i].got.value["name"]
			if line, twice := first[def.Name]; twice {
				d.add(name.at, "", "a second feature is named %s; the first is on line %d", quote(def.Name), line)
			} else {
				first[def.Name] = name.at.line
			}
		}
		d.cfg.Features = append(d.cfg.Features, def)
	}
	for _, f := range feature.CheckAll(d.cfg.Features) {
		d.addFault(&read[f.Definition], &d.cfg.Features[f.Definition], f)
	}
}

// featureNode is a definition as the file has it.
type featureNode struct {
	path string
	item *node
	got  seen
}

// feature reads one definition.
func (d *decoder) feature(of *featureNode) (def feature.Definition) {
	path, item := of.path, of.item
	got, ok := d.fields(path, item, schema{
		loose: slices.Contains(feature.LaterAggs, item.getText("agg")),
		keys: map[string]func(string, *node){
			"name":      d.textInto(&def.Name),
			"version":   d.integer(&def.Version, 1, MaxFeatureVersion),
			"key":       d.words(&def.Key, nil),
			"on":        d.eventNames(&def.On),
			"where":     d.expressionInto(&def.Where),
			"agg":       d.textInto(&def.Agg),
			"of":        d.eventNames(&def.Of),
			"per":       d.eventNames(&def.Per),
			"field":     d.textInto(&def.Field),
			"k":         d.integer(&def.K, 1, feature.MaxK),
			"window":    d.duration(&def.Window, 0, freshet.MaxDuration),
			"hop":       d.duration(&def.Hop, 0, freshet.MaxDuration),
			"half_life": d.duration(&def.HalfLife, 0, freshet.MaxDuration),
			"prior":     func(path string, n *node) { d.prior(&def.Prior, path, n) },
			"expr":      d.expressionInto(&def.Expr),
		},
	})
	of.got = got
	if !ok {
		return def
	}
	if got.value["name"] == nil {
		d.add(item.at, "", "name is missing in %s", path)
	}
	if got.value["expr"] != nil && def.Expr == "" {
		return def // a derived feature, whose expression was reported: it needs no key and no aggregate
	}
	d.checkFeature(of, &def)
	return def
}

// checkFeature reports the definition's own faults, each where its field stands, unless
// the field was reported already.
func (d *decoder) checkFeature(of *featureNode, def *feature.Definition) {
	got, zero := of.got, false
	for _, field := range []struct {
		name string
		is   freshet.Duration
	}{{"window", def.Window}, {"hop", def.Hop}, {"half_life", def.HalfLife}} {
		// To a Definition 0 is a field left out; in a file it is a mistake.
		if got.fine(field.name) && field.is == 0 {
			d.add(of.at(field.name), "leave it out for none", "%s%s is 0; it must be above 0", of.label(def), field.name)
			got.bad[field.name], zero = true, true
		}
	}
	for _, f := range def.Check() {
		if zero && (f.Field == "window" || f.Field == "hop") {
			continue // follows from the zero
		}
		d.addFault(of, def, f)
	}
}

// addFault reports a fault of a definition where its field stands, or inside of it, unless the
// field was reported already.
func (d *decoder) addFault(of *featureNode, def *feature.Definition, f feature.Fault) {
	if of.got.bad[f.Field] || f.Field == "name" && def.Name == "" {
		return
	}
	at := of.at(f.Field)
	if n := of.got.value[f.Field]; n != nil && f.Line > 0 {
		at = n.inside(f.Line, f.Column)
	}
	message := strings.TrimPrefix(f.Message, fmt.Sprintf("feature %q: ", def.Name))
	d.add(at, f.Hint, "%s%s", of.label(def), message)
}

// at is where a field stands, or else the feature.
func (of *featureNode) at(field string) position {
	if n := of.got.value[field]; n != nil {
		return n.at
	}
	return of.item.at
}

// label says whose fault it is.
func (of *featureNode) label(def *feature.Definition) string {
	if def.Name == "" {
		return of.path + ": "
	}
	return fmt.Sprintf("feature %q: ", def.Name)
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
