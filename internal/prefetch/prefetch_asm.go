//go:build amd64 || arm64

package prefetch

import "unsafe"

// Line asks for the cache line that holds the byte at p. On amd64 it comes into the second level of the
// cache: from there it is read in some nanoseconds, and that level has some 48 misses under way where
// the first has 16.
//
//go:noescape
func Line(p unsafe.Pointer)

// Words asks for the lines of the 8-byte words base[i], for every i of at.
//
//go:noescape
func Words(base *uint64, at []uint32)

// At asks for the lines that hold the bytes at the addresses.
//
//go:noescape
func At(lines []uintptr)

// Lines asks for n cache lines that lie one behind the other: those of base, base+64, …,
// base+64(n−1). They are to be read at once, so on amd64 they come into the first level. Nothing when
// n ≤ 0.
//
//go:noescape
func Lines(base unsafe.Pointer, n int)
