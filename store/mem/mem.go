// Package mem keeps store tables in memory, in records without pointers: the key and the cell. An
// index of hashes finds the place of a record; a removed record's place is used again. What links the
// records of a generation stands apart, where new ones are neighbours.
package mem

import (
	"math/bits"
	"math/rand/v2"
	"unsafe"

	"github.com/freshet-rec/freshet/internal/hugepage"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/places"
	"github.com/freshet-rec/freshet/internal/prefetch"
	"github.com/freshet-rec/freshet/store"
)

const (
	firstShift   = 3 // the first block has 1<<firstShift records
	firstRecords = 1 << firstShift
	headWords    = 1       // of a record: the key
	blockBytes   = 1 << 19 // of a full block, about: what the table grows by
	aheadWords   = 32      // of a record at most are fetched ahead
	aheadRecords = 8       // new ones, written to before long
)

// Table is a store.Table in memory. Use New.
type Table struct {
	words       int    // of a record, those at its end that nobody uses included
	bytes       uint64 // the same in bytes
	cellWords   int
	fetched     int        // lines of a record that are fetched ahead
	shift       uint64     // a full block has 1<<shift records
	room        uint32     // records in all blocks
	blocks      []*uint64  // the first word of each
	links       [][]uint32 // as blocks: of each record the place plus one of the next of its generation
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
	t := &Table{words: wholeLines(headWords + words), cellWords: words, index: places.New(), seed: rand.Uint64()}
	t.bytes, t.fetched = uint64(t.words)*8, t.lines()
	for t.shift = firstShift; t.words*8<<(t.shift+1) <= blockBytes; t.shift++ {
	}
	return t
}

// block is where a place is. The first blocks double in size, from firstRecords up to half of a full one's
// records, so that small tables stay small; a record never moves. There is no branch in it, since nobody
// can foresee whether a key is one of the first.
func (t *Table) block(place uint32) (block, at uint64) {
	in := uint64(place) + firstRecords
	over, early := bits.Sub64(uint64(bits.Len64(in))-1, t.shift, 0) // early is 1 in the first blocks, 0 in full ones
	top := (t.shift + over&-early) & 63                             // records of the block, as a power of two
	whole := in >> top                                              // 1 in the first blocks, then 1, 2, …
	return whole + top - (firstShift + 1), in - whole<<top
}

// record is the one at a place that was given.
func (t *Table) record(place uint32) []uint64 { return unsafe.Slice(t.first(place), t.words) }

// first is the first word of the record at a place that was given.
func (t *Table) first(place uint32) *uint64 { return t.within(t.block(place)) }

// within is the first word of a record in a block. Loops over many take it with block, both of which are
// inlined, where first is not.
func (t *Table) within(block, at uint64) *uint64 {
	return (*uint64)(unsafe.Add(unsafe.Pointer(t.blocks[block]), at*t.bytes))
}

// link is that of the record at a place.
func (t *Table) link(place uint32) *uint32 {
	block, at := t.block(place)
	return &t.links[block][at]
}

// lines are how many lines are fetched of a record: all that it may lie in, of one longer than aheadWords as
// many as these fill. That may be one less than they lie in, since such a record may begin within a line.
func (t *Table) lines() int {
	const line = prefetch.LineBytes / 8
	words := min(t.words, aheadWords)
	if words%line == 0 {
		return words / line // blocks begin at a line, and so do records of whole lines
	}
	return (words + line - 2 + line) / line // at worst only its first word is in the first
}

// fetch asks for the record at a place, of a long one for the first lines.
func (t *Table) fetch(place uint32) {
	first := unsafe.Pointer(t.first(place))
	for i := range t.fetched {
		prefetch.Line(unsafe.Add(first, i*prefetch.LineBytes))
	}
}

// cellOf is the cell of the record that begins with a word.
func (t *Table) cellOf(first *uint64) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Add(unsafe.Pointer(first), headWords*8)), t.cellWords)
}

func (t *Table) cell(record []uint64) []uint64 {
	return record[headWords : headWords+t.cellWords : headWords+t.cellWords]
}

// wholeLines are the words of a record in memory: as many as fill whole lines of the cache, so that it
// does not lie across one line more, where that adds no more than an eighth, or than a third of what
// fits one line.
func wholeLines(words int) int {
	const line = prefetch.LineBytes / 8
	whole := (words + line - 1) / line * line
	if whole <= words+words/7 || whole == line && whole <= words+words/3 {
		return whole
	}
	return words
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
func (t *Table) Cell(k store.Key, generation int64, hint store.Hint) (cell []uint64, fresh bool) {
	if first := t.hinted(k, hint); first != nil {
		return t.cellOf(first), false
	}
	return t.make(k, generation, hint)
}

// Cells implements store.Table. What the hints do not give is told apart without a branch and made at the
// end: which keys are new cannot be foreseen.
func (t *Table) Cells(keys []store.Key, generation int64, hints []store.Hint, cells [][]uint64) (fresh uint64) {
	hints, cells = hints[:len(keys)], cells[:len(keys)]
	missing := uint64(1)<<len(keys) - 1
	if used := t.used; used > 0 {
		missing = 0
		for i, k := range keys {
			place := uint32(hints[i]) - 1
			var given uint32
			var other, free uint64
			if place < used {
				given = 1
			}
			first := t.within(t.block(place & -given))
			if *first != uint64(k) {
				other = 1
			}
			if k == 0 { // the key of what is free
				free = 1
			}
			cells[i] = t.cellOf(first)
			missing |= (other | free | uint64(1-given)) << (i & 63)
		}
	}
	for ; missing != 0; missing &= missing - 1 {
		i := bits.TrailingZeros64(missing)
		cell, made := t.make(keys[i], generation, hints[i])
		if cells[i] = cell; made {
			fresh |= 1 << i
		}
	}
	return fresh
}

// make is Cell of a key whose place the hint does not give: mostly there is none.
func (t *Table) make(k store.Key, generation int64, hint store.Hint) (cell []uint64, fresh bool) {
	hash := uint32(hint >> 32)
	if hash == 0 {
		hash = hashOf(uint64(k), t.seed)
	}
	page := t.index.Page(hash)
	at := page.Free(hash)
	if at < 0 {
		var free bool
		var found uint32
		for at = places.Start(hash); ; at++ {
			if found, at, free = page.Seek(hash, at); free {
				break
			}
			if first := t.first(found); *first == uint64(k) {
				return t.cellOf(first), false
			}
		}
	}
	place := t.newPlace()
	first := t.first(place)
	*first = uint64(k)
	if !page.Fill(at, hash, place) {
		t.index.Add(hash, place)
	}
	t.enlist(place, generation)
	t.len++
	return t.cellOf(first), true
}

// newPlace returns one whose cell is all zero.
func (t *Table) newPlace() uint32 {
	if t.free != 0 {
		place := t.free - 1
		t.free = *t.link(place)
		return place
	}
	place := t.used
	t.used++
	if t.used > t.room {
		records := 1 << min(firstShift+uint64(len(t.blocks)), t.shift)
		t.blocks = append(t.blocks, unsafe.SliceData(t.memory.Make(records*t.words)))
		t.links = append(t.links, make([]uint32, records))
		t.room += uint32(records)
	}
	if soon := place + aheadRecords; soon < t.room {
		t.fetch(soon)
	}
	return place
}

// Find implements store.Table.
func (t *Table) Find(k store.Key, hint store.Hint) []uint64 {
	if first := t.hinted(k, hint); first != nil {
		return t.cellOf(first)
	}
	if place, _, ok := t.place(k); ok {
		return t.cell(t.record(place))
	}
	return nil
}

// Finds implements store.Table: Ahead gives a hint for every cell that there is.
func (t *Table) Finds(keys []store.Key, hints []store.Hint, cells [][]uint64) {
	for i, k := range keys {
		if cells[i] = nil; !hints[i].Found() {
			continue
		}
		if first := t.first(uint32(hints[i]) - 1); *first == uint64(k) {
			cells[i] = t.cellOf(first)
		} else {
			cells[i] = t.Find(k, 0)
		}
	}
}

// hinted is the first word of the record of k when the hint, a place plus one, is right. A free record
// has the key 0.
func (t *Table) hinted(k store.Key, hint store.Hint) *uint64 {
	if !hint.Found() || k == 0 || uint32(hint) > t.used {
		return nil
	}
	if first := t.first(uint32(hint) - 1); *first == uint64(k) {
		return first
	}
	return nil
}

// Soon implements store.Table. A hint's upper half is the hash.
func (t *Table) Soon(keys []store.Key, hints []store.Hint, lines *prefetch.Queue) {
	hints = hints[:len(keys)]
	for i, k := range keys {
		hints[i] = store.Hint(hashOf(uint64(k), t.seed)) << 32
	}
	if room := lines.Room(len(keys)); room != nil {
		places.Firsts(&t.index, hints, room)
		lines.Took(len(keys))
		return
	}
	for _, hint := range hints {
		t.index.Ahead(uint32(hint >> 32))
	}
}

// Ahead implements store.Table.
func (t *Table) Ahead(keys []store.Key, hints []store.Hint, lines *prefetch.Queue) {
	hints = hints[:len(keys)]
	places.Guesses(&t.index, hints)
	room := lines.Room(len(hints) * t.fetched)
	if room == nil {
		for _, hint := range hints {
			if hint.Found() {
				t.fetch(uint32(hint) - 1)
			}
		}
		return
	}
	if t.used == 0 {
		return
	}
	n := 0
	for _, hint := range hints {
		place, none := bits.Sub64(uint64(uint32(hint)), 1, 0)
		line := uintptr(unsafe.Pointer(t.within(t.block(uint32(place + none))))) // of any record when there is none
		for i := range t.fetched {
			room[n+i] = line
			line += prefetch.LineBytes
		}
		n += t.fetched &^ -int(none)
	}
	lines.Took(n)
}

// Old implements store.Table.
func (t *Table) Old(before int64, n int, look func(k store.Key, cell []uint64) (generation int64, keep bool)) int {
	looked := 0
	for ; looked < n && len(t.generations.lists) > 0 && t.generations.lists[0].generation < before; looked++ {
		was := t.generations.lists[0].generation
		place := t.oldest()
		record := t.record(place)
		k := store.Key(record[0])
		generation, keep := look(k, t.cell(record))
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
	t.record(place)[0] = 0
	*t.link(place) = t.free
	t.free = place + 1
	t.len--
}

// Len implements store.Table.
func (t *Table) Len() int { return t.len }

// Bytes implements store.Table.
func (t *Table) Bytes() int64 {
	return t.memory.Bytes() - t.memory.Unused() + int64(t.room)*4 + t.index.Bytes()
}

// Each implements store.Table.
func (t *Table) Each(visit func(k store.Key, cell []uint64) bool) {
	for _, l := range t.generations.lists {
		for next := l.head; next != 0; {
			record := t.record(next - 1)
			if !visit(store.Key(record[0]), t.cell(record)) {
				return
			}
			next = *t.link(next - 1)
		}
	}
}

// Pack implements store.Table: the generations in order, each with its keys and cells in theirs.
func (t *Table) Pack(w *pack.Writer, cell func(cell []uint64)) {
	w.Len(len(t.generations.lists))
	for _, l := range t.generations.lists {
		w.Int(l.generation)
		n := 0
		for next := l.head; next != 0; next = *t.link(next - 1) {
			n++
		}
		w.Len(n)
		for next := l.head; next != 0; next = *t.link(next - 1) {
			record := t.record(next - 1)
			w.Uint(record[0])
			cell(t.cell(record))
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
			if r.Err() == nil && t.Find(k, 0) != nil {
				r.Fail("the key %d comes twice", k)
			}
			if r.Err() != nil {
				return
			}
			made, _ := t.Cell(k, generation, 0)
			cell(made)
		}
	}
}
