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
	at := []uint32{0, 1, uint32(len(table) - 1), 1 << 31, 1<<32 - 1}
	for n := range len(at) + 1 {
		Words(&table[0], at[:n])
	}
	Words(nil, nil)
	At([]uintptr{0, uintptr(unsafe.Pointer(&table[0])), uintptr(unsafe.Pointer(&table[len(table)-1]))})
	At(nil)
	if (*Queue)(nil).Room(1) != nil {
		t.Error("there is room in no queue")
	}

	if !slices.Equal(table, before) {
		t.Error("a prefetch changed memory")
	}
	if want := []uint32{0, 1, uint32(len(table) - 1), 1 << 31, 1<<32 - 1}; !slices.Equal(at, want) {
		t.Errorf("Words changed its indexes to %v", at)
	}
}

// TestQueue: each part is as long as the others or shorter, what does not fit is refused, and
// a queue is empty after the rest.
func TestQueue(t *testing.T) {
	table := make([]uint64, 1<<12)
	var q Queue
	for _, n := range []int{0, 1, 5, 64, queueLines, queueLines + 3} {
		for _, parts := range []int{0, 1, 3, 10} {
			for i := range n {
				if room := q.Room(1); room != nil {
					room[0] = uintptr(unsafe.Pointer(&table[i%len(table)]))
					q.Took(1)
				}
			}
			if q.end != min(n, queueLines) {
				t.Fatalf("%d of %d lines are kept", q.end, n)
			}
			q.Spread(parts)
			asked := 0
			for range parts {
				before := q.next
				q.Ask()
				if asked = q.next; asked-before > (q.end+parts-1)/parts {
					t.Fatalf("%d lines at once, of %d in %d parts", asked-before, q.end, parts)
				}
			}
			if parts > 0 && asked != q.end {
				t.Fatalf("%d of %d lines were asked for in %d parts", asked, q.end, parts)
			}
			if q.Rest(); q.next != 0 || q.end != 0 {
				t.Fatalf("a queue of %d is not empty after the rest", n)
			}
		}
	}
}
