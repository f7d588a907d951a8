package codec

import (
	"slices"
	"strconv"

	"github.com/freshet-rec/freshet"
)

// Bounds of the fields of an item.
const (
	MaxPrice     = 1e12
	MaxLabels    = 256  // categories, and tags
	MaxEmbedding = 4096 // dimensions
)

// maxItems is the largest batch of items, as for events.
const maxItems = defaultMost

// DecodeItem reads one item: raw is one JSON object. With problems, the item is zero.
func DecodeItem(raw []byte) (freshet.Item, []Problem) {
	d := decoder{one: true}
	return decodeOne(&d, &itemShape, raw)
}

// DecodeItems reads a request body of at most 100,000 items; see [Form] for the documents
// accepted. The error is a *[Malformed].
func DecodeItems(body []byte, form Form) (Items, error) {
	return decodeBatch(decoder{}, &itemShape, body, form, maxItems)
}

// ItemRules say what items are refused for beside what no item may be. The zero ItemRules refuse
// nothing more.
type ItemRules struct {
	// Lengths are those that an embedding may have; nil is any up to MaxEmbedding.
	Lengths []int
}

// Item is DecodeItem by these rules.
func (r *ItemRules) Item(raw []byte) (freshet.Item, []Problem) {
	d := decoder{one: true, lengths: r.Lengths}
	return decodeOne(&d, &itemShape, raw)
}

// Items is DecodeItems by these rules.
func (r *ItemRules) Items(body []byte, form Form) (Items, error) {
	return decodeBatch(decoder{lengths: r.Lengths}, &itemShape, body, form, maxItems)
}

var itemShape = shape[freshet.Item]{
	noun:   "item",
	a:      "an item",
	list:   "items",
	known:  func(key []byte) bool { return itemField(key) != 0 },
	decode: (*decoder).item,
}

// The fields of an item, in canonical order.
const (
	itemID = iota + 1
	itemTitle
	itemCategories
	itemAvailable
	itemPublished
	itemPrice
	itemTags
	itemText
	itemEmbedding
	itemAttributes
)

var itemFields = []string{"item_id", "title", "categories", "available", "published_at", "price", "tags", "text", "embedding", "attributes"}

// meantByItem holds names that other systems use.
var meantByItem = map[string]string{
	"id": "item_id", "name": "title", "category": "categories", "labels": "tags", "description": "text",
	"vector": "embedding", "properties": "attributes", "metadata": "attributes", "in_stock": "available",
}

// itemField returns the field a key names, 0 for none.
func itemField(key []byte) int {
	for i, name := range itemFields {
		if string(key) == name {
			return i + 1
		}
	}
	return 0
}

// item reads the object the decoder stands on into the zero Item it.
func (d *decoder) item(it *freshet.Item) {
	var seen, given uint // bits of fields; null is seen, not given
	d.enter()
	for first := true; ; {
		key, more := d.member(&first)
		if !more {
			break
		}
		field := itemField(key)
		switch {
		case field == 0:
			d.unknown(key, itemFields, meantByItem)
			continue
		case seen>>field&1 == 1:
			given |= 1 << field
			d.twice()
			continue
		}
		seen |= 1 << field
		if d.kind() == kindNull {
			d.word("null")
			continue
		}
		given |= 1 << field
		switch field {
		case itemID:
			id, _ := d.id()
			it.ID = freshet.ItemID(id)
		case itemTitle:
			it.Title, _ = d.words()
		case itemCategories:
			it.Categories = d.labels()
		case itemAvailable:
			available, ok := d.boolean()
			it.Unavailable = ok && !available
		case itemPublished:
			it.Published, it.HasPublished = d.published()
		case itemPrice:
			it.Price, it.HasPrice = d.floatIn(0, MaxPrice)
		case itemTags:
			it.Tags = d.labels()
		case itemText:
			it.Text, _ = d.words()
		case itemEmbedding:
			it.Embedding = d.embedding()
		case itemAttributes:
			it.Attributes = d.freeData()
		}
	}
	if d.bad != nil {
		return
	}
	if given>>itemID&1 == 0 && !d.over {
		d.missing("item_id", "", "the item has no id")
	}
	for i := d.start; i < len(d.problems); i++ {
		d.problems[i].ItemID = string(it.ID)
	}
}

// published reads a time without the limits of events.
func (d *decoder) published() (ms int64, ok bool) {
	if ms, ok = d.time(); ok && ms < yearOne {
		d.problem(CodeBadTime, "the years 0001 to 9999 are accepted", "%s: %s is in the year 0000", here{d}, clock(ms))
		return 0, false
	}
	return ms, ok
}

// labels reads a list of at most MaxLabels ids, nil for an empty one.
func (d *decoder) labels() (list []string) {
	if d.kind() != kindArray {
		d.wrongType("an array of strings")
		return nil
	}
	d.enterArray()
	for i := 0; d.element(i == 0); i++ {
		if i < MaxLabels {
			d.path[1].index = i
			id, _ := d.id()
			list = append(list, id)
			continue
		}
		if i == MaxLabels {
			d.path[1].index = nameless
			d.problem(CodeTooLong, "", "%s: more than %d entries", here{d}, MaxLabels)
		}
		d.pass()
	}
	d.leaveArray()
	return list
}

// enterArray enters the array that is the value of a field; leaveArray leaves it.
func (d *decoder) enterArray() {
	d.pos++
	d.depth++
	d.path = append(d.path, step{index: nameless})
}

func (d *decoder) leaveArray() {
	d.depth--
	d.path = d.path[:len(d.path)-1]
}

// embedding reads 1 to MaxEmbedding numbers that float32 holds, not all of them zero. What is
// wrong with its numbers is one problem.
func (d *decoder) embedding() []float32 {
	if d.kind() != kindArray {
		d.wrongType("an array of numbers")
		return nil
	}
	var list []float32
	n, zero, typed := 0, true, true
	var odd number // the first that is not finite
	d.enterArray()
	for ; d.element(n == 0); n++ {
		if d.kind() != kindNumber {
			d.path[1].index = n
			if typed {
				typed = false // one is enough: vectors are long
				d.wrongType("a number")
			} else {
				d.pass()
			}
			continue
		}
		num := d.number()
		v, ok := num.float32()
		if !ok && odd.lit == nil {
			odd = num
		}
		if n < MaxEmbedding {
			list = append(list, v)
		}
		zero = zero && v == 0
	}
	d.leaveArray()
	switch {
	case d.bad != nil:
		return nil
	case n == 0 || n > MaxEmbedding:
		d.badVector("%s: has %s numbers, 1 to %d are accepted", here{d}, strconv.Itoa(n), MaxEmbedding)
	case d.lengths != nil && !slices.Contains(d.lengths, n):
		d.badVector("%s: has %s numbers; what goes by embeddings here takes %s", here{d}, strconv.Itoa(n), numbersText(d.lengths))
	case odd.lit != nil:
		d.badVector("%s: %s is not a finite number of 32 bits", here{d}, token(odd.lit))
	case zero && typed:
		d.badVector("%s: all %s numbers are zero", here{d}, strconv.Itoa(n))
	}
	return list
}

// numbersText is a list of numbers in a sentence.
func numbersText(list []int) string {
	text := ""
	for i, n := range list {
		if i > 0 {
			text += " or "
		}
		text += strconv.Itoa(n)
	}
	return text
}

func (d *decoder) badVector(format string, args ...any) {
	d.problem(CodeBadVector, "leave the embedding out if there is none", format, args...)
}

// float32 returns the nearest float32, and false when that is not finite.
func (n *number) float32() (v float32, ok bool) {
	if n.fault != "" {
		return 0, false
	}
	wide, err := strconv.ParseFloat(string(n.lit), 32)
	if wide == 0 {
		wide = 0 // not −0
	}
	return float32(wide), err == nil
}
