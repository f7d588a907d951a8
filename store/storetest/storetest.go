// Package storetest is the conformance suite for engines behind package store.
package storetest

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/prefetch"
	"github.com/freshet-rec/freshet/store"
)

const words = 3

// Run checks that tables of three words do what store.Table says.
func Run(t *testing.T, newTable func(words int) store.Table) {
	t.Run("follows the model", func(t *testing.T) {
		for seed := range uint64(20) {
			follow(t, seed, newTable)
		}
	})
	t.Run("many keys", func(t *testing.T) { manyKeys(t, newTable) })
	t.Run("damaged", func(t *testing.T) { damaged(t, newTable) })
}

// model is what a table must be like: keys by generation, in the order they came into it.
type model struct {
	cells  map[store.Key][]uint64
	of     map[store.Key]int64
	order  []store.Key // by when it came into its generation
	astray int         // hints of other keys
}

func (m *model) sorted() []store.Key {
	keys := slices.Clone(m.order)
	slices.SortStableFunc(keys, func(a, b store.Key) int { return int(m.of[a] - m.of[b]) })
	return keys
}

func follow(t *testing.T, seed uint64, newTable func(words int) store.Table) {
	rng := rand.New(rand.NewPCG(seed, 7))
	table := newTable(words)
	m := model{cells: map[store.Key][]uint64{}, of: map[store.Key]int64{}}
	now := int64(0)
	spread := uint64(1) << (4 + seed%12)
	for step := range 6000 {
		if rng.IntN(40) == 0 {
			now += rng.Int64N(3)
		}
		k := store.Key(rng.Uint64N(spread) * 0x100000001)
		switch rng.IntN(9) {
		case 0, 1, 2, 3:
			generation := now - rng.Int64N(4)
			cell, fresh := table.Cell(k, generation, store.Hint(rng.IntN(3)*rng.IntN(500)))
			want, ok := m.cells[k]
			if !ok {
				want = make([]uint64, words)
				m.cells[k], m.of[k] = want, generation
				m.order = append(m.order, k)
			}
			if !slices.Equal(cell, want) || fresh == ok {
				t.Fatalf("seed %d, step %d: the cell of %d is %v, fresh %v, want %v", seed, step, k, cell, fresh, want)
			}
			i := rng.IntN(words)
			cell[i] = rng.Uint64()
			want[i] = cell[i]
		case 4, 5:
			if got := table.Find(k, store.Hint(rng.IntN(2)*rng.IntN(500))); !slices.Equal(got, m.cells[k]) || (got == nil) != (m.cells[k] == nil) {
				t.Fatalf("seed %d, step %d: %d is found as %v, want %v", seed, step, k, got, m.cells[k])
			}
		case 6:
			m.ahead(t, table, []store.Key{k, k + 1, 5})
		case 7:
			m.many(t, rng, table, now, spread)
		case 8:
			m.old(t, rng, table, now-rng.Int64N(5), rng.IntN(6))
		}
		if step%1000 == 999 {
			m.same(t, table)
			table = again(t, table, newTable)
			m.same(t, table)
		}
	}
}

// ahead asks for hints, which must be of use.
func (m *model) ahead(t *testing.T, table store.Table, keys []store.Key) {
	hints := make([]store.Hint, len(keys))
	table.Soon(keys, hints, nil)
	table.Ahead(keys, hints, nil)
	cells := make([][]uint64, len(keys))
	cells[0] = make([]uint64, 1) // what was there before says nothing
	table.Finds(keys, hints, cells)
	for i, k := range keys {
		if got := table.Find(k, hints[i]); !slices.Equal(got, m.cells[k]) {
			t.Fatalf("with the hint %d, %d is found as %v, want %v", hints[i], k, got, m.cells[k])
		}
		if !slices.Equal(cells[i], m.cells[k]) || (cells[i] == nil) != (m.cells[k] == nil) {
			t.Fatalf("of many, %d is found as %v, want %v", k, cells[i], m.cells[k])
		}
	}
}

// many asks for the cells of many keys at once, of which some are new and some come twice.
func (m *model) many(t *testing.T, rng *rand.Rand, table store.Table, generation int64, spread uint64) {
	keys := make([]store.Key, rng.IntN(65))
	for i := range keys {
		keys[i] = store.Key(rng.Uint64N(spread) * 0x100000001)
	}
	hints, cells := make([]store.Hint, len(keys)), make([][]uint64, len(keys))
	var lines *prefetch.Queue
	if rng.IntN(2) == 0 {
		lines = &prefetch.Queue{}
	}
	table.Soon(keys, hints, lines)
	asked := slices.Clone(hints)
	if table.Ahead(keys, hints, lines); lines != nil {
		lines.Rest()
	}
	for i, k := range keys {
		found, there := hints[i].Found(), table.Find(k, 0) != nil
		if found && !there {
			m.astray++ // another key may have its hash
		}
		if there && !found || m.astray > 3 {
			t.Fatalf("the hint for %d is %#x, and its cell is %v; %d hints were of other keys", k, uint64(hints[i]), table.Find(k, 0), m.astray)
		}
	}
	switch rng.IntN(3) {
	case 0:
		clear(hints)
	case 1:
		copy(hints, asked)
	}
	fresh := table.Cells(keys, generation, hints, cells)
	for i, k := range keys {
		want, ok := m.cells[k]
		if !ok {
			want = make([]uint64, words)
			m.cells[k], m.of[k] = want, generation
			m.order = append(m.order, k)
		}
		if !slices.Equal(cells[i], want) || fresh>>i&1 == 1 == ok {
			t.Fatalf("the cell of %d is %v, fresh %b, want %v", k, cells[i], fresh>>i&1, want)
		}
		want[0]++
		cells[i][0]++
	}
}

// old looks at the oldest of both.
func (m *model) old(t *testing.T, rng *rand.Rand, table store.Table, before int64, n int) {
	looked := 0
	got := table.Old(before, n, func(k store.Key, cell []uint64) (int64, bool) {
		looked++
		want := m.sorted()[0]
		if k != want || m.of[k] >= before || !slices.Equal(cell, m.cells[k]) {
			t.Fatalf("looked at %d of generation %d, cell %v; want %d, %v", k, m.of[k], cell, want, m.cells[want])
		}
		m.order = slices.DeleteFunc(m.order, func(other store.Key) bool { return other == k })
		if rng.IntN(2) == 0 {
			clear(cell)
			delete(m.cells, k)
			delete(m.of, k)
			return 0, false
		}
		m.of[k] += 1 + rng.Int64N(6)
		m.order = append(m.order, k)
		return m.of[k], true
	})
	if got != looked || looked > n {
		t.Fatalf("%d looked at, said to be %d, of at most %d", looked, got, n)
	}
	if keys := m.sorted(); looked < n && len(keys) > 0 && m.of[keys[0]] < before {
		t.Fatalf("%d of generation %d was not looked at", keys[0], m.of[keys[0]])
	}
}

// same compares everything.
func (m *model) same(t *testing.T, table store.Table) {
	t.Helper()
	if table.Len() != len(m.cells) {
		t.Fatalf("%d cells, want %d", table.Len(), len(m.cells))
	}
	if table.Bytes() < int64(table.Len()*words*8) {
		t.Fatalf("%d bytes for %d cells", table.Bytes(), table.Len())
	}
	var keys []store.Key
	table.Each(func(k store.Key, cell []uint64) bool {
		keys = append(keys, k)
		if !slices.Equal(cell, m.cells[k]) {
			t.Fatalf("the cell of %d is %v, want %v", k, cell, m.cells[k])
		}
		return true
	})
	want := m.sorted()
	if oldest, ok := table.Oldest(); ok != (len(want) > 0) || ok && oldest != m.of[want[0]] {
		t.Fatalf("the oldest generation is %d, %v", oldest, ok)
	}
	if !slices.Equal(keys, want) {
		t.Fatalf("the order is %v, want %v", keys, want)
	}
	for k, want := range m.cells {
		if got := table.Find(k, 0); !slices.Equal(got, want) {
			t.Fatalf("%d is found as %v, want %v", k, got, want)
		}
	}
}

func packed(table store.Table) []byte {
	var w pack.Writer
	table.Pack(&w, func(cell []uint64) {
		for _, word := range cell {
			w.Word(word)
		}
	})
	return w.Bytes
}

func unpacked(bytes []byte, newTable func(words int) store.Table) (store.Table, error) {
	r := pack.NewReader(bytes)
	table := newTable(words)
	table.Unpack(r, func(cell []uint64) {
		for i := range cell {
			cell[i] = r.Word()
		}
	})
	return table, r.Done()
}

// again is the table packed and unpacked.
func again(t *testing.T, table store.Table, newTable func(words int) store.Table) store.Table {
	t.Helper()
	other, err := unpacked(packed(table), newTable)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(packed(other), packed(table)) {
		t.Fatal("packed again it is something else")
	}
	return other
}

// manyKeys fills a table with keys that differ in few bits, and empties it.
func manyKeys(t *testing.T, newTable func(words int) store.Table) {
	const n = 300_000
	table := newTable(words)
	for i := range uint64(n) {
		cell, _ := table.Cell(store.Key(i<<32|i%7), int64(i/1000), 0)
		cell[0] = i + 1
	}
	if table.Len() != n {
		t.Fatalf("%d cells, want %d", table.Len(), n)
	}
	for i := range uint64(n) {
		if cell := table.Find(store.Key(i<<32|i%7), 0); cell == nil || cell[0] != i+1 {
			t.Fatalf("the cell of %d is %v", i, cell)
		}
	}
	next := uint64(0)
	table.Old(n, n+1, func(k store.Key, cell []uint64) (int64, bool) {
		if cell[0] != next+1 {
			t.Fatalf("cell %d comes as number %d", cell[0]-1, next)
		}
		next++
		clear(cell)
		return 0, false
	})
	if next != n || table.Len() != 0 || table.Find(0, 0) != nil {
		t.Fatalf("%d removed, %d left", next, table.Len())
	}
	size := table.Bytes()
	for i := range uint64(n) {
		table.Cell(store.Key(i), 1, 0)
	}
	if table.Bytes() > size*5/4 {
		t.Errorf("%d bytes where the same number of cells took %d", table.Bytes(), size)
	}
}

// damaged unpacks what is cut off, and what says a key twice.
func damaged(t *testing.T, newTable func(words int) store.Table) {
	table := newTable(words)
	for k := range store.Key(9) {
		cell, _ := table.Cell(k, int64(k)/3, 0)
		cell[1] = 7
	}
	whole := packed(table)
	for cut := range whole {
		if _, err := unpacked(whole[:cut], newTable); err == nil {
			t.Errorf("the first %d bytes of %d are taken for a table", cut, len(whole))
		}
	}
	var w pack.Writer
	w.Len(1)
	w.Int(0)
	w.Len(2)
	for range 2 {
		w.Uint(1)
		for range words {
			w.Word(0)
		}
	}
	if _, err := unpacked(w.Bytes, newTable); err == nil {
		t.Error("a key that comes twice is taken")
	}
}
