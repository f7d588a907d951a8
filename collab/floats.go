package collab

import (
	"unsafe"

	"github.com/freshet-rec/freshet/internal/hugepage"
)

// floats returns n zeros for vectors that are read at random: from a cache line on, and in huge
// pages where the kernel gives them. In training a third of the time went into misses without.
func floats(n int) []float32 {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(hugepage.Make((n+1)/2)))), n)
}
