// Package mem keeps store tables in memory, in records without pointers: the key, a link, and the
// cell. An index of hashes finds the place of a record; a removed record's place is used again.
package mem

import (
	"math/rand/v2"
	"unsafe"

	"github.com/freshet-rec/freshet/internal/hugepage"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/places"
	"github.com/freshet-rec/freshet/internal/prefetch"
	"github.com/freshet-rec/freshet/store"
)

const (
	headWords  = 2       // of a record: the key, and the place plus one of the next of its generation
	blockBytes = 1 << 18 // of a full block, about: what the table grows by
	aheadLines = 4       // of a record are fetched ahead
	aheadKeys  = 64      // at a time
)

// Table is a store.Table in memory. Use New.
type Table struct {
	words       int // of a record
	perBlock    uint32
	blocks      [][]uint64
	memory      hugepage.Arena
	used        uint32 // places ever given
	free        uint32 // the first of those that are free, plus one; linked as generations are
	len         int
	index       places.Index
	generations generations
	seed        uint64 // so that nobody can choose keys of one hash; what a table does does not depend on it
}

// New returns an empty table whose cells have the given number of words, ≥ 1.
func New(words int) store.Table {
	t := &Table{words: headWords + words, perBlock: 8, index: places.New(), seed: rand.Uint64()}
	for int(2*t.perBlock)*t.words*8 <= blockBytes {
		t.perBlock *= 2
	}
	return t
}

func (t *Table) record(place uint32) []uint64 {
	i := int(place%t.perBlock) * t.words
	return t.blocks[place/t.perBlock][i : i+t.words : i+t.words]
}

// place finds a key.
func (t *Table) place(k store.Key) (place uint32, hash uint32, ok bool) {
	hash = hashOf(uint64(k), t.seed)
	page := t.index.Page(hash)
	for place, at := page.Next(hash, places.Start(hash)); at >= 0; place, at = page.Next(hash, at+1) {
		if t.record(place)[0] == uint64(k) {
			return place, hash, true
		}
	}
	return 0, hash, false
}

// hashOf is 32 bits of the finalizer of MurmurHash3 (Appleby) of a key and the table's seed.
func hashOf(k, seed uint64) uint32 {
	k ^= seed
	k = (k ^ k>>33) * 0xff51afd7ed558ccd
	k = (k ^ k>>33) * 0xc4ceb9fe1a85ec53
	return uint32(k >> 32)
}

// Cell implements store.Table.
func (t *Table) Cell(k store.Key, generation int64) []uint64 {
	place, hash, ok := t.place(k)
	if !ok {
		place = t.newPlace()
		t.record(place)[0] = uint64(k)
		t.index.Add(hash, place)
		t.enlist(place, generation)
		t.len++
	}
	return t.record(place)[headWords:]
}

// newPlace returns one whose cell is all zero.
func (t *Table) newPlace() uint32 {
	if t.free != 0 {
		place := t.free - 1
		t.free = uint32(t.record(place)[1])
		return place
	}
	place := t.used
	t.used++
	block, in := int(place/t.perBlock), int(place%t.perBlock)
	switch {
	case block > 0 && block == len(t.blocks):
		t.addBlock(int(t.perBlock))
	case block == 0 && (len(t.blocks) == 0 || (in+1)*t.words > len(t.blocks[0])):
		// The first block doubles up to its full size, so that small tables stay small.
		first := t.blocks
		t.blocks = nil
		t.addBlock(max(8, 2*in))
		if len(first) > 0 {
			copy(t.blocks[0], first[0])
		}
	}
	return place
}

func (t *Table) addBlock(records int) { t.blocks = append(t.blocks, t.memory.Make(records*t.words)) }

// Find implements store.Table.
func (t *Table) Find(k store.Key) []uint64 {
	if place, _, ok := t.place(k); ok {
		return t.record(place)[headWords:]
	}
	return nil
}

// Ahead implements store.Table.
func (t *Table) Ahead(keys []store.Key) {
	for len(keys) > aheadKeys {
		t.Ahead(keys[:aheadKeys])
		keys = keys[aheadKeys:]
	}
	var hashes [aheadKeys]uint32
	for i, k := range keys {
		hashes[i] = hashOf(uint64(k), t.seed)
		t.index.Ahead(hashes[i])
	}
	lines := min(aheadLines, (t.words*8+prefetch.LineBytes-2)/prefetch.LineBytes+1)
	for _, hash := range hashes[:len(keys)] {
		if place, at := t.index.Page(hash).Next(hash, places.Start(hash)); at >= 0 {
			prefetch.Lines(unsafe.Pointer(unsafe.SliceData(t.record(place))), lines)
		}
	}
}

// Old implements store.Table.
func (t *Table) Old(before int64, n int, look func(k store.Key, cell []uint64) (generation int64, keep bool)) int {
	looked := 0
	for ; looked < n && len(t.generations.lists) > 0 && t.generations.lists[0].generation < before; looked++ {
		was := t.generations.lists[0].generation
		place := t.oldest()
		record := t.record(place)
		k := store.Key(record[0])
		generation, keep := look(k, record[headWords:])
		if !keep {
			t.remove(k, place)
			continue
		}
		if generation <= was {
			panic("BUG: a cell is kept in a generation that is old")
		}
		t.enlist(place, generation)
	}
	return looked
}

func (t *Table) remove(k store.Key, place uint32) {
	hash := hashOf(uint64(k), t.seed)
	page := t.index.Page(hash)
	found, at := page.Next(hash, places.Start(hash))
	for found != place {
		found, at = page.Next(hash, at+1)
	}
	page.Remove(at)
	record := t.record(place)
	record[0], record[1] = 0, uint64(t.free)
	t.free = place + 1
	t.len--
}

// Len implements store.Table.
func (t *Table) Len() int { return t.len }

// Bytes implements store.Table.
func (t *Table) Bytes() int64 { return t.memory.Bytes() - t.memory.Unused() + t.index.Bytes() }

// Each implements store.Table.
func (t *Table) Each(visit func(k store.Key, cell []uint64) bool) {
	for _, l := range t.generations.lists {
		for next := l.head; next != 0; {
			record := t.record(next - 1)
			if !visit(store.Key(record[0]), record[headWords:]) {
				return
			}
			next = uint32(record[1])
		}
	}
}

// Pack implements store.Table: the generations in order, each with its keys and cells in theirs.
func (t *Table) Pack(w *pack.Writer, cell func(cell []uint64)) {
	w.Len(len(t.generations.lists))
	for _, l := range t.generations.lists {
		w.Int(l.generation)
		n := 0
		for next := l.head; next != 0; next = uint32(t.record(next - 1)[1]) {
			n++
		}
		w.Len(n)
		for next := l.head; next != 0; next = uint32(t.record(next - 1)[1]) {
			record := t.record(next - 1)
			w.Uint(record[0])
			cell(record[headWords:])
		}
	}
}

// Unpack implements store.Table.
func (t *Table) Unpack(r *pack.Reader, cell func(cell []uint64)) {
	for i := range r.Len(2) {
		generation := r.Int()
		if i > 0 && generation <= t.generations.lists[i-1].generation {
			r.Fail("generation %d is not behind the one before", generation)
		}
		n := r.Len(2)
		if n == 0 {
			r.Fail("generation %d has no cells", generation)
		}
		if r.Err() != nil {
			return
		}
		for range n {
			k := store.Key(r.Uint())
			if r.Err() == nil && t.Find(k) != nil {
				r.Fail("the key %d comes twice", k)
			}
			if r.Err() != nil {
				return
			}
			cell(t.Cell(k, generation))
		}
	}
}
