package feature

import (
	"cmp"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet/internal/intern"
	"github.com/freshet-rec/freshet/store"
)

// part is one part of a key.
type part struct {
	of    partOf
	name  string        // of the attribute or of the context's field
	attr  *attribute    // ofItem, ofUser
	texts *intern.Table // ofContext: the values that events had
}

type partOf uint8

// What a part may be of, in the order they have in a key.
const (
	theUser partOf = iota
	theItem
	ofItem
	ofUser
	ofContext
)

// parseKey gives the parts of a key in their order, none for global.
func parseKey(key []string) []part {
	var parts []part
	for _, word := range key {
		of, name, _ := strings.Cut(word, ".")
		switch {
		case word == "user":
			parts = append(parts, part{of: theUser})
		case word == "item":
			parts = append(parts, part{of: theItem})
		case of == "item":
			parts = append(parts, part{of: ofItem, name: name})
		case of == "user":
			parts = append(parts, part{of: ofUser, name: name})
		case of == "context":
			parts = append(parts, part{of: ofContext, name: name})
		}
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Or(cmp.Compare(a.of, b.of), strings.Compare(a.name, b.name)) })
	return parts
}

// byItem reports that the part's value depends on the item.
func (p *part) byItem() bool { return p.of == theItem || p.of == ofItem }

// subject is what keys are made of: who did it, to what, in which context.
type subject struct {
	visitor, item uint32
	context       map[string]any
}

// noCell is the number of what no event had: there is no cell under a key with it.
const noCell = 1<<32 - 1

// keys appends the keys of a subject: one for each combination of the parts' values, of which the
// last vary fastest; none when a part has no value. With add, values of the context and crosses
// that are new get a number.
func (g *group) keys(keys []store.Key, s *subject, add bool) []store.Key {
	switch g.shape {
	case shapeUser:
		if s.visitor != 0 {
			keys = append(keys, store.Key(s.visitor))
		}
		return keys
	case shapeItem:
		if s.item != 0 {
			keys = append(keys, store.Key(s.item))
		}
		return keys
	case shapePair:
		if s.visitor != 0 && s.item != 0 {
			keys = append(keys, store.Key(s.visitor)<<32|store.Key(s.item))
		}
		return keys
	case shapeTaste:
		if s.visitor != 0 {
			for _, v := range g.parts[1].attr.of(s.item) {
				keys = append(keys, store.Key(s.visitor)<<32|store.Key(v))
			}
		}
		return keys
	}
	switch len(g.parts) {
	case 0:
		return append(keys, 0)
	case 1:
		for _, v := range g.parts[0].values(s, nil, add) {
			keys = append(keys, store.Key(v))
		}
		return keys
	}
	firsts := g.parts[0].values(s, nil, add)
	if len(firsts) == 0 {
		return keys
	}
	rest := g.rest(s, 1, add)
	for _, first := range firsts {
		for _, second := range rest {
			keys = append(keys, store.Key(first)<<32|store.Key(second))
		}
	}
	return keys
}

// shape is that of keys that need no lists of values.
type shape uint8

const (
	shapeOther shape = iota
	shapeUser
	shapeItem
	shapePair  // user and item
	shapeTaste // user and an attribute of the item
)

func shapeOf(parts []part) shape {
	switch {
	case len(parts) == 1 && parts[0].of == theUser:
		return shapeUser
	case len(parts) == 1 && parts[0].of == theItem:
		return shapeItem
	case len(parts) == 2 && parts[0].of == theUser && parts[1].of == theItem:
		return shapePair
	case len(parts) == 2 && parts[0].of == theUser && parts[1].of == ofItem:
		return shapeTaste
	}
	return shapeOther
}

// rest are the numbers of the combinations of the parts from the given one on.
func (g *group) rest(s *subject, from int, add bool) []uint32 {
	values := g.parts[from].values(s, nil, add)
	if from == len(g.parts)-1 || len(values) == 0 {
		return values
	}
	var numbers []uint32
	others := g.rest(s, from+1, add)
	for _, v := range values {
		for _, other := range others {
			n := g.crosses.number(from, v, other, add)
			if n == 0 {
				n = noCell
			}
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// values are those of the part, appended to dst when it has one only.
func (p *part) values(s *subject, dst []uint32, add bool) []uint32 {
	number := uint32(0)
	switch p.of {
	case theUser:
		number = s.visitor
	case theItem:
		number = s.item
	case ofItem:
		return p.attr.of(s.item)
	case ofUser:
		return p.attr.of(s.visitor)
	case ofContext:
		values := scalars(s.context[p.name])
		for i, v := range values {
			text := keyText(v)
			if slices.ContainsFunc(values[:i], func(other any) bool { return keyText(other) == text }) {
				continue
			}
			n := p.texts.Find(text)
			switch {
			case n != 0:
			case add:
				n = p.texts.Add(text)
			default:
				n = noCell // counts in a mean
			}
			dst = append(dst, n)
		}
		return dst
	}
	if number == 0 {
		return nil
	}
	return append(dst, number)
}

// crosses numbers pairs of numbers: those of the parts from one on, in keys of three and four.
type crosses struct {
	numbers map[cross]uint32
	list    []cross // by number, from 1
}

type cross struct {
	from         uint32 // the part of the first number
	first, other uint32
}

func (c *crosses) number(from int, first, other uint32, add bool) uint32 {
	k := cross{uint32(from), first, other}
	n, ok := c.numbers[k]
	if !ok && add {
		if c.numbers == nil {
			c.numbers = map[cross]uint32{}
		}
		c.list = append(c.list, k)
		n = uint32(len(c.list))
		c.numbers[k] = n
	}
	return n
}

// split gives the numbers of a key's parts, in their order.
func (g *group) split(k store.Key) []uint32 {
	switch len(g.parts) {
	case 0:
		return nil
	case 1:
		return []uint32{uint32(k)}
	}
	numbers := []uint32{uint32(k >> 32)}
	last := uint32(k)
	for len(numbers) < len(g.parts)-1 {
		c := g.crosses.list[last-1]
		numbers = append(numbers, c.first)
		last = c.other
	}
	return append(numbers, last)
}
