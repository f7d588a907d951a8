// Package mem keeps store tables in memory: cells stand in large blocks without pointers,
// found through one map from key to place, and a removed cell's place is used again.
package mem

import (
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/store"
)

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

// Each implements store.Table.
func (t *Table) Each(visit func(k store.Key, cell []uint64)) {
	for place, key := range t.keys {
		if t.live[place] {
			visit(key, t.at(uint32(place)))
		}
	}
}

// Pack implements store.Table: every place, in order, then those that are free, of which the last
// one will be used first, and where the sweep stands.
func (t *Table) Pack(w *pack.Writer) {
	w.Len(len(t.keys))
	for place, key := range t.keys {
		w.Bool(t.live[place])
		if !t.live[place] {
			continue
		}
		w.Uint(uint64(key))
		for _, word := range t.at(uint32(place)) {
			w.Uint(word)
		}
	}
	for _, place := range t.free {
		w.Uint(uint64(place))
	}
	w.Len(t.hand)
}

// Unpack implements store.Table.
func (t *Table) Unpack(r *pack.Reader) {
	n := r.Len(1)
	dead := 0
	for place := range n {
		live := r.Bool()
		key := store.Key(0)
		t.live = append(t.live, live)
		if live {
			key = store.Key(r.Uint())
		} else {
			dead++
		}
		t.keys = append(t.keys, key)
		t.grow(uint32(place))
		if !live {
			continue
		}
		cell := t.at(uint32(place))
		for i := range cell {
			cell[i] = r.Uint()
		}
		if r.Err() != nil {
			return
		}
		if _, twice := t.places[key]; twice {
			r.Fail("the key %d comes twice", key)
			return
		}
		t.places[key] = uint32(place)
	}
	free := map[uint32]bool{}
	for range dead {
		place := r.Number(n)
		if r.Err() != nil {
			return
		}
		if t.live[place] || free[place] {
			r.Fail("place %d is not free, or free twice", place)
			return
		}
		free[place] = true
		t.free = append(t.free, place)
	}
	t.hand = int(r.Number(n + 1))
}

// Len implements store.Table.
func (t *Table) Len() int { return len(t.places) }
