package audit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet/feature"
)

// part is one part of a feature's key, or the item's attribute that is its field.
type part struct {
	kind      kind
	name      string     // of an attribute, or in the context
	attribute *attribute // of items or users
	field     int        // of the context, among Oracle.fields
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
			list = append(list, part{kind: byContext, name: name, field: g.field(name)})
		case of == "user" && dotted:
			list = append(list, part{kind: byUserAttribute, name: name, attribute: known(&g.userAttributes, name)})
		case of == "user":
			list = append(list, part{kind: byUser})
		case dotted:
			list = append(list, part{kind: byItemAttribute, name: name, attribute: known(&g.itemAttributes, name)})
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

// field is the place of a field of contexts among those that keys have, which get it at first sight.
func (g *Oracle) field(name string) int {
	i := slices.Index(g.fields.names, name)
	if i < 0 {
		i = len(g.fields.names)
		g.fields.names = append(g.fields.names, name)
		g.fields.values, g.fields.known = append(g.fields.values, nil), append(g.fields.known, false)
	}
	return i
}

// fields are the values that one context has in the fields that keys have, each looked at once.
type fields struct {
	names  []string
	values [][]uint64 // by name, where they are known
	known  []bool
}

// of are the values of a field of the context.
func (f *fields) of(field int, context map[string]any) []uint64 {
	if !f.known[field] {
		f.values[field], f.known[field] = appendHashes(f.values[field][:0], context[f.names[field]]), true
	}
	return f.values[field]
}

// combination walks the combinations of the values of a key's parts, those of the later parts varying
// fastest:
//
//	for ok := c.first(parts, visitor, item, values); ok; ok = c.next() {
//		key := c.key(c.head)
//	}
//
// The key of no parts has one combination, of nothing. It is in one place for as long as it walks.
type combination struct {
	parts  int
	values [feature.MaxKeyParts][]uint64 // by part
	alone  [feature.MaxKeyParts]uint64   // likewise: the value, of a user or an item
	at     [feature.MaxKeyParts]int      // likewise: which of values it is
	spread [feature.MaxKeyParts]uint64   // likewise: that value, times spreadBy
}

// spreadBy is the odd number next to 2^64 over the golden ratio.
const spreadBy = 0x9e3779b97f4a7c15

// first begins with the first combination, if there is one: none when a part has no value. field
// gives the values of a field of the context.
func (c *combination) first(parts []part, visitor, item uint32, field func(p *part) []uint64) bool {
	c.parts = len(parts)
	for i := range parts {
		p := &parts[i]
		switch p.kind {
		case byUser, byItem:
			number := visitor
			if p.kind == byItem {
				number = item
			}
			if number == 0 {
				return false
			}
			c.alone[i] = uint64(number)
			c.values[i] = c.alone[i : i+1]
		case byItemAttribute:
			c.values[i] = p.attribute.of(item)
		case byUserAttribute:
			c.values[i] = p.attribute.of(visitor)
		case byContext:
			c.values[i] = field(p)
		}
		if len(c.values[i]) == 0 {
			return false
		}
		c.at[i], c.spread[i] = 0, c.values[i][0]*spreadBy
	}
	return true
}

// next goes on to the next combination, if there is one.
func (c *combination) next() bool {
	for i := c.parts - 1; i >= 0; i-- {
		more := c.at[i]+1 < len(c.values[i])
		c.at[i]++
		if !more {
			c.at[i] = 0
		}
		c.spread[i] = c.values[i][c.at[i]] * spreadBy
		if more {
			return true
		}
	}
	return false
}

// key is that of the combination, for the feature with a head. A key is a hash of 64 bits: among a
// million of them the odds that two are alike are below one in ten million.
func (c *combination) key(head uint64) uint64 {
	for _, spread := range c.spread[:c.parts] {
		head = mix(head + spread)
	}
	return head
}
