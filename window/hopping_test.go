package window

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// kept is the oracle of a hopping cell: every event, counted from scratch.
type kept []struct {
	t, amount int64
	lane      int
}

func (k kept) sum(h *Hopping, q int64, lane int) int64 {
	var sum int64
	for _, e := range k {
		if e.lane == lane && covers(h, q, e.t) {
			sum += e.amount
		}
	}
	return sum
}

// covers is the definition: tile(q) − Window/Hop < tile(t) ≤ tile(q).
func covers(h *Hopping, q, t int64) bool {
	tile, head := t/h.Hop, q/h.Hop
	return head-h.Window/h.Hop < tile && tile <= head
}

// somePast reports whether any read that may still be made covers t.
func somePast(h *Hopping, newest, t int64) bool {
	for q := max(newest-h.Slack, 0); q <= max(newest, t)+h.Window; q++ {
		if covers(h, q, t) {
			return true
		}
	}
	return false
}

func drawHopping(t *rapid.T) *Hopping {
	hop := rapid.Int64Range(1, 12).Draw(t, "hop")
	return &Hopping{
		Hop:    hop,
		Window: hop * rapid.Int64Range(1, 7).Draw(t, "tiles"),
		Slack:  rapid.Int64Range(0, 3*hop).Draw(t, "slack"),
		Lanes:  rapid.IntRange(1, 3).Draw(t, "lanes"),
	}
}

// drawTime draws an event time near newest: in order, on a tile's edges, behind, further
// behind than the ring reaches, or ahead over the whole ring.
func drawTime(t *rapid.T, h *Hopping, newest int64) int64 {
	ring := h.tiles() * h.Hop
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return newest + ring + rapid.Int64Range(-h.Hop, h.Hop).Draw(t, "over the ring")
	case 1:
		return max(0, newest-ring+rapid.Int64Range(-h.Hop, h.Hop).Draw(t, "under the ring"))
	case 2, 3:
		edge := (newest/h.Hop + rapid.Int64Range(-2, 2).Draw(t, "edge")) * h.Hop
		return max(0, edge+rapid.Int64Range(-1, 0).Draw(t, "before"))
	case 4, 5:
		return max(0, newest-rapid.Int64Range(0, h.Window+h.Slack).Draw(t, "behind"))
	}
	return newest + rapid.Int64Range(0, h.Hop).Draw(t, "ahead")
}

// Cells that are spent are dropped and events beyond any read are not even added; whoever
// keeps everything must not see a difference in any read that may be made.
func TestHoppingAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHopping(t)
		const keys = 3
		var cells [keys][]uint64
		var want [keys]kept
		newest := rapid.Int64Range(0, 200).Draw(t, "start")
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			k := rapid.IntRange(0, keys-1).Draw(t, "key")
			at := drawTime(t, h, newest)
			lane := rapid.IntRange(0, h.Lanes-1).Draw(t, "lane")
			amount := rapid.Int64Range(-5, 5).Draw(t, "amount")
			newest = max(newest, at)
			want[k] = append(want[k], struct {
				t, amount int64
				lane      int
			}{at, amount, lane})
			beyond := h.Beyond(at, newest)
			if covered := somePast(h, newest, at); beyond == covered {
				t.Fatalf("Beyond(%d, %d) = %t, but a read covers it: %t", at, newest, beyond, covered)
			}
			if !beyond || rapid.Bool().Draw(t, "add anyway") {
				if cells[k] == nil {
					cells[k] = make([]uint64, h.Words())
				}
				h.Add(cells[k], at, lane, amount)
			}
			for k, cell := range cells {
				if cell != nil && h.Spent(cell, newest) {
					cells[k] = nil
				}
			}
			for _, q := range []int64{
				max(newest-h.Slack, 0), newest, newest + h.Hop, newest + h.Window,
				rapid.Int64Range(max(newest-h.Slack, 0), newest+h.Window+h.Hop).Draw(t, "q"),
			} {
				for k, cell := range cells {
					for lane := range h.Lanes {
						got := int64(0)
						if cell != nil {
							got = h.Sum(cell, q, lane)
						}
						if want := want[k].sum(h, q, lane); got != want {
							t.Fatalf("%+v: key %d lane %d at %d (newest %d): %d, want %d", *h, k, lane, q, newest, got, want)
						}
					}
				}
			}
		}
	})
}

// A cell is spent no later than its newest event is out of every read, so dead keys go.
func TestHoppingSpentIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHopping(t)
		cell := make([]uint64, h.Words())
		last := int64(0)
		for range rapid.IntRange(1, 5).Draw(t, "events") {
			at := rapid.Int64Range(0, 300).Draw(t, "at")
			h.Add(cell, at, 0, 1)
			last = max(last, at)
		}
		newest := last + rapid.Int64Range(0, 2*(h.Window+h.Slack)).Draw(t, "later")
		if got, want := h.Spent(cell, newest), !somePast(h, newest, last); got != want {
			t.Fatalf("%+v: Spent with newest event %d at newest %d = %t, want %t", *h, last, newest, got, want)
		}
	})
}

// Splitting a stream over two cells and adding what they read changes nothing.
func TestHoppingIsAdditive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHopping(t)
		whole, left, right := make([]uint64, h.Words()), make([]uint64, h.Words()), make([]uint64, h.Words())
		newest := int64(0)
		for range rapid.IntRange(0, 40).Draw(t, "events") {
			at, amount := drawTime(t, h, newest), rapid.Int64Range(-9, 9).Draw(t, "amount")
			newest = max(newest, at)
			h.Add(whole, at, 0, amount)
			if rapid.Bool().Draw(t, "left") {
				h.Add(left, at, 0, amount)
			} else {
				h.Add(right, at, 0, amount)
			}
		}
		q := rapid.Int64Range(max(newest-h.Slack, 0), newest+h.Window).Draw(t, "q")
		if got, want := h.Sum(left, q, 0)+h.Sum(right, q, 0), h.Sum(whole, q, 0); got != want {
			t.Fatalf("%+v at %d: the parts read %d, the whole %d", *h, q, got, want)
		}
	})
}

// With q at the last millisecond before a hop boundary E, the window is [E − Window, E).
func TestHoppingAtABoundaryIsSliding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHopping(t)
		times := rapid.SliceOfN(rapid.Int64Range(0, 3*h.Window), 1, 40).Draw(t, "times")
		cell := make([]uint64, h.Words())
		newest := int64(0)
		for _, at := range times {
			h.Add(cell, at, 0, 1)
			newest = max(newest, at)
		}
		end := (newest/h.Hop + rapid.Int64Range(1, h.Window/h.Hop+1).Draw(t, "hops")) * h.Hop
		want := int64(0)
		for _, at := range times {
			if end-h.Window <= at && at < end {
				want++
			}
		}
		if got := h.Sum(cell, end-1, 0); got != want {
			t.Fatalf("%+v: read at %d = %d, want the %d events of [%d, %d)", *h, end-1, got, want, end-h.Window, end)
		}
	})
}

// A read further back than the slack misses what has left the ring, and invents nothing.
func TestHoppingReadBehindTheSlack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHopping(t)
		cell := make([]uint64, h.Words())
		var all kept
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			at := rapid.Int64Range(0, 3*h.tiles()*h.Hop).Draw(t, "at")
			h.Add(cell, at, 0, 1)
			all = append(all, struct {
				t, amount int64
				lane      int
			}{at, 1, 0})
		}
		q := rapid.Int64Range(0, 3*h.tiles()*h.Hop).Draw(t, "q")
		if got, most := h.Sum(cell, q, 0), all.sum(h, q, 0); got < 0 || got > most {
			t.Fatalf("%+v: Sum at %d = %d, want 0 to %d", *h, q, got, most)
		}
	})
}

func TestHoppingSaturates(t *testing.T) {
	h := Hopping{Window: 20, Hop: 10, Lanes: 1}
	type add struct{ t, amount int64 }
	tests := []struct {
		name string
		adds []add
		want int64
	}{
		{"up to the top", []add{{5, math.MaxInt64 - 1}, {5, 1}}, math.MaxInt64},
		{"over the top in one tile", []add{{5, math.MaxInt64}, {5, 1}}, math.MaxInt64},
		{"over the top between tiles", []add{{5, math.MaxInt64}, {15, math.MaxInt64}}, math.MaxInt64},
		{"down to the bottom", []add{{5, math.MinInt64 + 1}, {5, -1}}, math.MinInt64},
		{"below the bottom in one tile", []add{{5, math.MinInt64}, {5, -1}}, math.MinInt64},
		{"below the bottom between tiles", []add{{5, math.MinInt64}, {15, math.MinInt64}}, math.MinInt64},
		{"the ends meet", []add{{5, math.MaxInt64}, {15, math.MinInt64}}, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cell := make([]uint64, h.Words())
			for _, a := range tt.adds {
				h.Add(cell, a.t, 0, a.amount)
			}
			if got := h.Sum(cell, 15, 0); got != tt.want {
				t.Errorf("Sum = %d, want %d", got, tt.want)
			}
		})
	}
}

// An empty cell reads 0 everywhere, and its size follows from the options alone.
func TestHoppingEmptyCell(t *testing.T) {
	tests := []struct {
		name string
		h    Hopping
		want int
	}{
		{"one tile", Hopping{Window: 7, Hop: 7, Lanes: 1}, 1 + 2},
		{"slack of a whole hop", Hopping{Window: 300, Hop: 30, Slack: 30, Lanes: 1}, 1 + 12},
		{"slack of a part of a hop", Hopping{Window: 300, Hop: 30, Slack: 31, Lanes: 1}, 1 + 13},
		{"two lanes", Hopping{Window: 300, Hop: 30, Slack: 60, Lanes: 2}, 1 + 2*13},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.h.Words(); got != tt.want {
				t.Errorf("Words = %d, want %d", got, tt.want)
			}
			cell := make([]uint64, tt.h.Words())
			for _, q := range []int64{0, 1, 299, 1 << 50} {
				if got := tt.h.Sum(cell, q, tt.h.Lanes-1); got != 0 {
					t.Errorf("Sum at %d = %d, want 0", q, got)
				}
			}
		})
	}
}
