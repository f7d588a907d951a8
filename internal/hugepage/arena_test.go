package hugepage

import (
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestArena: pieces are zero, begin at a cache line, have nothing in common, and the books are right.
func TestArena(t *testing.T) {
	var a Arena
	if a.Bytes() != 0 || a.Unused() != 0 {
		t.Errorf("an empty arena has %d bytes, %d of them unused", a.Bytes(), a.Unused())
	}
	rng := rand.New(rand.NewPCG(1, 1))
	var pieces [][]uint64
	given := int64(0)
	for i := range 4000 {
		words := []int{0, 1, 7, 8, 9, rng.IntN(300), rng.IntN(3000)}[rng.IntN(7)]
		if i%1000 == 999 {
			words = 300_000 // larger than any chunk so far
		}
		piece := a.Make(words)
		if len(piece) != words || cap(piece) != words {
			t.Fatalf("Make(%d): len %d, cap %d", words, len(piece), cap(piece))
		}
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(piece))); words > 0 && at%64 != 0 {
			t.Fatalf("Make(%d) begins at %#x, no cache line", words, at)
		}
		for at, word := range piece {
			if word != 0 {
				t.Fatalf("piece %d of %d words: word %d is %d", i, words, at, word)
			}
			piece[at] = uint64(i)<<32 | uint64(at)
		}
		pieces = append(pieces, piece)
		given += int64(words) * 8
		if used := a.Bytes() - a.Unused(); used < given {
			t.Fatalf("%d bytes were given out, the arena knows of %d", given, used)
		}
	}
	for i, piece := range pieces {
		for at, word := range piece {
			if word != uint64(i)<<32|uint64(at) {
				t.Fatalf("piece %d: word %d was overwritten with %#x", i, at, word)
			}
		}
	}
}

// TestArenaGrows: chunks double from small ones, so a small arena takes little, and a large one
// consists of few.
func TestArenaGrows(t *testing.T) {
	var a Arena
	a.Make(1)
	if a.Bytes() != leastWords*8 {
		t.Errorf("the first chunk has %d bytes, want %d", a.Bytes(), leastWords*8)
	}
	chunks, last := 0, a.Bytes()
	for range 200_000 {
		a.Make(lineWords)
		if a.Bytes() == last {
			continue
		}
		if chunks++; a.Bytes() > 2*last {
			t.Errorf("from %d bytes it grows to %d at once", last, a.Bytes())
		}
		last = a.Bytes()
	}
	if chunks > 16 {
		t.Errorf("%d chunks for %d bytes", chunks, last)
	}
	if waste := a.Unused(); waste > a.Bytes()/2 {
		t.Errorf("%d of %d bytes are unused", waste, a.Bytes())
	}
	before := a.Bytes()
	a.Make(mostWords + 1)
	if got := a.Bytes() - before; got < (mostWords+1)*8 || got > (mostWords+lineWords)*8 {
		t.Errorf("a piece larger than any chunk takes %d bytes", got)
	}
}

// TestArenaAhead: pages that are made ready while others write to them hold what was written, and
// what nobody wrote is zero.
func TestArenaAhead(t *testing.T) {
	const words, pieces = 1 << 14, 600 // 75 MiB
	var a Arena
	var all [][]uint64
	for i := range pieces {
		piece := a.Make(words)
		for at := 0; at < words; at += 101 {
			if piece[at] != 0 {
				t.Fatalf("piece %d: word %d is %d", i, at, piece[at])
			}
			piece[at] = uint64(i+1)<<32 | uint64(at)
		}
		all = append(all, piece)
	}
	for i, piece := range all {
		for at, word := range piece {
			want := uint64(0)
			if at%101 == 0 {
				want = uint64(i+1)<<32 | uint64(at)
			}
			if word != want {
				t.Fatalf("piece %d: word %d is %#x, want %#x", i, at, word, want)
			}
		}
	}
}
