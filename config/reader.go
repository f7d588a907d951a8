package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet"
)

// reader turns nodes into values. Every method reports what is wrong and leaves its
// destination alone then; the path names the setting in messages and in the origins.
type reader struct {
	*problems
	env     func(string) (string, bool)
	origins map[string]string
}

// seen is what became of the keys of one mapping. A misspelt key counts as the key it is
// taken for.
type seen struct {
	value map[string]*node // by key, as the file has them
	bad   map[string]bool  // keys that were reported, or something in their value
}

// fine reports whether the file has the key and nothing is wrong with it.
func (s seen) fine(key string) bool { return s.value[key] != nil && !s.bad[key] }

// schema is what a mapping may hold.
type schema struct {
	keys  map[string]func(path string, n *node)
	later []string // keys designed but not built
	loose bool     // say nothing of unknown keys: they may belong to a kind not built
}

// fields reads a mapping by its schema. ok is false when n is no mapping at all.
func (r *reader) fields(path string, n *node, s schema) (got seen, ok bool) {
	got = seen{value: make(map[string]*node), bad: make(map[string]bool)}
	if !r.expect(path, n, mapping, "") {
		return got, false
	}
	for _, e := range n.entries {
		where := ""
		if path != "" {
			where = " in " + path
		}
		read, known := s.keys[e.key]
		switch {
		case known:
			below, before := join(path, e.key), r.total
			r.origins[below] = r.origin(e.value, e.at)
			read(below, e.value)
			got.value[e.key], got.bad[e.key] = e.value, r.total > before || e.value.kind == broken
		case slices.Contains(s.later, e.key):
			r.add(e.at, "", "%s%s is not available in this release (not_available)", e.key, where)
		case !s.loose:
			all := slices.Sorted(maps.Keys(s.keys))
			r.add(e.at, didYouMean(e.key, all), "unknown key %s%s", quote(e.key), where)
			if near := Nearest(e.key, all); near != "" && n.get(near) == nil {
				got.value[near], got.bad[near] = e.value, true // so that nobody misses it as well
			}
		}
	}
	return got, true
}

// each reads a mapping whose keys are names of the user's choice. A name that breaks the
// rule for ids is reported, and its value is read all the same.
func (r *reader) each(path string, n *node, read func(path string, e entry)) bool {
	if !r.expect(path, n, mapping, "") {
		return false
	}
	for _, e := range n.entries {
		if err := freshet.CheckID(e.key); err != nil {
			r.add(e.at, "", "%s has the name %s: %v", path, quote(e.key), err)
		}
		below := join(path, e.key)
		r.origins[below] = r.origin(e.value, e.at)
		read(below, e)
	}
	return true
}

// origin says where a value was set, and by which variable.
func (r *reader) origin(n *node, at position) string {
	o := fmt.Sprintf("%s:%d", r.file, at.line)
	if n.kind == text {
		if vars := variables(n.text); len(vars) > 0 {
			o += " with ${" + strings.Join(vars, "}, ${") + "}"
		}
	}
	return o
}

// expect reports n unless it is of the wanted kind. What is broken was reported before.
func (r *reader) expect(path string, n *node, want kind, hint string) bool {
	if path == "" {
		path = "the document"
	}
	switch {
	case n.kind == want:
		return true
	case n.kind == broken:
	case n.kind == null:
		r.add(n.at, "give it one or leave the key out", "%s has no value", path)
	default:
		r.add(n.at, hint, "%s must be %s, not %s", path, want, n.kind)
	}
	return false
}

// join extends a path by a key; a key that could be misread is quoted.
func join(path, key string) string {
	if strings.ContainsAny(key, ".[] \"") {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
