package window

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/slab"
)

// span is a window of the tests, in ms. hop 0 is all time.
type span struct{ window, hop, slack int64 }

func drawSpan(t *rapid.T) span {
	hop := rapid.Int64Range(1, 12).Draw(t, "hop")
	tiles := rapid.OneOf(rapid.Int64Range(1, 9), rapid.SampledFrom([]int64{13, 16, 30})).Draw(t, "tiles")
	return span{window: hop * tiles, hop: hop, slack: rapid.Int64Range(0, 4*hop).Draw(t, "slack")}
}

func (s span) tiles() int64 { return s.window/s.hop + (s.slack+s.hop-1)/s.hop + 1 }

// covers is the definition: tile(q) − window/hop < tile(t) ≤ tile(q).
func (s span) covers(q, t int64) bool {
	if s.hop == 0 {
		return true
	}
	tile, head := t/s.hop, q/s.hop
	return head-s.window/s.hop < tile && tile <= head
}

// somePast reports whether any read at horizon or later covers t.
func (s span) somePast(horizon, t int64) bool {
	for q := max(horizon, 0); q <= max(horizon, t)+s.window; q++ {
		if s.covers(q, t) {
			return true
		}
	}
	return false
}

// drawTime draws an event time near newest: in order, on a tile's edges, behind, further behind
// than the ring reaches, or ahead over the whole ring.
func (s span) drawTime(t *rapid.T, newest int64) int64 {
	hop, ring := max(s.hop, 1), int64(50)
	if s.hop > 0 {
		ring = s.tiles() * s.hop
	}
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return newest + ring + rapid.Int64Range(-hop, 3*hop).Draw(t, "over the ring")
	case 1:
		return max(0, newest-ring+rapid.Int64Range(-hop, hop).Draw(t, "under the ring"))
	case 2, 3:
		edge := (newest/hop + rapid.Int64Range(-2, 2).Draw(t, "edge")) * hop
		return max(0, edge+rapid.Int64Range(-1, 0).Draw(t, "before"))
	case 4, 5:
		return max(0, newest-rapid.Int64Range(0, s.window+s.slack).Draw(t, "behind"))
	}
	return newest + rapid.Int64Range(0, hop).Draw(t, "ahead")
}

// keep is one way to keep a kind in cells.
type keep struct {
	name string
	make func(k *kind, s span, slab *slab.Slab) Cells // nil when the kind is not kept that way
	span func(t *rapid.T) span
}

var keeps = []keep{
	{"hopping", func(k *kind, s span, pieces *slab.Slab) Cells {
		return NewHopping(k.make(pieces), s.window, s.hop, s.slack)
	}, drawSpan},
	{"counters", func(k *kind, s span, pieces *slab.Slab) Cells {
		switch a := k.make(pieces).(type) {
		case Count:
			return NewCounters(nil, s.window, s.hop, s.slack, pieces)
		case *Rate:
			return NewCounters(a, s.window, s.hop, s.slack, pieces)
		}
		return nil
	}, drawSpan},
	{"total", func(k *kind, _ span, pieces *slab.Slab) Cells { return &Total{k.make(pieces)} }, drawAllTime},
	{"latest", func(k *kind, _ span, pieces *slab.Slab) Cells {
		switch a := k.make(pieces).(type) {
		case LastTime, Age:
			return Latest{a}
		}
		return nil
	}, drawAllTime},
}

func drawAllTime(t *rapid.T) span { return span{slack: rapid.Int64Range(0, 30).Draw(t, "slack")} }

// onEachKeep runs a test on every kind in every way that it may be kept.
func onEachKeep(t *testing.T, test func(t *rapid.T, k *kind, w *keep)) {
	for _, w := range keeps {
		for _, k := range kinds() {
			var s slab.Slab
			if w.make(&k, span{window: 1, hop: 1}, &s) == nil {
				continue
			}
			t.Run(w.name+" of "+k.name, func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) { test(t, &k, &w) })
			})
		}
	}
}

// world is a few cells of one kind and everything that they were given.
type world struct {
	span
	kind   *kind
	pieces slab.Slab
	cells  Cells
	cell   [][]uint64
	kept   [][]Sample
	newest int64 // of all cells
}

func newWorld(t *rapid.T, k *kind, w *keep, n int) *world {
	x := &world{span: w.span(t), kind: k}
	x.cells = w.make(k, x.span, &x.pieces)
	for range n {
		x.cell = append(x.cell, make([]uint64, x.cells.Words()))
		x.kept = append(x.kept, nil)
	}
	return x
}

// draw draws a sample near the newest.
func (x *world) draw(t *rapid.T) Sample {
	at := x.drawTime(t, x.newest)
	s := Sample{
		Time: at, Horizon: max(x.newest, at) - x.slack,
		Item:    uint32(rapid.IntRange(0, 3).Draw(t, "item")),
		EventID: fmt.Sprint(len(x.kept[0])+len(x.kept[len(x.kept)-1]), rapid.IntRange(0, 99).Draw(t, "event")),
		Number:  float64(rapid.IntRange(-40, 40).Draw(t, "number")) / 8,
		Hash:    HashNumber(float64(rapid.IntRange(0, 9).Draw(t, "hash"))), Lanes: uint8(rapid.IntRange(1, 3).Draw(t, "lanes")),
	}
	if s.IsText = rapid.Bool().Draw(t, "is text"); s.IsText {
		s.Text = fmt.Sprint("text", s.Number)
	}
	return s
}

// add gives a sample to cell i, unless it is beyond, when the caller need not.
func (x *world) add(t *rapid.T, i int, s Sample) {
	x.newest = max(x.newest, s.Time)
	beyond := x.cells.Beyond(s.Time, s.Horizon)
	if want := x.hop > 0 && !x.somePast(s.Horizon, s.Time); beyond != want {
		t.Fatalf("%+v: Beyond(%d, %d) = %t, but whether a read covers it is %t", x.span, s.Time, s.Horizon, beyond, !want)
	}
	if beyond {
		return
	}
	x.kept[i] = append(x.kept[i], s)
	x.cells.Add(x.cell[i], &s)
}

// check reads cell i at q.
func (x *world) check(t *rapid.T, i int, q int64) {
	q = max(q, 0)
	var got Value
	x.cells.Read(&got, x.cell[i], q)
	want := x.kind.want(x.kept[i], q, func(at int64) bool { return x.covers(q, at) })
	if why := differs(got, want); why != "" {
		t.Fatalf("%+v, cell %d at newest%+d ms: %s\n%+v, want\n%+v", x.span, i, q-x.newest, why, got, want)
	}
	if number := x.cells.Number(x.cell[i], q); number != got.Number() && !(math.IsNaN(number) && math.IsNaN(got.Number())) {
		t.Fatalf("%+v, cell %d at %d: Number is %v, of %+v", x.span, i, q, number, got)
	}
}

// checkAll reads all cells at the times that matter.
func (x *world) checkAll(t *rapid.T) {
	some := rapid.Int64Range(-x.slack, x.window+x.hop+9).Draw(t, "q")
	for i := range x.cell {
		for _, q := range []int64{-x.slack, 0, x.hop, x.window, some} {
			x.check(t, i, x.newest+q)
		}
	}
}

func TestCellsAgreeWithOracle(t *testing.T) {
	onEachKeep(t, func(t *rapid.T, k *kind, w *keep) {
		x := newWorld(t, k, w, 2)
		x.newest = rapid.Int64Range(0, 200).Draw(t, "start")
		x.checkAll(t)
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			x.add(t, rapid.IntRange(0, 1).Draw(t, "cell"), x.draw(t))
			x.checkAll(t)
		}
		for i := range x.cell {
			x.cells.Clear(x.cell[i])
			if !zero(x.cell[i]) {
				t.Fatalf("a cleared cell is %v", x.cell[i])
			}
		}
		if x.pieces.Len() != 0 {
			t.Fatalf("%d pieces are in use after all cells are empty", x.pieces.Len())
		}
	})
}

// TestCellsPackInTheMiddle moves a cell to other memory in the middle of a stream.
func TestCellsPackInTheMiddle(t *testing.T) {
	onEachKeep(t, func(t *rapid.T, k *kind, w *keep) {
		x := newWorld(t, k, w, 1)
		for range rapid.IntRange(1, 20).Draw(t, "events before") {
			x.add(t, 0, x.draw(t))
		}
		if Newest(x.cell[0]) == 0 {
			return // all of them were at time 0 or beyond
		}
		y := &world{span: x.span, kind: k, kept: [][]Sample{slices.Clone(x.kept[0])}, newest: x.newest, cell: [][]uint64{make([]uint64, len(x.cell[0]))}}
		y.cells = w.make(k, x.span, &y.pieces)
		before := packed(x.cells.Pack, x.cell[0])
		r := pack.NewReader(before)
		if y.cells.Unpack(r, y.cell[0]); r.Done() != nil {
			t.Fatal(r.Done())
		}
		for range rapid.IntRange(0, 20).Draw(t, "events after") {
			s := x.draw(t)
			y.add(t, 0, s)
			x.add(t, 0, s)
			y.checkAll(t)
		}
		y.checkAll(t)
		if got, want := packed(y.cells.Pack, y.cell[0]), packed(x.cells.Pack, x.cell[0]); !bytes.Equal(got, want) {
			t.Fatalf("from then on they do not do alike: %x, want %x", got, want)
		}
		for cut := range before {
			r := pack.NewReader(before[:cut])
			if y.cells.Unpack(r, make([]uint64, len(y.cell[0]))); r.Done() == nil {
				t.Fatalf("the first %d of %d bytes are taken for a cell", cut, len(before))
			}
		}
	})
}

// TestCellsExport says the same however the events came, and nothing when nothing can be read.
func TestCellsExport(t *testing.T) {
	onEachKeep(t, func(t *rapid.T, k *kind, w *keep) {
		x := newWorld(t, k, w, 2)
		for range rapid.IntRange(1, 20).Draw(t, "events") {
			x.add(t, 0, x.draw(t))
		}
		for _, s := range rapid.Permutation(x.kept[0]).Draw(t, "order") {
			s.Horizon = x.newest - x.slack
			if !x.cells.Beyond(s.Time, s.Horizon) {
				x.cells.Add(x.cell[1], &s)
			}
		}
		newest := x.newest + rapid.Int64Range(0, 2*x.window).Draw(t, "elsewhere")
		if one, other := x.cells.Export(x.cell[0], newest), x.cells.Export(x.cell[1], newest); one != other {
			t.Fatalf("%+v: in one order %q, in another %q", x.span, one, other)
		}
		var found bool
		for _, s := range x.kept[0] {
			found = found || x.hop == 0 || x.somePast(newest, s.Time)
		}
		if text := x.cells.Export(x.cell[0], newest); (text != "") != found {
			t.Fatalf("%+v at %d: %q, but that something can be read is %t", x.span, newest, text, found)
		}
	})
}

// With q at the last millisecond before a hop boundary E, the window is [E − window, E).
func TestHoppingAtABoundaryIsSliding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpan(t)
		var pieces slab.Slab
		for _, cells := range []Cells{NewHopping(Count{}, s.window, s.hop, s.slack), NewCounters(nil, s.window, s.hop, s.slack, &pieces)} {
			times := rapid.SliceOfN(rapid.Int64Range(0, 3*s.window), 1, 40).Draw(t, "times")
			cell := make([]uint64, cells.Words())
			newest := int64(0)
			for _, at := range times {
				newest = max(newest, at)
				if !cells.Beyond(at, newest-s.slack) {
					cells.Add(cell, &Sample{Time: at, Number: 1})
				}
			}
			end := (newest/s.hop + rapid.Int64Range(1, s.window/s.hop+1).Draw(t, "hops")) * s.hop
			want := 0.0
			for _, at := range times {
				if end-s.window <= at && at < end {
					want++
				}
			}
			if got := cells.Number(cell, end-1); got != want {
				t.Fatalf("%+v: read at %d = %v, want the %v events of [%d, %d)", s, end-1, got, want, end-s.window, end)
			}
		}
	})
}

// Reads of nothing: of no cell, and of an empty one.
func TestNoCell(t *testing.T) {
	for _, w := range keeps {
		for _, k := range kinds() {
			var s slab.Slab
			cells := w.make(&k, span{window: 30, hop: 10, slack: 15}, &s)
			if cells == nil {
				continue
			}
			for _, cell := range [][]uint64{nil, make([]uint64, cells.Words())} {
				for _, q := range []int64{0, 9, 1 << 50} {
					var got Value
					cells.Read(&got, cell, q)
					want := k.want(nil, q, always)
					same(t, got, want, "%s of %s at %d", w.name, k.name, q)
					if number := cells.Number(cell, q); number != want.Number() && !(math.IsNaN(number) && math.IsNaN(want.Number())) {
						t.Errorf("%s of %s at %d: Number is %v, want %v", w.name, k.name, q, number, want.Number())
					}
				}
			}
			if text := cells.Export(make([]uint64, cells.Words()), 99); text != "" {
				t.Errorf("%s of %s: an empty cell exports %q", w.name, k.name, text)
			}
		}
	}
}
