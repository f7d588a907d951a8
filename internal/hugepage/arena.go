package hugepage

import "unsafe"

// Arena makes memory piece by piece out of chunks that double, so that what grows for long comes
// to stand in few large chunks, of which the system gives huge pages as they are first written.
// The zero Arena is ready to use. Nothing can be given back but the whole.
//
// The system clears a huge page when it is first written, which takes from a tenth of a millisecond to
// several. An Arena of many megabytes has that done ahead, in a goroutine that ends when the next pages
// are there: whoever writes does not wait, and if he does come first, he clears them as ever.
type Arena struct {
	rest   []uint64
	words  int64
	ahead  []byte // huge pages behind the beginning of rest that nobody has written or asked for
	behind int    // bytes of rest where they begin
}

// Chunks have from 2 KiB to 64 MiB.
const (
	leastWords = 1 << 8
	mostWords  = 1 << 23
)

// aheadBytes is how far the system is ahead: what is written within some 20 ms at a hundred megabytes
// a second.
const aheadBytes = 2 * Bytes

// Make returns words zeros, beginning at a cache line.
func (a *Arena) Make(words int) []uint64 {
	rounded := (words + lineWords - 1) &^ (lineWords - 1)
	if rounded > len(a.rest) {
		size := max(rounded, int(min(max(a.words, leastWords), mostWords)))
		a.rest = Make(size)
		a.words += int64(size)
		a.ahead = nil
		if whole := inside(a.rest); len(whole) > Bytes {
			a.ahead = whole[Bytes:] // the first one is written now
			a.behind = int(uintptr(unsafe.Pointer(&a.ahead[0])) - uintptr(unsafe.Pointer(&a.rest[0])))
		}
	}
	piece := a.rest[:words:words]
	a.rest = a.rest[rounded:]
	a.behind -= rounded * 8
	if len(a.ahead) > 0 && a.behind < aheadBytes {
		a.askAhead()
	}
	return piece
}

// askAhead has the next pages made ready.
func (a *Arena) askAhead() {
	n := min(len(a.ahead), (aheadBytes-a.behind+Bytes-1)/Bytes*Bytes)
	pages := a.ahead[:n]
	a.ahead = a.ahead[n:]
	a.behind += n
	go populate(pages)
}

// Bytes is the memory made so far, in use or not.
func (a *Arena) Bytes() int64 { return a.words * 8 }

// Unused is how much of Bytes has not been given out, and so is not backed by memory yet, but for
// some megabytes.
func (a *Arena) Unused() int64 { return int64(len(a.rest)) * 8 }
