package recall

import (
	"cmp"
	"context"
	"math"
	"slices"
	"unsafe"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/prefetch"
	"github.com/freshet-rec/freshet/internal/slab"
)

// Texts is an inverted index of what the entries of the catalogue say: title, tags, categories
// and text. An entry replaces what the one before said. What it answers follows from the newest
// entries alone, not from the order in which they came.
//
// A match is weighed by BM25 in its form for fields (Robertson & Zaragoza, "The Probabilistic
// Relevance Framework: BM25 and Beyond", 2009, §3.6), with one length for all fields:
//
//	score(q, d) = Σ_t q_t · idf(t) · f / (k1 + f)       f = Σ_field w_field · count(t, field) / (1 − b + b·|d|/mean|d|)
//	idf(t)      = ln(1 + (N − n_t + ½) / (n_t + ½))
//
// |d| being Σ_t Σ_field w_field · count(t, field). Nothing is a stop word by name: a token that
// more than a tenth of the entries have is passed over when others are rarer.
//
// It keeps 18 to 30 bytes a token of an item, at most maxDocTokens of them, and some 60 a different
// token. One whose items are many costs an entry that moves it in or out of an older item 8 bytes
// of copying for each younger item that has it.
type Texts struct {
	lists  map[uint64][]posting // by hash of the token, ascending by item
	docs   []textDoc            // by item
	kept   slab.Slab            // what docs say
	count  int                  // entries that say anything
	length int64                // of all of them
}

// posting is an item that has a token, so often, and how long its entry is.
type posting struct {
	item   uint32
	count  uint16 // weighted by field
	length uint16 // of the entry, as textDoc has it
}

// textDoc is where the tokens of an entry stand: their hashes, ascending, and behind them how often
// each counts, weighted by field, four to a word.
type textDoc struct {
	words  slab.Ref // 0 when it says nothing
	tokens uint16
	length uint16 // sum of what they count, at most 65,535
}

// textWords is what an entry says, before it has a place.
type textWords struct {
	hashes []uint64 // ascending
	counts []uint16
	length uint16
}

// The constants of BM25 are those that the paper gives as usual (§3.2). The weights of fields say
// that a word of the title tells as much of an item as three of its text: a guess.
const (
	bm25K1 = 1.2
	bm25B  = 0.75

	weightTitle, weightTag, weightCategory, weightText = 3, 3, 2, 1

	maxDocTokens  = 128    // different tokens kept of an entry, the first ones
	maxPostings   = 16_000 // read for one request, of which the items that came last have precedence
	commonShare   = 10     // a token that more than one entry in so many has is common,
	leastCommon   = 100    // and more than so many
	maxAskedWords = 32     // different tokens one request is answered from, the weightiest
)

// NewTexts returns an empty index.
func NewTexts() *Texts { return &Texts{lists: map[uint64][]posting{}} }

// tokenHash names a token.
func tokenHash(token string) uint64 { return SeedOf(token) }

// Entry implements EntryReader.
func (x *Texts) Entry(item uint32, doc *freshet.Item) {
	for int(item) >= len(x.docs) {
		x.docs = append(x.docs, textDoc{})
	}
	was, now := x.docs[item], readDoc(doc)
	hashes, _ := x.tokens(was)
	for _, h := range hashes {
		if _, kept := slices.BinarySearch(now.hashes, h); !kept {
			x.remove(h, item)
		}
	}
	for i, h := range now.hashes {
		x.put(h, posting{item, now.counts[i], now.length})
	}
	if was.length > 0 {
		x.count--
	}
	if now.length > 0 {
		x.count++
	}
	x.length += int64(now.length) - int64(was.length)
	x.kept.Free(was.words)
	x.docs[item] = x.keep(&now)
}

// keep gives what an entry says a place.
func (x *Texts) keep(w *textWords) textDoc {
	n := len(w.hashes)
	if n == 0 {
		return textDoc{}
	}
	d := textDoc{words: x.kept.Make(n + (n+3)/4), tokens: uint16(n), length: w.length}
	hashes, counts := x.tokens(d)
	copy(hashes, w.hashes)
	for i, count := range w.counts {
		counts[i/4] |= uint64(count) << (i % 4 * 16)
	}
	return d
}

// tokens are the hashes and the counts of an entry, valid until the next entry is told.
func (x *Texts) tokens(d textDoc) (hashes, counts []uint64) {
	if d.words == 0 {
		return nil, nil
	}
	words, n := x.kept.At(d.words), int(d.tokens)
	return words[:n], words[n : n+(n+3)/4]
}

// countOf is the count of token i.
func countOf(counts []uint64, i int) uint16 { return uint16(counts[i/4] >> (i % 4 * 16)) }

// ready asks for the memory of what the items' entries say, which lies scattered, before it is read.
func (x *Texts) ready(list []scored) {
	for i := range list {
		if item := int(list[i].item); item < len(x.docs) {
			prefetch.Line(unsafe.Pointer(&x.docs[item]))
		}
	}
	for i := range list {
		if item := int(list[i].item); item < len(x.docs) && x.docs[item].words != 0 {
			words := x.kept.At(x.docs[item].words)
			prefetch.Lines(unsafe.Pointer(&words[0]), linesOf(8*len(words)))
		}
	}
}

func byItem(p posting, item uint32) int { return cmp.Compare(p.item, item) }

func (x *Texts) remove(h uint64, item uint32) {
	list := x.lists[h]
	i, found := slices.BinarySearchFunc(list, item, byItem)
	if !found {
		return
	}
	if list = slices.Delete(list, i, i+1); len(list) == 0 {
		delete(x.lists, h)
		return
	}
	x.lists[h] = list
}

func (x *Texts) put(h uint64, p posting) {
	list := x.lists[h]
	i, had := slices.BinarySearchFunc(list, p.item, byItem)
	if had {
		list[i] = p
		return
	}
	x.lists[h] = slices.Insert(list, i, p)
}

// readDoc counts the tokens of an entry.
func readDoc(doc *freshet.Item) (d textWords) {
	counts := map[uint64]int{}
	read := func(text string, weight int) {
		tokens(text, true, func(token string) bool {
			h := tokenHash(token)
			if _, known := counts[h]; !known && len(counts) == maxDocTokens {
				return true // others that are known may follow
			}
			counts[h] += weight
			return true
		})
	}
	read(doc.Title, weightTitle)
	for _, tag := range doc.Tags {
		read(tag, weightTag)
	}
	for _, category := range doc.Categories {
		read(category, weightCategory)
	}
	read(doc.Text, weightText)
	if len(counts) == 0 {
		return d
	}
	d.hashes, d.counts = make([]uint64, 0, len(counts)), make([]uint16, 0, len(counts))
	for h := range counts {
		d.hashes = append(d.hashes, h)
	}
	slices.Sort(d.hashes)
	length := 0
	for _, h := range d.hashes {
		n := min(counts[h], math.MaxUint16)
		d.counts = append(d.counts, uint16(n))
		length += n
	}
	d.length = uint16(min(length, math.MaxUint16))
	return d
}

// idf is how much it says of an entry that it has a token.
func (x *Texts) idf(h uint64) float64 { return x.idfOf(len(x.lists[h])) }

func (x *Texts) idfOf(has int) float64 {
	return math.Log1p((float64(x.count-has) + 0.5) / (float64(has) + 0.5))
}

// saturated is f/(k1 + f) for a token that an entry of a length has so often, in the form
// count / (count + k1·(1 − b) + k1·b/mean · length), of which slope is the last factor.
func saturated(count, length uint16, slope float64) float64 {
	return float64(count) / (float64(count) + bm25K1*(1-bm25B) + float64(slope*float64(length)))
}

func (x *Texts) slope() float64 { return bm25K1 * bm25B * float64(x.count) / float64(x.length) }

// word is a token that is looked for.
type word struct {
	hash   uint64
	weight float64 // q_t, and q_t · idf once weighed
}

// weigh merges equal words, weighs them by idf and returns the weightiest, those first that weigh
// most. Common ones are left out when others are not.
func (x *Texts) weigh(words []word) []word {
	slices.SortStableFunc(words, func(a, b word) int { return cmp.Compare(a.hash, b.hash) })
	merged := words[:0]
	for _, w := range words {
		if n := len(merged); n > 0 && merged[n-1].hash == w.hash {
			merged[n-1].weight += w.weight
			continue
		}
		merged = append(merged, w)
	}
	has, rare := make([]int, len(merged)), false
	for i := range merged {
		has[i] = len(x.lists[merged[i].hash])
		rare = rare || has[i] > 0 && !x.common(has[i])
	}
	kept := merged[:0]
	for i, w := range merged {
		if !rare || !x.common(has[i]) {
			kept = append(kept, word{w.hash, float64(w.weight * x.idfOf(has[i]))})
		}
	}
	merged = kept
	slices.SortFunc(merged, func(a, b word) int {
		if a.weight != b.weight {
			return cmp.Compare(b.weight, a.weight)
		}
		return cmp.Compare(a.hash, b.hash)
	})
	return merged[:min(len(merged), maxAskedWords)]
}

// common reports that a token that so many entries have says next to nothing.
func (x *Texts) common(has int) bool { return has > leastCommon && has*commonShare > x.count }

// match tells of the items that have one of the words, with what the word adds to each. It reads
// at most room postings, and returns how many are left.
func (x *Texts) match(ctx context.Context, words []word, room int, add func(item uint32, v float64)) (int, error) {
	slope := x.slope()
	for _, w := range words {
		if ctx.Err() != nil {
			return room, ctx.Err()
		}
		list := x.lists[w.hash]
		list = list[len(list)-min(len(list), room):]
		room -= len(list)
		for i := range list {
			if i%checkEvery == checkEvery-1 && ctx.Err() != nil {
				return room, ctx.Err()
			}
			p := &list[i]
			add(p.item, float64(w.weight*saturated(p.count, p.length, slope)))
		}
	}
	return room, nil
}

// words appends the tokens of an item's entry, each as often as it counts there times weight.
func (x *Texts) words(dst []word, item uint32, weight float64) []word {
	if int(item) >= len(x.docs) {
		return dst
	}
	d, slope := x.docs[item], x.slope()
	hashes, counts := x.tokens(d)
	for i, h := range hashes {
		dst = append(dst, word{h, float64(weight * saturated(countOf(counts, i), d.length, slope))})
	}
	return dst
}

// squared is an item's tokens with idf² · f/(k1 + f): its product with the words of another item is
// that of two vectors of idf · f/(k1 + f), and the other's idf need not be looked up.
func (x *Texts) squared(item uint32) []word {
	v := x.words(nil, item, 1)
	for i := range v {
		idf := x.idf(v[i].hash)
		v[i].weight = float64(v[i].weight * float64(idf*idf))
	}
	return v
}

// norm is the length of the vector of idf · f/(k1 + f) for an item's words.
func (x *Texts) norm(words []word) (sum float64) {
	for _, w := range words {
		v := float64(w.weight * x.idf(w.hash))
		sum += float64(v * v)
	}
	return math.Sqrt(sum)
}

// dot is the product of two vectors, both ascending by hash.
func dot(a, b []word) (sum float64) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].hash < b[0].hash:
			a = a[1:]
		case a[0].hash > b[0].hash:
			b = b[1:]
		default:
			sum += float64(a[0].weight * b[0].weight)
			a, b = a[1:], b[1:]
		}
	}
	return sum
}
