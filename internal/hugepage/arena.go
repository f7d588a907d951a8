package hugepage

// Arena makes memory piece by piece out of chunks that double, so that what grows for long comes
// to stand in few large chunks, of which the system gives huge pages as they are first written.
// The zero Arena is ready to use. Nothing can be given back but the whole.
type Arena struct {
	rest  []uint64
	words int64
}

// Chunks have from 2 KiB to 64 MiB.
const (
	leastWords = 1 << 8
	mostWords  = 1 << 23
)

// Make returns words zeros, beginning at a cache line.
func (a *Arena) Make(words int) []uint64 {
	rounded := (words + lineWords - 1) &^ (lineWords - 1)
	if rounded > len(a.rest) {
		size := max(rounded, int(min(max(a.words, leastWords), mostWords)))
		a.rest = Make(size)
		a.words += int64(size)
	}
	piece := a.rest[:words:words]
	a.rest = a.rest[rounded:]
	return piece
}

// Bytes is the memory made so far, in use or not.
func (a *Arena) Bytes() int64 { return a.words * 8 }

// Unused is how much of Bytes has not been given out, and so is mostly not backed by memory yet.
func (a *Arena) Unused() int64 { return int64(len(a.rest)) * 8 }
