package mem_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/freshet-rec/freshet/store"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/store/storetest"
)

func TestTable(t *testing.T) { storetest.Run(t, mem.New) }

// TestCellsStayWhereTheyAre: pages split and blocks come as the table grows, for every length of a
// cell, and no cell moves or is mixed with another.
func TestCellsStayWhereTheyAre(t *testing.T) {
	for _, words := range []int{1, 3, 5, 6, 13, 14, 30, 100, 1000} {
		t.Run(fmt.Sprint(words, " words"), func(t *testing.T) {
			n := min(20_000, 2_000_000/words)
			table := mem.New(words)
			cells := make([][]uint64, n)
			for i := range cells {
				cell, fresh := table.Cell(store.Key(i), int64(i/100), 0)
				if !fresh || len(cell) != words || cap(cell) != words {
					t.Fatalf("cell %d: fresh %v, %d words, room for %d", i, fresh, len(cell), cap(cell))
				}
				for at, word := range cell {
					if word != 0 {
						t.Fatalf("cell %d: word %d is %d", i, at, word)
					}
					cell[at] = uint64(i)*1_000_003 + uint64(at)
				}
				cells[i] = cell
			}
			hints := make([]store.Hint, n)
			keys := make([]store.Key, n)
			for i := range keys {
				keys[i] = store.Key(i)
			}
			table.Ahead(keys, hints, nil)
			for i, cell := range cells {
				for _, hint := range []store.Hint{0, hints[i], hints[n-1-i], store.Hint(n + 1), 1 << 31} {
					if got := table.Find(store.Key(i), hint); &got[0] != &cell[0] {
						t.Fatalf("cell %d has moved", i)
					}
				}
				for at, word := range cell {
					if word != uint64(i)*1_000_003+uint64(at) {
						t.Fatalf("cell %d: word %d was overwritten", i, at)
					}
				}
			}
			if got, want := table.Bytes(), int64(n*words*8); got < want || words >= 13 && got > want*2 {
				t.Errorf("%d bytes for %d of cells", got, want)
			}
		})
	}
}

// TestMemoryOfASmallTable: a table of a few cells takes pages, not blocks.
func TestMemoryOfASmallTable(t *testing.T) {
	table := mem.New(100)
	table.Cell(1, 0, 0)
	if got := table.Bytes(); got > 64<<10 {
		t.Errorf("a table of one cell takes %d bytes", got)
	}
}

// TestEverNewKeys: removed places are used again, so a table over which keys pass stays as large
// as those that are alive at once; and what is removed is not found.
func TestEverNewKeys(t *testing.T) {
	const alive, passes = 5000, 60
	table := mem.New(4)
	rng := rand.New(rand.NewPCG(3, 3))
	var size int64
	next := uint64(0)
	for pass := range int64(passes) {
		for range alive {
			next++
			cell, fresh := table.Cell(store.Key(next*0x9e3779b97f4a7c15), pass, 0)
			if !fresh || cell[0] != 0 || cell[3] != 0 {
				t.Fatalf("key %d: fresh %v, %v", next, fresh, cell)
			}
			cell[0], cell[3] = next, ^next
		}
		table.Old(pass, alive, func(k store.Key, cell []uint64) (int64, bool) {
			if uint64(k) != cell[0]*0x9e3779b97f4a7c15 || cell[3] != ^cell[0] {
				t.Fatalf("the cell of %#x is %v", k, cell)
			}
			clear(cell)
			return 0, false
		})
		if table.Len() > 2*alive {
			t.Fatalf("%d cells in pass %d", table.Len(), pass)
		}
		for range 1000 {
			number := 1 + rng.Uint64N(next)
			cell := table.Find(store.Key(number*0x9e3779b97f4a7c15), store.Hint(rng.Uint32N(3*alive)))
			if lives := number > uint64(pass)*alive; lives != (cell != nil) || lives && cell[0] != number {
				t.Fatalf("in pass %d key %d is %v", pass, number, cell)
			}
		}
		if pass == 10 {
			size = table.Bytes()
		}
	}
	if got := table.Bytes(); got > size*3/2 {
		t.Errorf("%d bytes in the end, %d after 10 passes of the same number of keys", got, size)
	}
}

// TestTablesHaveNoPointers: a table of a hundred thousand cells is a handful of objects to the collector.
func TestTablesHaveNoPointers(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	table := mem.New(4)
	for i := range uint64(100_000) {
		table.Cell(store.Key(i), 0, 0)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if objects := int64(after.HeapObjects) - int64(before.HeapObjects); objects > 1000 {
		t.Errorf("%d objects for %d cells", objects, table.Len())
	}
}
