// Package hugepage makes large flat memory for tables that are read at random.
//
// A table of a gigabyte in pages of 4 KiB needs 262,144 entries of the page table; the processor
// keeps about 2,000 of them, so that nearly every read of a record first misses there. In pages of
// 2 MiB it needs 512. Memory from [Make] is Go's own, freed by the collector like any other, which
// does not look into it since it holds no pointers; on Linux the kernel is asked for huge pages
// under its inside (madvise, MADV_HUGEPAGE), and may decline.
package hugepage

import "unsafe"

// Bytes is the size of a huge page here and on all kernels with pages of 4 KiB.
const Bytes = 2 << 20

// lineWords is a cache line, in words.
const lineWords = 8

// Make returns words zeros that begin at a cache line (an address that 64 divides), with len and
// cap words. It panics when words is negative. What is shorter than a huge page is
// ordinary memory. The advice stays with the addresses when the memory is freed and used again for
// something else, which is harmless.
func Make(words int) []uint64 {
	memory := make([]uint64, words+lineWords-1)
	skip := 0
	if at := uintptr(unsafe.Pointer(unsafe.SliceData(memory))) / 8 % lineWords; at != 0 {
		skip = lineWords - int(at)
	}
	memory = memory[skip : skip+words : skip+words]
	if whole := inside(memory); whole != nil {
		advise(whole)
	}
	return memory
}

// inside is the whole huge pages of memory, nil when there is none.
func inside(memory []uint64) []byte {
	if len(memory)*8 < Bytes {
		return nil
	}
	base := unsafe.Pointer(unsafe.SliceData(memory))
	first := int(-uintptr(base) % Bytes) // bytes until the first boundary
	whole := (len(memory)*8 - first) / Bytes * Bytes
	if whole <= 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Add(base, first)), whole)
}
