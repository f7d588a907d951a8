package window

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/freshet-rec/freshet/internal/pack"
)

// Hopping keeps an aggregate over a window of length Window that advances in steps of Hop, by
// tiles: tile(t) = ⌊t/Hop⌋, and a read at q covers the tiles in (tile(q) − Window/Hop, tile(q)].
// The head is therefore per-event fresh, the tail moves by hops, and the span read is in
// (Window − Hop, Window].
//
// A cell is a ring of tiles that follows the newest event added to it. It keeps
// Window/Hop + ⌈Slack/Hop⌉ + 1 tiles, so that every read at q ≥ newest − Slack finds all its
// tiles, where newest is the newest event time added to any cell. An event older than the
// ring can be in no such read and is passed over.
//
// A cell is: word 0, the newest event time plus one; then a state a tile, tile T at place
// T mod tiles.
type Hopping struct {
	Aggregate
	ring ring
}

// NewHopping returns the cells of an aggregate in windows. All are in ms; hop divides window, and
// slack is how far a read may lie behind the newest event.
func NewHopping(a Aggregate, window, hop, slack int64) *Hopping {
	return &Hopping{Aggregate: a, ring: newRing(window, hop, slack)}
}

// Words implements Cells.
func (h *Hopping) Words() int { return 1 + int(h.ring.tiles)*h.Aggregate.Words() }

func (h *Hopping) state(cell []uint64, tile int64) []uint64 {
	words := h.Aggregate.Words()
	at := 1 + int(tile%h.ring.tiles)*words
	return cell[at : at+words : at+words]
}

// Add implements Cells.
func (h *Hopping) Add(cell []uint64, s *Sample) {
	in := h.ring.locate(s.Time)
	if newest := Newest(cell); cell[0] != 0 && (newest < in.from || newest >= in.to) {
		last := newest / h.ring.hop
		if in.tile <= last-h.ring.tiles {
			return
		}
		for gone := max(last+1, in.tile-h.ring.tiles+1); gone <= in.tile; gone++ {
			h.Aggregate.Clear(h.state(cell, gone))
		}
	}
	note(cell, s.Time)
	words := h.Aggregate.Words()
	at := 1 + int(in.at)*words
	h.Aggregate.Add(cell[at:at+words:at+words], s)
}

// Read implements Cells.
func (h *Hopping) Read(v *Value, cell []uint64, q int64) {
	*v = Value{}
	states := States{}
	if cell != nil && cell[0] != 0 {
		if first, n := h.ring.span(Newest(cell), q); n > 0 {
			states = States{ring: cell[1:], words: h.Aggregate.Words(), first: int(first % h.ring.tiles), n: int(n)}
		}
	}
	if h.Aggregate.Read(v, states, q); v.Events > 0 {
		v.Updated = Newest(cell)
	}
}

// Number implements Cells.
func (h *Hopping) Number(cell []uint64, q int64) float64 { return number(h, cell, q) }

// Beyond implements Cells.
func (h *Hopping) Beyond(t, horizon int64) bool { return h.ring.beyond(t, horizon) }

// Clear implements Cells.
func (h *Hopping) Clear(cell []uint64) {
	if cell[0] == 0 {
		return
	}
	cell[0] = 0
	words := h.Aggregate.Words()
	for at := 1; at < len(cell); at += words {
		h.Aggregate.Clear(cell[at : at+words])
	}
}

// Pack implements Cells.
func (h *Hopping) Pack(w *pack.Writer, cell []uint64) {
	w.Uint(cell[0])
	words := h.Aggregate.Words()
	for at := 1; at < len(cell); at += words {
		state := cell[at : at+words]
		if w.Bool(!zero(state)); !zero(state) {
			h.Aggregate.Pack(w, state)
		}
	}
}

// Unpack implements Cells.
func (h *Hopping) Unpack(r *pack.Reader, cell []uint64) {
	cell[0] = r.Uint()
	words := h.Aggregate.Words()
	for at := 1; at < len(cell); at += words {
		if r.Bool() {
			h.Aggregate.Unpack(r, cell[at:at+words])
		}
	}
}

func zero(state []uint64) bool {
	for _, word := range state {
		if word != 0 {
			return false
		}
	}
	return true
}

// Export implements Cells: the tiles in which there is something, oldest first.
func (h *Hopping) Export(cell []uint64, newest int64) string {
	if cell[0] == 0 {
		return ""
	}
	var parts []string
	for tile, last := h.ring.first(Newest(cell), newest), Newest(cell)/h.ring.hop; tile <= last; tile++ {
		if state := h.state(cell, tile); !zero(state) {
			parts = append(parts, fmt.Sprintf("%d:%s", tile, encoded(h.Aggregate, state)))
		}
	}
	return joined(parts)
}

// ring is the geometry of tiles in a ring.
type ring struct {
	hop     int64
	window  int64  // tiles in a window
	tiles   int64  // in the ring
	near    near   // the tile that was written last: the next event is mostly in it too
	inverse uint64 // 2⁶⁴/hop, rounded up
}

// near is a tile: its first ms and that of the next, its number, and its place in the ring.
type near struct{ from, to, tile, at int64 }

func newRing(window, hop, slack int64) ring {
	return ring{hop: hop, window: window / hop, tiles: window/hop + (slack+hop-1)/hop + 1, inverse: math.MaxUint64/uint64(hop) + 1}
}

// locate finds the tile of an event, for who writes.
func (r *ring) locate(t int64) *near {
	if t < r.near.from || t >= r.near.to {
		tile := t / r.hop
		r.near = near{tile * r.hop, (tile + 1) * r.hop, tile, tile % r.tiles}
	}
	return &r.near
}

// since is how many tiles in is behind the tile of an earlier time. What is not too long ago is
// divided by way of the inverse: exact below 2⁶⁴/hop (Granlund and Montgomery, "Division by
// invariant integers using multiplication", PLDI 1994).
func (r *ring) since(t int64, in *near) int64 {
	span := uint64(in.from - t + r.hop - 1)
	if r.hop == 1 || span > math.MaxUint32 || r.hop > math.MaxUint32 {
		return int64(span) / r.hop
	}
	tiles, _ := bits.Mul64(span, r.inverse)
	return int64(tiles)
}

// first is the first tile that a ring whose newest event is at newest has for a read at q.
func (r *ring) first(newest, q int64) int64 {
	return max(q/r.hop-r.window+1, newest/r.hop-r.tiles+1, 0)
}

// span is the first tile and the number of tiles of a read at q.
func (r *ring) span(newest, q int64) (first, n int64) {
	head, last := q/r.hop, newest/r.hop
	first = max(head-r.window+1, last-r.tiles+1, 0)
	return first, min(head, last) - first + 1
}

func (r *ring) beyond(t, horizon int64) bool {
	return t < horizon && t/r.hop <= horizon/r.hop-r.window
}
