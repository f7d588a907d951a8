package prefetch

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// TestPrefetchIsAHint asks for lines inside, at the edges of and far outside of memory that is
// ours: no fault, and no value changes.
func TestPrefetchIsAHint(t *testing.T) {
	table := make([]uint64, 1<<12)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range table {
		table[i] = rng.Uint64()
	}
	before := slices.Clone(table)

	for i := range table {
		Line(unsafe.Pointer(&table[i]))
	}
	Line(nil)
	for _, n := range []int{-1, 0, 1, 2, 7, len(table) * 8 / LineBytes, 1 << 20} {
		Lines(unsafe.Pointer(&table[0]), n)
	}
	Lines(nil, 4)
	at := []uint32{0, 1, uint32(len(table) - 1), 1 << 31, 1<<32 - 1}
	for n := range len(at) + 1 {
		Words(&table[0], at[:n])
	}
	Words(nil, nil)

	if !slices.Equal(table, before) {
		t.Error("a prefetch changed memory")
	}
	if want := []uint32{0, 1, uint32(len(table) - 1), 1 << 31, 1<<32 - 1}; !slices.Equal(at, want) {
		t.Errorf("Words changed its indexes to %v", at)
	}
}
