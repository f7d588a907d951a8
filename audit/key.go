package audit

import (
	"cmp"
	"slices"
	"strings"
)

// part is one part of a feature's key, or the item's attribute that is its field.
type part struct {
	kind      kind
	name      string     // of an attribute, or in the context
	attribute *attribute // of items or users
}

// kind is what a part goes by; parts stand in this order, and by name among those of one kind.
type kind int

const (
	byUser kind = iota
	byItem
	byItemAttribute
	byUserAttribute
	byContext
)

// parts are those of a key; global has none.
func (g *Oracle) parts(key []string) []part {
	var list []part
	for _, text := range key {
		of, name, dotted := strings.Cut(text, ".")
		switch {
		case of == "global":
		case of == "context":
			list = append(list, part{kind: byContext, name: name})
		case of == "user" && dotted:
			list = append(list, part{byUserAttribute, name, known(&g.userAttributes, name)})
		case of == "user":
			list = append(list, part{kind: byUser})
		case dotted:
			list = append(list, part{byItemAttribute, name, known(&g.itemAttributes, name)})
		default:
			list = append(list, part{kind: byItem})
		}
	}
	slices.SortFunc(list, func(a, b part) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name)) })
	return list
}

// known is the attribute of a name in a list, which gets it at first sight.
func known(list *[]*attribute, name string) *attribute {
	for _, a := range *list {
		if a.name == name {
			return a
		}
	}
	a := &attribute{name: name}
	*list = append(*list, a)
	return a
}

// keys appends the keys of all combinations of the parts' values, those of the later parts varying
// fastest; none when a part has no value. A key is a hash of 64 bits: among a million of them the
// odds that two are alike are below one in ten million.
func (c *column) keys(to []uint64, visitor, item uint32, context map[string]any) []uint64 {
	from := len(to)
	to = append(to, mix(uint64(c.place)+1))
	for i := range c.parts {
		p := &c.parts[i]
		var values []uint64
		switch p.kind {
		case byUser, byItem:
			number := visitor
			if p.kind == byItem {
				number = item
			}
			if number == 0 {
				return to[:from]
			}
			for k := from; k < len(to); k++ {
				to[k] = join(to[k], uint64(number))
			}
			continue
		case byItemAttribute:
			values = p.attribute.of(item)
		case byUserAttribute:
			values = p.attribute.of(visitor)
		case byContext:
			values = hashes(scalars(context[p.name]))
		}
		if len(values) == 1 {
			for k := from; k < len(to); k++ {
				to[k] = join(to[k], values[0])
			}
			continue
		}
		heads := slices.Clone(to[from:])
		to = to[:from]
		for _, head := range heads {
			for _, value := range values {
				to = append(to, join(head, value))
			}
		}
	}
	return to
}

// join is the key of one more part.
func join(head, value uint64) uint64 { return mix(head + value*0x9e3779b97f4a7c15) }
