package hugepage

import (
	"runtime"
	"testing"
	"unsafe"
)

func TestMake(t *testing.T) {
	const huge = Bytes / 8
	for _, words := range []int{0, 1, 3, 8, 9, 100, 1000, 5000, huge - 1, huge, huge + 1, 3*huge + 5} {
		memory := Make(words)
		if len(memory) != words || cap(memory) != words {
			t.Errorf("Make(%d): len %d, cap %d", words, len(memory), cap(memory))
		}
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(memory))); words > 0 && at%64 != 0 {
			t.Errorf("Make(%d) begins at %#x, no cache line", words, at)
		}
		for i, word := range memory {
			if word != 0 {
				t.Fatalf("Make(%d): word %d is %d", words, i, word)
			}
			memory[i] = uint64(i) * 0x9e3779b97f4a7c15
		}
		runtime.GC()
		for i, word := range memory {
			if want := uint64(i) * 0x9e3779b97f4a7c15; word != want {
				t.Fatalf("Make(%d): word %d is %#x after a collection, was %#x", words, i, word, want)
			}
		}
	}
}

// TestInside moves a slice over the boundaries of huge pages: what is advised begins and ends at
// one and lies within the slice.
func TestInside(t *testing.T) {
	memory := make([]uint64, 4*Bytes/8)
	base := uintptr(unsafe.Pointer(&memory[0]))
	for _, from := range []int{0, 1, 8, 511, 512, Bytes/8 - 1, Bytes / 8} {
		for _, words := range []int{0, 1, Bytes/8 - 1, Bytes / 8, Bytes/8 + 1, 2*Bytes/8 - 1, 2 * Bytes / 8, 3 * Bytes / 8} {
			part := memory[from : from+words]
			begin, end := base+uintptr(from)*8, base+uintptr(from+words)*8
			first, last := (begin+Bytes-1)/Bytes*Bytes, end/Bytes*Bytes
			got := inside(part)
			if last <= first {
				if got != nil {
					t.Errorf("words %d from %d: %d bytes, want none", words, from, len(got))
				}
				continue
			}
			if at := uintptr(unsafe.Pointer(unsafe.SliceData(got))); at != first || uintptr(len(got)) != last-first {
				t.Errorf("words %d from %d: %d bytes at %#x, want %d at %#x", words, from, len(got), at, last-first, first)
			}
		}
	}
}
