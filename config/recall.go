package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet"
)

// The recall kinds of this release, and those designed but not built.
var (
	routeKinds      = []string{KindItemCF, KindSession, KindPopular, KindNew}
	laterRouteKinds = []string{"embedding", "trending", "similar", "search", "rule", "geo", "external", "vector"}
)

// laterSceneKeys are the keys of a scene designed but not built.
var laterSceneKeys = []string{"diversify", "explore", "ranker", "rules", "filter"}

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
	const above0 = freshet.Millisecond
	later := slices.Contains(laterRouteKinds, item.getText("kind"))
	got, ok := d.fields(path, item, schema{loose: later, keys: map[string]func(string, *node){
		"name":   d.textInto(&r.Name),
		"kind":   d.oneOf(&r.Kind, routeKinds, laterRouteKinds),
		"n":      d.integer(&r.N, 1, MaxRouteN),
		"budget": d.duration(&r.Budget, above0, freshet.MaxDuration),
		"window": d.duration(&r.Window, above0, freshet.MaxDuration),
		"within": d.duration(&r.Within, above0, freshet.MaxDuration),

		"normalise": d.oneOf(&r.Normalise, []string{"cosine", "lift", "bm25"}, nil),
		"half_life": d.duration(&r.HalfLife, above0, freshet.MaxDuration),
		"session":   d.duration(&r.Session, above0, freshet.MaxDuration),
	}})
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
	if r.Kind == "" {
		return r, name // unknown or later: what else it may hold is unknown too
	}
	for _, own := range []struct{ key, owner, other string }{{"window", KindPopular, ""}, {"within", KindNew, ""},
		{"normalise", KindItemCF, ""}, {"half_life", KindItemCF, KindSession}, {"session", KindItemCF, KindSession}} {
		if n := got.value[own.key]; n != nil && r.Kind != own.owner && r.Kind != own.other {
			d.add(n.at, "", "%s.%s belongs to kind %s, not %s", path, own.key, own.owner, r.Kind)
		}
	}
	if r.Kind == KindPopular && got.value["window"] == nil {
		r.Window = defaultWindow
	}
	if r.Kind == KindNew && got.value["within"] == nil {
		r.Within = defaultWithin
	}
	return r, name
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
