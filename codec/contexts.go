package codec

import (
	"bytes"
	"hash/maphash"
)

// contexts keep flat objects of free data that were met lately, so that one which comes again word for
// word is neither read nor kept twice: the events of one visitor, and of visitors with the same device,
// mostly have the same. Each has one place by its text. A text takes it when it comes for the second
// time in a row there, so that those which never come again, with a measurement in them, take none
// away. What is kept is shared by all who get it, and nobody changes it. The zero contexts are empty.
type contexts struct {
	seen [contextPlaces]uint32 // of each place, print of the text met last
	kept [contextPlaces]context
}

// context is an object beside its text.
type context struct {
	text   string // "" in an empty place
	object map[string]any
}

// The bounds of contexts: of the places, a power of two, and of the bytes of a text.
const (
	contextBits   = 10
	contextPlaces = 1 << contextBits
	contextBytes  = 256
)

// contextSeed is of this process: clients must not know which texts share a place.
var contextSeed = maphash.MakeSeed()

// context reads the context of an event. An object without another one inside ends at the first brace
// that closes, so one that begins with a text kept is that one, and read would be the same again:
// whether a text is sound does not depend on what stands before it, but for the count of fields.
func (d *decoder) context() map[string]any {
	rest := d.data[d.pos:]
	end := bytes.IndexByte(rest[:min(len(rest), contextBytes)], '}') + 1
	if end == 0 || d.over || d.kind() != kindObject {
		return d.freeData()
	}
	text, known := rest[:end], &d.vocabulary().contexts
	hash := maphash.Bytes(contextSeed, text)
	place, print := hash>>(64-contextBits), uint32(hash)
	if c := &known.kept[place]; c.text == string(text) && d.fields+len(c.object) <= MaxFields {
		d.fields += len(c.object)
		d.pos += end
		return c.object
	}
	faults, elements, after := d.faults, d.elements, d.pos+end
	m := d.freeData()
	switch {
	case d.bad != nil || d.faults > faults || d.elements > elements || d.pos != after:
	case known.seen[place] == print:
		known.kept[place] = context{string(text), m}
	default:
		known.seen[place] = print
	}
	return m
}
