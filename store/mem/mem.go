// Package mem keeps store tables in memory: cells stand in large blocks without pointers,
// found through one map from key to place, and a removed cell's place is used again.
package mem

import "github.com/freshet-rec/freshet/store"

// blockCells is how many cells stand in one block: large enough that blocks are few, small
// enough that a table with one key stays small.
const blockCells = 1024

// Table is a store.Table in memory. Use New.
type Table struct {
	words  int
	places map[store.Key]uint32
	blocks [][]uint64
	keys   []store.Key // key at each place; stale where live is false
	live   []bool
	free   []uint32
	hand   int // where the next Sweep begins
}

// New returns an empty table whose cells have the given number of words, ≥ 1.
func New(words int) store.Table {
	return &Table{words: words, places: map[store.Key]uint32{}}
}

func (t *Table) at(place uint32) []uint64 {
	i := int(place%blockCells) * t.words
	return t.blocks[place/blockCells][i : i+t.words : i+t.words]
}

// Cell implements store.Table.
func (t *Table) Cell(k store.Key) []uint64 {
	if place, ok := t.places[k]; ok {
		return t.at(place)
	}
	var place uint32
	if n := len(t.free); n > 0 {
		place, t.free = t.free[n-1], t.free[:n-1]
		t.keys[place], t.live[place] = k, true
	} else {
		place = uint32(len(t.keys))
		t.keys, t.live = append(t.keys, k), append(t.live, true)
		t.grow(place)
	}
	t.places[k] = place
	return t.at(place)
}

// grow makes room for place. The first block doubles up to its full size, so that small
// tables stay small.
func (t *Table) grow(place uint32) {
	if int(place) < blockCells {
		if need := (int(place) + 1) * t.words; len(t.blocks) == 0 || need > len(t.blocks[0]) {
			cells := 8
			for cells <= int(place) {
				cells *= 2
			}
			block := make([]uint64, min(cells, blockCells)*t.words)
			if len(t.blocks) == 0 {
				t.blocks = append(t.blocks, block)
			} else {
				copy(block, t.blocks[0])
				t.blocks[0] = block
			}
		}
		return
	}
	if int(place/blockCells) == len(t.blocks) {
		t.blocks = append(t.blocks, make([]uint64, blockCells*t.words))
	}
}

// Find implements store.Table.
func (t *Table) Find(k store.Key) []uint64 {
	if place, ok := t.places[k]; ok {
		return t.at(place)
	}
	return nil
}

// Sweep implements store.Table.
func (t *Table) Sweep(n int, spent func(cell []uint64) bool) {
	for range min(n, len(t.keys)) {
		if t.hand >= len(t.keys) {
			t.hand = 0
		}
		place := uint32(t.hand)
		t.hand++
		if !t.live[place] {
			continue
		}
		if cell := t.at(place); spent(cell) {
			clear(cell)
			delete(t.places, t.keys[place])
			t.live[place] = false
			t.free = append(t.free, place)
		}
	}
}

// Len implements store.Table.
func (t *Table) Len() int { return len(t.places) }
