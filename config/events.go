package config

import (
	"maps"
	"slices"

	"github.com/freshet-rec/freshet"
)

// nameUse is an event name where a feature mentions it.
type nameUse struct {
	name, path string
	at         position
}

func (d *decoder) checkEventNames() {
	if !d.cfg.StrictEvents || d.unsureEvents {
		return
	}
	known := slices.Sorted(maps.Keys(d.cfg.Events))
	for _, use := range d.names {
		if _, ok := d.cfg.Events[use.name]; !ok {
			hint := didYouMean(use.name, known)
			if hint == "" {
				hint = "add it under events, or turn strict_events off"
			}
			d.add(use.at, hint, "%s names the unknown event %s", use.path, quote(use.name))
		}
	}
}

// events merges the file's names into the built-in ones. What a built-in name's entry
// leaves out keeps its built-in value; a new name needs a signal, and weighs 1.
func (d *decoder) events(path string, n *node) {
	before := d.total
	signals := make([]string, 0, 8)
	for _, s := range freshet.Signals() {
		signals = append(signals, string(s))
	}
	d.each(path, n, func(path string, e entry) {
		if e.key == "aliases" && e.value.kind == list {
			d.add(e.at, "", "aliases in events is not available in this release (not_available)")
			return
		}
		was, builtin := d.cfg.Events[e.key]
		signal, weight := string(was.Signal), 1.0
		if builtin {
			weight = was.Weight
		}
		got, ok := d.fields(path, e.value, schema{keys: map[string]func(string, *node){
			"signal": d.oneOf(&signal, signals, nil),
			"weight": func(path string, n *node) { d.weight(&weight, path, n) },
		}})
		if ok && !builtin && got.value["signal"] == nil {
			d.add(e.at, "give it one of "+joinWords(signals), "signal is missing in %s", path)
		}
		d.cfg.Events[e.key] = freshet.EventKind{Signal: freshet.Signal(signal), Weight: weight}
	})
	d.unsureEvents = d.total > before
}

func (d *decoder) weight(dst *float64, path string, n *node) {
	v, ok := d.float(path, n)
	switch {
	case !ok:
	case v <= 0 || v > MaxWeight:
		d.add(n.at, "", "%s is %s; it must be above 0 and at most %d", path, n.text, int(MaxWeight))
	default:
		*dst = v
	}
}
