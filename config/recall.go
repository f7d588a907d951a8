package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet"
)

// laterSceneKeys are the keys of a scene designed but not built.
var laterSceneKeys = []string{"diversify", "ranker", "rules", "filter"}

// recall reads the routes, which replace the default ones.
func (d *decoder) recall(path string, n *node) {
	d.unsureRoutes = true
	if !d.expect(path, n, list, "") {
		return
	}
	if len(n.items) == 0 {
		d.add(n.at, "leave recall out for the default routes", "recall has no route; without one nothing is recommended")
		return
	}
	d.cfg.Recall, d.unsureRoutes = nil, false
	first := make(map[string]int) // name → line
	for i, item := range n.items {
		route, name := d.route(fmt.Sprintf("%s[%d]", path, i), item)
		d.cfg.Recall = append(d.cfg.Recall, route)
		if route.Name == "" {
			d.unsureRoutes = true
			continue
		}
		if line, twice := first[route.Name]; twice {
			d.add(name.at, "", "a second route is named %s; the first is on line %d", quote(route.Name), line)
		} else {
			first[route.Name] = name.at.line
		}
	}
}

// route reads one route and says where its name stands, nil when it has none.
func (d *decoder) route(path string, item *node) (r Route, name *node) {
	r = Route{N: defaultN, Budget: defaultRouteBudget}
	keys := map[string]func(string, *node){
		"name":   d.textInto(&r.Name),
		"kind":   d.oneOf(&r.Kind, routeKinds, laterRouteKinds),
		"n":      d.integer(&r.N, 1, MaxRouteN),
		"budget": d.duration(&r.Budget, freshet.Millisecond, freshet.MaxDuration),
	}
	// What a kind's own settings mean is known with the kind, which may stand behind them.
	own := map[string]ownValue{}
	for i := range recallKinds {
		for _, k := range recallKinds[i].keys {
			keys[k.key] = func(path string, n *node) { own[k.key] = ownValue{path, n} }
		}
	}
	later := slices.Contains(laterRouteKinds, item.getText("kind"))
	got, ok := d.fields(path, item, schema{loose: later, keys: keys})
	name = got.value["name"]
	if !ok {
		return r, name
	}
	switch {
	case name == nil:
		d.add(item.at, "", "name is missing in %s", path)
	case got.fine("name"):
		if err := freshet.CheckID(r.Name); err != nil {
			d.add(name.at, "", "%s.name is %s: %v", path, quote(r.Name), err)
		}
	}
	if got.value["kind"] == nil {
		d.add(item.at, "write one of "+joinWords(routeKinds), "kind is missing in %s", path)
	}
	if !later {
		d.ownSettings(path, item, &r, own)
	}
	return r, name
}

// ownValue is a setting that only some kinds have, as the file has it.
type ownValue struct {
	path string
	n    *node
}

// ownSettings reads the settings that belong to kinds. Under a kind that is not known they are
// judged by the first that has them.
func (d *decoder) ownSettings(path string, item *node, r *Route, values map[string]ownValue) {
	kind, before := kindOf(r.Kind), d.total
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value, owners := values[key], ownersOf(key)
		switch {
		case kind == nil:
			owners[0].own(key).read(d, r)(value.path, value.n)
		case kind.own(key) != nil:
			kind.own(key).read(d, r)(value.path, value.n)
		default:
			names := make([]string, len(owners))
			for i, k := range owners {
				names[i] = k.name
			}
			d.add(value.n.at, "", "%s belongs to kind %s, not %s", value.path, strings.Join(names, " or "), r.Kind)
		}
	}
	if kind == nil {
		return
	}
	for _, k := range kind.keys {
		if _, given := values[k.key]; given {
			continue
		}
		if k.missing == nil {
			d.add(item.at, "", "%s is missing in %s, which kind %s does not go without", k.key, path, r.Kind)
			continue
		}
		k.missing(r)
	}
	if kind.check == nil || d.total > before {
		return
	}
	if key, fault := kind.check(r); fault != "" {
		at := item.at
		if value, given := values[key]; given {
			at = value.n.at
		}
		d.add(at, "", "%s.%s %s", path, key, fault)
	}
}

// sceneUse is a route's name where a scene mentions it.
type sceneUse struct {
	route, path string
	at          position
}

// scenesSection reads the scenes, which replace the default one.
func (d *decoder) scenesSection(path string, n *node) {
	scenes := make(map[string]Scene)
	if !d.each(path, n, func(path string, e entry) { scenes[e.key] = d.scene(path, e.value) }) {
		return
	}
	if len(n.entries) == 0 {
		d.add(n.at, "leave scenes out for the default one", "scenes has no scene; without one nothing is recommended")
	}
	d.cfg.Scenes = scenes
}

func (d *decoder) scene(path string, n *node) Scene {
	s := Scene{Budget: defaultSceneBudget}
	d.fields(path, n, schema{later: laterSceneKeys, keys: map[string]func(string, *node){
		"budget": d.duration(&s.Budget, freshet.Millisecond, freshet.MaxDuration),
		"explore": func(path string, n *node) {
			d.fields(path, n, schema{keys: map[string]func(string, *node){"share": func(path string, n *node) {
				share, ok := d.float(path, n)
				switch {
				case ok && (share < 0 || share > 1):
					d.add(n.at, "", "%s is %s; it must be from 0 to 1", path, n.text)
				case ok:
					s.Explore.Share = share
				}
			}}})
		},
		"recall": func(path string, n *node) {
			if n.kind == list && len(n.items) == 0 {
				d.add(n.at, "leave it out for all routes", "%s names no route", path)
				return
			}
			d.words(&s.Recall, func(word string, n *node) {
				d.scenes = append(d.scenes, sceneUse{word, path, n.at})
			})(path, n)
		},
	}})
	return s
}

// checkScenes gives scenes without recall all routes, and reports names of no route.
func (d *decoder) checkScenes() {
	known := d.cfg.routeNames()
	for name, s := range d.cfg.Scenes {
		if s.Recall == nil {
			s.Recall = slices.Clone(known)
			d.cfg.Scenes[name] = s
		}
	}
	if d.unsureRoutes {
		return
	}
	for _, use := range d.scenes {
		if !slices.Contains(known, use.route) {
			hint := didYouMean(use.route, known)
			if hint == "" {
				hint = "there are " + joinWords(known)
			}
			d.add(use.at, hint, "%s names the unknown route %s", use.path, quote(use.route))
		}
	}
}

// joinWords lists words in a sentence, not more of them than a line can hold.
func joinWords(words []string) string {
	const most = 12
	if len(words) > most {
		return strings.Join(words[:most], ", ") + ", …"
	}
	return strings.Join(words, ", ")
}
