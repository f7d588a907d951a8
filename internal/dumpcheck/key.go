package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxKeyParts bounds a key.
const maxKeyParts = 4

// part is one part of a key: user, item or global, or a name within item, user or context.
type part struct{ of, name string }

// partOrder is the order in which the parts of a key vary, the last one fastest: user,
// item, item.…, user.…, context.…, by name among those that begin alike.
var partOrder = []string{"global", "user", "item", "item.", "user.", "context."}

// parseKey reads the parts of a key into the order in which they vary.
func parseKey(words []string) ([]part, error) {
	var parts []part
	for _, word := range words {
		p := part{of: word}
		if of, name, dotted := strings.Cut(word, "."); dotted {
			p = part{of + ".", name}
		}
		named := strings.HasSuffix(p.of, ".")
		if !slices.Contains(partOrder, p.of) || named != (p.name != "") || slices.Contains(parts, p) {
			return nil, fmt.Errorf("key %q", words)
		}
		parts = append(parts, p)
	}
	global := slices.Contains(parts, part{of: "global"})
	if len(parts) == 0 || len(parts) > maxKeyParts || global && len(parts) > 1 {
		return nil, fmt.Errorf("key %q", words)
	}
	slices.SortFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(slices.Index(partOrder, a.of), slices.Index(partOrder, b.of)), cmp.Compare(a.name, b.name))
	})
	return parts, nil
}

// subject is what a key is looked up in: an event at its own record, or a request about
// one candidate at the record that it was read at.
type subject struct {
	visitor string
	item    string
	context context
	at      int32
}

// valuesOf are the values of one part of a key.
func (j *journal) valuesOf(p part, s subject) []scalar {
	switch p.of {
	case "user":
		if s.visitor != "" {
			return []scalar{textOf(s.visitor)}
		}
	case "item":
		if s.item != "" {
			return []scalar{textOf(s.item)}
		}
	case "global":
		return []scalar{truthOf(true)}
	case "item.":
		return j.itemWord(p.name, s.item, s.at).values()
	case "user.":
		return j.userWord(p.name, s.visitor, s.at).values()
	case "context.":
		return s.context.get(p.name).values()
	}
	return nil
}

// keysOf are the combinations of the values of a key's parts, the last part varying
// fastest: where an event adds, and where a request reads. There are none when a part has
// no value.
func (j *journal) keysOf(parts []part, s subject) []string {
	keys := []string{""}
	for _, p := range parts {
		values := j.valuesOf(p, s)
		longer := make([]string, 0, len(keys)*len(values))
		for _, key := range keys {
			for _, v := range values {
				longer = append(longer, joined(key, v.word()))
			}
		}
		keys = longer
	}
	return keys
}

// joined appends a word to a key so that no other words give the same key.
func joined(key, word string) string {
	if key == "" && !strings.ContainsAny(word, "\x00\x01") {
		return word
	}
	escaped := strings.ReplaceAll(strings.ReplaceAll(word, "\x01", "\x01\x01"), "\x00", "\x01\x02")
	return key + "\x00" + escaped
}

// context is what an event or a request says of where it happened: its members that have
// a value, each once.
type context []member

type member struct {
	name  string
	value scalar
}

func (c context) get(name string) scalar {
	for _, m := range c {
		if m.name == name {
			return m.value
		}
	}
	return scalar{}
}
