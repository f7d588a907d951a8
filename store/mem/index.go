package mem

import (
	"unsafe"

	"github.com/freshet-rec/freshet/internal/hugepage"
	"github.com/freshet-rec/freshet/internal/prefetch"
)

// index finds the place of a key by its hash: extendible hashing (Fagin et al., "Extendible
// hashing: a fast access method for dynamic files", TODS 1979). The upper bits of the hash pick a
// page in a directory; within a page slots are probed one after the other. A page that is full
// is split in two, so that no insertion ever moves more than one page.
//
// A slot is the hash, and the place plus one below it; 0 is a free slot.
type index struct {
	directory []*page // by the upper depth bits of a hash
	depth     uint
	fresh     []page // pages not used yet
	bytes     int64
}

const (
	pageSlots = 256
	pageFull  = pageSlots * 7 / 8
	maxDepth  = 28 // beyond that hashes, not the number of keys, fill a page
)

type page struct {
	slots [pageSlots]uint64
	used  uint16
	depth uint8 // upper bits of a hash that all keys here have in common
	_     [61]byte
}

func newIndex() index {
	x := index{}
	x.directory = []*page{x.page()}
	return x
}

// page returns an empty page. They are made some at a time, more the more there are.
func (x *index) page() *page {
	if len(x.fresh) == 0 {
		n := min(max(1, len(x.directory)/4), 2*hugepage.Bytes/int(unsafe.Sizeof(page{})))
		words := n * int(unsafe.Sizeof(page{})/8)
		x.fresh = unsafe.Slice((*page)(unsafe.Pointer(unsafe.SliceData(hugepage.Make(words)))), n)
		x.bytes += int64(words) * 8
	}
	p := &x.fresh[0]
	x.fresh = x.fresh[1:]
	return p
}

// of is the page of a hash.
func (x *index) of(hash uint32) *page { return x.directory[hash>>(32-x.depth)] }

func start(hash uint32) int { return int(hash % pageSlots) }

// ahead fetches the slot that the search of a hash begins with.
func (x *index) ahead(hash uint32) {
	prefetch.Line(unsafe.Pointer(&x.of(hash).slots[start(hash)]))
}

// next is the first place of a hash from slot i on, and its slot; -1 when there is none.
func (p *page) next(hash uint32, i int) (place uint32, at int) {
	for {
		slot := p.slots[i]
		if slot == 0 {
			return 0, -1
		}
		if uint32(slot>>32) == hash {
			return uint32(slot) - 1, i
		}
		i = (i + 1) % pageSlots
	}
}

// add puts in a place, which must not be there.
func (x *index) add(hash, place uint32) {
	p := x.of(hash)
	for p.used == pageFull {
		x.split(hash)
		p = x.of(hash)
	}
	p.put(uint64(hash)<<32 | uint64(place+1))
}

func (p *page) put(slot uint64) {
	i := start(uint32(slot >> 32))
	for p.slots[i] != 0 {
		i = (i + 1) % pageSlots
	}
	p.slots[i] = slot
	p.used++
}

// split divides the page of a hash by one bit more.
func (x *index) split(hash uint32) {
	old := x.of(hash)
	if old.depth == maxDepth {
		panic("BUG: hundreds of keys with one hash")
	}
	if uint(old.depth) == x.depth {
		double := make([]*page, 2*len(x.directory))
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
	old.used, old.depth, upper.depth = 0, depth, depth
	for _, slot := range slots {
		switch {
		case slot == 0:
		case slot>>(64-depth)&1 == 1:
			upper.put(slot)
		default:
			old.put(slot)
		}
	}
	n := 1 << (x.depth - uint(depth)) // entries of the directory for each half
	first := int(hash>>(32-x.depth)) &^ (2*n - 1)
	for i := range n {
		x.directory[first+n+i] = upper
	}
}

// remove takes out the slot at i, and moves up those behind it that would not be found otherwise
// (Knuth, The Art of Computer Programming, volume 3, section 6.4, algorithm R).
func (p *page) remove(i int) {
	p.used--
	for j := i; ; {
		p.slots[i] = 0
		for {
			j = (j + 1) % pageSlots
			slot := p.slots[j]
			if slot == 0 {
				return
			}
			home := start(uint32(slot >> 32))
			if (j-home+pageSlots)%pageSlots >= (j-i+pageSlots)%pageSlots {
				p.slots[i] = slot
				i = j
				break
			}
		}
	}
}

// hashOf is 32 bits of the finalizer of MurmurHash3 (Appleby) of a key and the table's seed.
func hashOf(k, seed uint64) uint32 {
	k ^= seed
	k = (k ^ k>>33) * 0xff51afd7ed558ccd
	k = (k ^ k>>33) * 0xc4ceb9fe1a85ec53
	return uint32(k >> 32)
}
