// Package places finds where something stands by the hash of what it is called, without pointers
// that the collector would have to follow and without ever moving much at once.
//
//	x := places.New()
//	x.Add(hash, place)
//	page, i := x.Page(hash), places.Start(hash)
//	for place, at := page.Next(hash, i); at >= 0; place, at = page.Next(hash, at+1) {
//		// is it the one? hashes of different things may be equal
//	}
//
// It is extendible hashing (Fagin et al., "Extendible hashing: a fast access method for dynamic
// files", TODS 1979). The upper bits of the hash pick a page in a directory; within a page slots
// are probed one after the other. A page that is full is split in two, so that no insertion moves
// more than one page; only the directory, some bytes for every hundred places, is copied
// when it doubles. It leaves out concurrency: one writer, or many readers, never both.
package places

import (
	"math"
	"unsafe"

	"github.com/freshet-rec/freshet/internal/hugepage"
	"github.com/freshet-rec/freshet/internal/prefetch"
)

// Index holds the places, numbers below 2³² − 1, by hashes of 32 bits, which should be random. Use New.
type Index struct {
	directory []*Page // by the upper depth bits of a hash
	depth     uint
	memory    hugepage.Arena
}

const (
	pageSlots = 2048
	together  = 4  // slots in which hashes begin together, all in one cache line
	farthest  = 24 // from its first slot that one may be: then the page is split, when it is about two thirds full
	maxDepth  = 28 // beyond that hashes, not the number of keys, fill a page
)

// Page is a part of an Index. A slot is the hash, and the place plus one below it; 0 is a free slot.
type Page struct {
	slots [pageSlots]uint64
	depth uint8 // upper bits of a hash that all here have in common
	_     [63]byte
}

// New returns an empty Index.
func New() Index {
	x := Index{}
	x.directory = []*Page{x.page()}
	return x
}

// Bytes is the memory held.
func (x *Index) Bytes() int64 {
	return x.memory.Bytes() - x.memory.Unused() + int64(len(x.directory))*8
}

// page returns an empty page.
func (x *Index) page() *Page {
	return (*Page)(unsafe.Pointer(unsafe.SliceData(x.memory.Make(int(unsafe.Sizeof(Page{}) / 8)))))
}

// Page is the one in which a hash is.
func (x *Index) Page(hash uint32) *Page { return x.directory[uint64(hash)>>((32-x.depth)&63)] }

// Start is the slot at which the search of a hash begins: the first of some that stand together.
func Start(hash uint32) int { return int(hash%(pageSlots/together)) * together }

// slot is the one at i. The address of an element of slots would have the page looked at, whether it is
// nil: a miss of the cache for each.
func (p *Page) slot(i int) *uint64 {
	return (*uint64)(unsafe.Add(unsafe.Pointer(p), unsafe.Offsetof(p.slots)+uintptr(uint(i)%pageSlots)*8))
}

// begin are the slots in which the search of a hash begins. Those that are free are the last of them,
// since what stands in one came by all before it.
func (p *Page) begin(hash uint32) *[together]uint64 {
	return (*[together]uint64)(unsafe.Pointer(p.slot(Start(hash))))
}

// Guesses fills in hints: the upper half of each is a hash, and the lower one becomes a place of it plus one,
// 0 when there is none. It finds out without a branch that depends on what is in the slots,
// unless those in which a search begins are full and have no such hash: such branches cannot be foreseen.
func Guesses[Hint ~uint64](x *Index, hints []Hint) {
	for i, hint := range hints {
		hash := uint32(hint >> 32)
		page := x.Page(hash)
		b := page.begin(hash)
		guess, full := least(b, hash), b[together-1]
		if guess != 0 {
			full = 0
		}
		if full != 0 {
			guess = page.further(hash)
		}
		hints[i] = Hint(hash)<<32 | Hint(guess)
	}
}

// further is the guess for a hash that none of the slots has in which its search begins.
func (p *Page) further(hash uint32) uint64 {
	place, at := p.Next(hash, Start(hash)+together)
	if at < 0 {
		return 0
	}
	return uint64(place) + 1
}

// Firsts are the slots that the searches for hints begin with, of which the upper halves are hashes, for
// who fetches them; len(lines) must be that of hints.
func Firsts[Hint ~uint64](x *Index, hints []Hint, lines []uintptr) {
	lines = lines[:len(hints)]
	for i, hint := range hints {
		lines[i] = uintptr(x.First(uint32(hint >> 32)))
	}
}

// least is the least place of a hash in the slots plus one, 0 when none has it. Without the hash a slot that
// has it is less than 2³²; taking one from it has that hold for the hash 0 and free slots too.
func least(b *[together]uint64, hash uint32) (found uint64) {
	upper := uint64(hash) << 32
	found = min(b[0]^upper-1, b[1]^upper-1, b[2]^upper-1, b[3]^upper-1) + 1
	if found > math.MaxUint32 {
		found = 0
	}
	return found
}

// Ahead fetches the slot that the search of a hash begins with.
func (x *Index) Ahead(hash uint32) { prefetch.Line(x.First(hash)) }

// First is the slot that the search of a hash begins with, for who fetches it.
func (x *Index) First(hash uint32) unsafe.Pointer {
	return unsafe.Pointer(x.Page(hash).slot(Start(hash)))
}

// Next is the first place of a hash from slot i on, and its slot; -1 when there is none.
func (p *Page) Next(hash uint32, i int) (place uint32, at int) {
	for end := i + pageSlots; i < end; i++ {
		slot := *p.slot(i)
		if slot == 0 {
			break
		}
		if uint32(slot>>32) == hash {
			return uint32(slot) - 1, i % pageSlots
		}
	}
	return 0, -1
}

// Seek is Next for who is going to add: without a further place of the hash, the free slot at which
// the search ends, -1 when there is none.
func (p *Page) Seek(hash uint32, i int) (place uint32, at int, free bool) {
	for end := i + pageSlots; i < end; i++ {
		slot := *p.slot(i)
		if slot == 0 {
			return 0, i % pageSlots, true
		}
		if uint32(slot>>32) == hash {
			return uint32(slot) - 1, i % pageSlots, false
		}
	}
	return 0, -1, true
}

// Free is the slot in which the search of a hash ends, when there is a free one among those in which
// it begins and none of these has the hash; otherwise it is -1, and Seek knows.
func (p *Page) Free(hash uint32) int {
	b := p.begin(hash)
	if b[together-1] != 0 || least(b, hash) != 0 {
		return -1
	}
	at := Start(hash)
	if b[0] != 0 {
		at++
	}
	if b[1] != 0 {
		at++
	}
	if b[2] != 0 {
		at++
	}
	return at
}

// Fill puts a place into the free slot that Seek found, unless Add should do it: the slot is far from
// where the hash begins.
func (p *Page) Fill(at int, hash, place uint32) bool {
	if at < 0 || uint(at-Start(hash))%pageSlots >= farthest {
		return false
	}
	*p.slot(at) = uint64(hash)<<32 | uint64(place+1)
	return true
}

// Add puts in a place, which must not be there.
func (x *Index) Add(hash, place uint32) {
	for !x.Page(hash).put(uint64(hash)<<32|uint64(place+1), farthest) {
		x.split(hash)
	}
}

// put puts in a slot, unless that would have to be as far as far from the first one.
func (p *Page) put(slot uint64, far int) bool {
	first := Start(uint32(slot >> 32))
	for i := first; i < first+far; i++ {
		if at := p.slot(i); *at == 0 {
			*at = slot
			return true
		}
	}
	return false
}

// split divides the page of a hash by one bit more.
func (x *Index) split(hash uint32) {
	old := x.Page(hash)
	if old.depth == maxDepth {
		panic("BUG: hundreds of keys with one hash")
	}
	if uint(old.depth) == x.depth {
		double := make([]*Page, 2*len(x.directory))
		for i, p := range x.directory {
			double[2*i], double[2*i+1] = p, p
		}
		x.directory = double
		x.depth++
	}
	slots := old.slots
	depth := old.depth + 1
	upper := x.page()
	clear(old.slots[:])
	old.depth, upper.depth = depth, depth
	for _, slot := range slots {
		switch {
		case slot == 0:
		case slot>>(64-depth)&1 == 1:
			upper.put(slot, pageSlots)
		default:
			old.put(slot, pageSlots)
		}
	}
	n := 1 << (x.depth - uint(depth)) // entries of the directory for each half
	first := int(hash>>(32-x.depth)) &^ (2*n - 1)
	for i := range n {
		x.directory[first+n+i] = upper
	}
}

// Remove takes out the slot at i, and moves up those behind it that would not be found otherwise
// (Knuth, The Art of Computer Programming, volume 3, section 6.4, algorithm R).
func (p *Page) Remove(i int) {
	p.slots[i] = 0
	for j, n := i, 1; n < pageSlots; n++ {
		j = (j + 1) % pageSlots
		slot := p.slots[j]
		if slot == 0 {
			return
		}
		home := Start(uint32(slot >> 32))
		if (j-home+pageSlots)%pageSlots >= (j-i+pageSlots)%pageSlots {
			p.slots[i], p.slots[j] = slot, 0
			i = j
		}
	}
}
