package simd

import "slices"

// Index is the place of the first list[i] that is x, −1 when there is none.
func Index(list []uint32, x uint32) int { return index(list, x) }

// indexGo is the twin of the kernels of Index.
func indexGo(list []uint32, x uint32) int { return slices.Index(list, x) }
