package fold

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/rank"
)

// MaxWords bounds the words of one list of a row; the rest of a longer one is left out.
const MaxWords = 128

// wordsOf is where the words of one list come from.
type wordsOf struct {
	of   string // item, user, context or feature
	name string // of the attribute, of the field of the context, of the feature
}

// wordLists are the lists of words that rows have, in their order.
type wordLists struct {
	names []string
	from  []wordsOf
	items itemWords
}

func newWords(names []string) wordLists {
	w := wordLists{names: names}
	for _, text := range names {
		of, name, _ := strings.Cut(text, ".")
		w.from = append(w.from, wordsOf{of, name})
		if of == "item" {
			w.items.lists = append(w.items.lists, name)
		}
	}
	return w
}

// appendWords appends the words of free data: a text is one, a number and a truth value are the one
// that they are written as, and a list has those of its elements, each once.
func appendWords(dst []rank.Token, v any) []rank.Token {
	from := len(dst)
	list, ok := v.([]any)
	if !ok {
		return appendScalar(dst, from, v)
	}
	for _, element := range list {
		dst = appendScalar(dst, from, element)
	}
	return dst
}

// appendScalar appends one word to the list that begins at from, unless it is there already.
func appendScalar(dst []rank.Token, from int, v any) []rank.Token {
	var word string
	switch v := v.(type) {
	case string:
		word = v
	case bool:
		word = strconv.FormatBool(v)
	case json.Number:
		word = numberWord(v)
	default:
		return dst
	}
	token := rank.TokenOf(word)
	if len(dst)-from >= MaxWords || slices.Contains(dst[from:], token) {
		return dst
	}
	return append(dst, token)
}

func appendTexts(dst []rank.Token, list []string) []rank.Token {
	from := len(dst)
	for _, text := range list {
		dst = appendScalar(dst, from, text)
	}
	return dst
}

// numberWord writes equal numbers alike, however they came.
func numberWord(v json.Number) string {
	x, err := v.Float64()
	switch {
	case err != nil:
		return string(v)
	case math.Trunc(x) == x && math.Abs(x) < 1<<53:
		return strconv.FormatInt(int64(x), 10)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// appendItemWords appends the words of an item by the name of an attribute. doc is nil for an item
// without an entry.
func appendItemWords(dst []rank.Token, id freshet.ItemID, doc *freshet.Item, name string) []rank.Token {
	switch {
	case name == "id":
		return append(dst, rank.TokenOf(string(id)))
	case doc == nil:
		return dst
	case name == "category":
		return appendTexts(dst, doc.Categories[:min(1, len(doc.Categories))])
	case name == "categories":
		return appendTexts(dst, doc.Categories)
	case name == "tags":
		return appendTexts(dst, doc.Tags)
	}
	return appendWords(dst, doc.Attributes[name])
}

// itemWords keeps the words of every item, so that a row needs no look at its entry: those of all
// lists that are of items, one list after the other. The words of an item that is changed take the
// place of those before where they fit.
type itemWords struct {
	lists  []string // names of attributes
	tokens []rank.Token
	from   []uint64 // by item number: where its words begin
	ends   []uint32 // by item number, then by list: where the list ends, counted from there
	wasted int      // tokens that no item has any more
}

// meet takes in the items from the first unknown one on.
func (w *itemWords) meet(s *State) {
	if len(w.lists) == 0 {
		return
	}
	for item := len(w.from); item < s.Items.Len(); item++ {
		w.from = append(w.from, uint64(len(w.tokens)))
		if item == 0 {
			w.ends = append(w.ends, make([]uint32, len(w.lists))...)
			continue
		}
		for _, name := range w.lists {
			w.tokens = appendItemWords(w.tokens, s.Items.ID(uint32(item)), s.Items.Entry(uint32(item)), name)
			w.ends = append(w.ends, uint32(uint64(len(w.tokens))-w.from[item]))
		}
	}
}

// put takes in the entry of an item that is known.
func (w *itemWords) put(item uint32, doc *freshet.Item) {
	if len(w.lists) == 0 || int(item) >= len(w.from) {
		return
	}
	ends := w.ends[int(item)*len(w.lists):][:len(w.lists)]
	room, at := int(ends[len(ends)-1]), len(w.tokens)
	for l, name := range w.lists {
		w.tokens = appendItemWords(w.tokens, doc.ID, doc, name)
		ends[l] = uint32(len(w.tokens) - at)
	}
	if n := len(w.tokens) - at; n <= room {
		copy(w.tokens[w.from[item]:], w.tokens[at:])
		w.tokens = w.tokens[:at]
		w.wasted += room - n
	} else {
		w.from[item] = uint64(at)
		w.wasted += room
	}
	if w.wasted > len(w.tokens)/2 && w.wasted > leastWasted {
		w.compact()
	}
}

// leastWasted is how many tokens that no item has are left where they are.
const leastWasted = 1 << 16

func (w *itemWords) compact() {
	tokens := make([]rank.Token, 0, len(w.tokens)-w.wasted)
	for item, from := range w.from {
		n := w.ends[(item+1)*len(w.lists)-1]
		w.from[item] = uint64(len(tokens))
		tokens = append(tokens, w.tokens[from:from+uint64(n)]...)
	}
	w.tokens, w.wasted = tokens, 0
}

// of is a list of an item by the place of the list among lists. An item 0 has none.
func (w *itemWords) of(item uint32, list int) []rank.Token {
	from, ends := w.from[item], w.ends[int(item)*len(w.lists):]
	begin := uint32(0)
	if list > 0 {
		begin = ends[list-1]
	}
	return w.tokens[from+uint64(begin) : from+uint64(ends[list])]
}

// rowWords builds the words of rows. What no item changes is built once.
type rowWords struct {
	shared []rank.Token // of users and contexts, one list after the other
	ends   []uint32     // by list: where it ends in shared; of the other lists where that before ends
	lists  []featureWords
}

// featureWords are the words of a feature as it was read last.
type featureWords struct {
	column int // among the features, -1 for one that there is not
	text   string
	list   []feature.Entry
	tokens []rank.Token
}

// follow finds the features that the lists are of.
func (b *rowWords) follow(w *wordLists, g *feature.Engine) {
	b.lists = make([]featureWords, len(w.from))
	for i, from := range w.from {
		b.lists[i].column = -1
		if from.of == "feature" {
			b.lists[i].column = slices.Index(g.Names(), from.name)
		}
	}
}

// start builds what is the same for all items. visitor 0 has no words.
func (b *rowWords) start(s *State, visitor uint32, context map[string]any) {
	b.shared, b.ends = b.shared[:0], b.ends[:0]
	for _, from := range s.words.from {
		switch {
		case from.of == "context":
			b.shared = appendWords(b.shared, context[from.name])
		case from.of != "user" || visitor == 0:
		case from.name == "id":
			b.shared = append(b.shared, rank.TokenOf(s.Visitors.Name(visitor)))
		default:
			if doc := s.Users.Entry(visitor); doc != nil {
				b.shared = appendWords(b.shared, doc.Attributes[from.name])
			}
		}
		b.ends = append(b.ends, uint32(len(b.shared)))
	}
	for i := range b.lists {
		b.lists[i].text, b.lists[i].list, b.lists[i].tokens = "", nil, b.lists[i].tokens[:0]
	}
}

// add appends the words of an item's row.
func (b *rowWords) add(row *rank.Row, s *State, item uint32, values []feature.Value) {
	begin, ofItem := uint32(0), 0
	for i := range s.words.from {
		switch s.words.from[i].of {
		case "item":
			row.Words = append(row.Words, s.words.items.of(item, ofItem)...)
			ofItem++
		case "feature":
			if at := b.lists[i].column; at >= 0 {
				row.Words = append(row.Words, b.lists[i].of(s, &values[at])...)
			}
		default:
			row.Words = append(row.Words, b.shared[begin:b.ends[i]]...)
		}
		begin = b.ends[i]
		row.End()
	}
}

// of are the words of a value: its text, or the ids of the items in its list, the newest first. What
// was read for the item before is often read again.
func (f *featureWords) of(s *State, v *feature.Value) []rank.Token {
	switch {
	case v.Null:
		return nil
	case v.IsText:
		if len(f.tokens) != 1 || f.list != nil || f.text != v.Text {
			f.tokens, f.text, f.list = append(f.tokens[:0], rank.TokenOf(v.Text)), v.Text, nil
		}
		return f.tokens
	case len(v.List) == 0:
		return nil
	}
	if len(f.list) != len(v.List) || &f.list[0] != &v.List[0] {
		f.tokens, f.list = f.tokens[:0], v.List
		for _, entry := range v.List[:min(len(v.List), MaxWords)] {
			f.tokens = append(f.tokens, rank.TokenOf(string(s.Items.ID(entry.Item))))
		}
	}
	return f.tokens
}
