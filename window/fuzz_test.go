package window

import (
	"bytes"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/slab"
)

// hostile gives a fuzz target damaged cells of one kind. They must be refused, or be cells that can
// be packed and filled again; nothing may panic, nor take memory out of proportion to the bytes.
func hostile(f *testing.F, newCells func(s *slab.Slab) Cells) {
	var s slab.Slab
	cells := newCells(&s)
	for _, n := range []int{1, 3, 40, 300, 3000} {
		rng := rand.New(rand.NewPCG(uint64(n), 2))
		cell := make([]uint64, cells.Words())
		for range n {
			sample := drawSample(rng, 1_700_000_000_000+rng.Int64N(2000))
			sample.Horizon = 1_700_000_000_000
			cells.Add(cell, &sample)
		}
		f.Add(packed(cells.Pack, cell))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var s slab.Slab
		cells := newCells(&s)
		cell := make([]uint64, cells.Words())
		r := pack.NewReader(data)
		cells.Unpack(r, cell)
		if most := int64(16<<20 + 64*len(data)); s.Bytes() > most {
			t.Fatalf("%d bytes take %d in the slab", len(data), s.Bytes())
		}
		if r.Done() != nil || cell[0] == 0 {
			return // what is empty is refused by who asked
		}
		whole := packed(cells.Pack, cell)
		again := make([]uint64, len(cell))
		r = pack.NewReader(whole)
		if cells.Unpack(r, again); r.Done() != nil {
			t.Fatalf("what was taken is packed as %x, which is refused: %v", whole, r.Done())
		}
		if !bytes.Equal(packed(cells.Pack, again), whole) {
			t.Fatalf("what was taken is packed as %x, and filled and packed again as %x", whole, packed(cells.Pack, again))
		}
		var v Value
		for _, q := range []int64{0, Newest(cell), math.MaxInt64 / 2} {
			cells.Read(&v, cell, q)
			cells.Number(cell, q)
		}
		cells.Clear(cell)
		if cells.Clear(again); s.Len() != 0 {
			t.Fatalf("%d pieces are in use after all", s.Len())
		}
	})
}

func testOrder(s *slab.Slab) Order { return Order{Slab: s, ItemID: itemID} }

func FuzzCounters(f *testing.F) {
	hostile(f, func(s *slab.Slab) Cells { return NewCounters(&Rate{}, 1000, 100, 500, s) })
}

func FuzzHoppingSum(f *testing.F) {
	hostile(f, func(*slab.Slab) Cells { return NewHopping(Sum{}, 1000, 100, 500) })
}

func FuzzHoppingDistinct(f *testing.F) {
	hostile(f, func(s *slab.Slab) Cells { return NewHopping(&Distinct{s}, 1000, 500, 500) })
}

func FuzzHoppingLast(f *testing.F) {
	hostile(f, func(s *slab.Slab) Cells { return NewHopping(&Last{testOrder(s)}, 1000, 500, 500) })
}

func FuzzTotalLastK(f *testing.F) {
	hostile(f, func(s *slab.Slab) Cells { return &Total{&LastK{20, testOrder(s)}} })
}

func FuzzTotalMin(f *testing.F) {
	hostile(f, func(*slab.Slab) Cells { return &Total{Min{}} })
}

func FuzzLatest(f *testing.F) {
	hostile(f, func(*slab.Slab) Cells { return Latest{Age{}} })
}

func FuzzDecayedSum(f *testing.F) {
	hostile(f, func(s *slab.Slab) Cells { return NewDecayedSum(60_000, 60_000, s) })
}

func FuzzBriefSum(f *testing.F) {
	hostile(f, func(s *slab.Slab) Cells { return NewDecayedSum(10, 60_000, s) })
}

// TestLargeCountsOfHostileBytes: a count that the bytes cannot hold is refused before anything is
// made for it.
func TestLargeCountsOfHostileBytes(t *testing.T) {
	for _, k := range kinds() {
		for _, w := range keeps {
			var s slab.Slab
			cells := w.make(&k, span{window: 1000, hop: 100, slack: 500}, &s)
			if cells == nil {
				continue
			}
			refuseLarge(t, w.name+" of "+k.name, cells)
		}
	}
	for _, halfLife := range []int64{1, 60_000} {
		refuseLarge(t, "decayed_sum", newDecaying(halfLife, 60_000).cells)
	}
}

func refuseLarge(t *testing.T, name string, cells Cells) {
	t.Helper()
	for at := range 12 {
		data := bytes.Repeat([]byte{1}, at)
		data = append(data, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 1, 1, 1)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		cell := make([]uint64, cells.Words())
		r := pack.NewReader(data)
		cells.Unpack(r, cell)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
			t.Errorf("%s takes %d bytes for %x", name, took, data)
		}
	}
}
