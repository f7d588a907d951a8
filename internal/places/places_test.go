package places

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// found lists the places of a hash, in order of size.
func found(x *Index, hash uint32) []uint32 {
	var list []uint32
	page := x.Page(hash)
	for place, at := page.Next(hash, Start(hash)); at >= 0; place, at = page.Next(hash, at+1) {
		list = append(list, place)
	}
	slices.Sort(list)
	return list
}

// check compares the short cuts for a hash with the searches that they stand for.
func check(t *testing.T, x *Index, hash uint32) {
	t.Helper()
	page := x.Page(hash)
	guess := uint32(0) // the least of those in the slots in which the search begins, or else the first
	for place, at := page.Next(hash, Start(hash)); at >= 0; place, at = page.Next(hash, at+1) {
		switch near := at >= Start(hash) && at < Start(hash)+together; {
		case guess == 0, near && place+1 < guess:
			guess = place + 1
		}
		if at < Start(hash) || at >= Start(hash)+together-1 {
			break
		}
	}
	hints := []uint64{uint64(hash) << 32, uint64(^hash)<<32 | 77}
	Guesses(x, hints)
	if uint32(hints[0]) != guess || uint32(hints[0]>>32) != hash || uint32(hints[1]>>32) != ^hash {
		t.Fatalf("the hint for hash %x is %x, want a guess of %d; beside it %x", hash, hints[0], guess, hints[1])
	}
	lines := make([]uintptr, 2)
	if Firsts(x, hints, lines); lines[0] != uintptr(x.First(hash)) || lines[1] != uintptr(x.First(^hash)) {
		t.Fatalf("searches for hash %x begin at %x, want %p", hash, lines, x.First(hash))
	}
	free := -1
	if _, at, is := page.Seek(hash, Start(hash)); is && at >= Start(hash) && at < Start(hash)+together {
		free = at
	}
	if got := page.Free(hash); got != free {
		t.Fatalf("the free slot for hash %x is %d, want %d", hash, got, free)
	}
}

// TestShortCuts fills and empties an index of few pages, and compares for hashes that are there and for
// others, 0 and those of the last slots among them.
func TestShortCuts(t *testing.T) {
	x := New()
	rng := rand.New(rand.NewPCG(1, 5))
	draw := func() uint32 {
		return rng.Uint32N(4)<<30 | []uint32{0, 509, rng.Uint32N(512)}[rng.IntN(3)] | rng.Uint32N(3)<<11
	}
	var hashes []uint32
	for next := range uint32(60_000) {
		hash := draw()
		if check(t, &x, hash); len(hashes) > 0 && rng.IntN(2400) < len(hashes) {
			i := rng.IntN(len(hashes))
			page := x.Page(hashes[i])
			_, at := page.Next(hashes[i], Start(hashes[i]))
			page.Remove(at)
			check(t, &x, hashes[i])
			hashes[i] = hashes[len(hashes)-1]
			hashes = hashes[:len(hashes)-1]
			continue
		}
		if len(found(&x, hash)) > 3 {
			continue
		}
		page := x.Page(hash)
		if at := page.Free(hash); at < 0 || rng.IntN(2) == 0 || !page.Fill(at, hash, next) {
			x.Add(hash, next)
		}
		hashes = append(hashes, hash)
		check(t, &x, hash)
	}
	if len(hashes) < 500 {
		t.Errorf("only %d places", len(hashes))
	}
}

// TestIndexFindsWhatIsThere adds and removes places beside a map, with hashes of which some are
// equal and many nearly.
func TestIndexFindsWhatIsThere(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 3))
		mask := uint32(1<<(32-4*seed) - 1) // fewer and fewer differ in their upper bits
		if seed == 5 {
			mask = 0xfff000ff
		}
		x := New()
		want := map[uint32][]uint32{}
		var hashes []uint32
		next := uint32(0)
		for range 60_000 {
			if len(hashes) > 0 && rng.IntN(3) == 0 {
				i := rng.IntN(len(hashes))
				hash := hashes[i]
				hashes[i] = hashes[len(hashes)-1]
				hashes = hashes[:len(hashes)-1]
				gone := want[hash][0]
				want[hash] = want[hash][1:]
				page := x.Page(hash)
				place, at := page.Next(hash, Start(hash))
				for place != gone {
					if place, at = page.Next(hash, at+1); at < 0 {
						t.Fatalf("seed %d: place %d of hash %x is not found", seed, gone, hash)
					}
				}
				page.Remove(at)
				continue
			}
			hash := rng.Uint32() &^ (mask >> 1 & 0x00ffff00)
			if len(want[hash]) > 20 {
				continue
			}
			x.Add(hash, next)
			want[hash] = append(want[hash], next)
			hashes = append(hashes, hash)
			next++
			x.Ahead(hash)
		}
		for hash, list := range want {
			if got := found(&x, hash); !slices.Equal(got, slices.Sorted(slices.Values(list))) {
				t.Fatalf("seed %d: the places of hash %x are %v, want %v", seed, hash, got, list)
			}
		}
		if x.Bytes() < int64(len(hashes))*8 {
			t.Errorf("seed %d: %d bytes for %d places", seed, x.Bytes(), len(hashes))
		}
	}
}
