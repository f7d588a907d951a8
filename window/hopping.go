package window

// Hopping counts over a window of length Window that advances in steps of Hop, by tiles:
// tile(t) = ⌊t/Hop⌋, and a read at q covers the tiles in (tile(q) − Window/Hop, tile(q)].
// The head is therefore per-event fresh, the tail moves by hops, and the span read is in
// (Window − Hop, Window].
//
// A cell is a ring of tiles that follows the newest event added. It keeps
// Window/Hop + ⌈Slack/Hop⌉ + 1 tiles, so that every read at q ≥ newest − Slack finds all its
// tiles, where newest is the newest event time added to any cell. An event older than the
// ring can be in no such read and is passed over.
type Hopping struct {
	Window int64 // ms, > 0
	Hop    int64 // ms, > 0, divides Window
	Slack  int64 // ms, ≥ 0: how far a read may lie behind the newest event
	Lanes  int   // integers kept per tile, ≥ 1
}

// A cell is: word 0, the newest tile plus one (0 in an empty cell); then Lanes words a tile,
// tile T at place T mod tiles.

func (h *Hopping) tiles() int64 { return h.Window/h.Hop + (h.Slack+h.Hop-1)/h.Hop + 1 }

// Words is the length of a cell.
func (h *Hopping) Words() int { return 1 + int(h.tiles())*h.Lanes }

// Add adds amount to a lane at event time t. Sums saturate at the ends of int64.
func (h *Hopping) Add(cell []uint64, t int64, lane int, amount int64) {
	tile, tiles := t/h.Hop, h.tiles()
	newest := int64(cell[0]) - 1
	switch {
	case newest < 0:
		cell[0] = uint64(tile + 1)
	case tile > newest:
		for clear, n := newest+1, int64(0); clear <= tile && n < tiles; clear, n = clear+1, n+1 {
			at := 1 + int(clear%tiles)*h.Lanes
			for l := range h.Lanes {
				cell[at+l] = 0
			}
		}
		cell[0] = uint64(tile + 1)
	case tile <= newest-tiles:
		return
	}
	w := &cell[1+int(tile%tiles)*h.Lanes+lane]
	*w = uint64(addSaturating(int64(*w), amount))
}

// Sum reads a lane at time q, which must be ≥ newest − Slack; an earlier q would miss tiles.
func (h *Hopping) Sum(cell []uint64, q int64, lane int) int64 {
	newest := int64(cell[0]) - 1
	if newest < 0 {
		return 0
	}
	tiles := h.tiles()
	last := q / h.Hop
	first := last - h.Window/h.Hop + 1
	last = min(last, newest)
	first = max(first, newest-tiles+1, 0)
	var sum int64
	for tile := first; tile <= last; tile++ {
		sum = addSaturating(sum, int64(cell[1+int(tile%tiles)*h.Lanes+lane]))
	}
	return sum
}

// Beyond reports that no read at q ≥ newest − Slack covers event time t, where newest is the
// newest event time added to any cell.
func (h *Hopping) Beyond(t, newest int64) bool { return h.beyond(t/h.Hop, newest) }

// Spent reports that no read at q ≥ newest − Slack can find anything in the cell any more:
// it can be dropped.
func (h *Hopping) Spent(cell []uint64, newest int64) bool { return h.beyond(int64(cell[0])-1, newest) }

func (h *Hopping) beyond(tile, newest int64) bool {
	earliest := max(newest-h.Slack, 0)
	return tile <= earliest/h.Hop-h.Window/h.Hop
}

func addSaturating(a, b int64) int64 {
	const most, least = 1<<63 - 1, -1 << 63
	switch sum := a + b; {
	case b > 0 && sum < a:
		return most
	case b < 0 && sum > a:
		return least
	default:
		return sum
	}
}

// Each calls visit for every tile that a read at q ≥ newest can cover and in which something was
// counted, oldest first, with its Lanes words.
func (h *Hopping) Each(cell []uint64, newest int64, visit func(tile int64, values []uint64)) {
	last := int64(cell[0]) - 1
	if last < 0 {
		return
	}
	tiles := h.tiles()
	for tile := max(newest/h.Hop-h.Window/h.Hop+1, last-tiles+1, 0); tile <= last; tile++ {
		at := 1 + int(tile%tiles)*h.Lanes
		for _, word := range cell[at : at+h.Lanes] {
			if word != 0 {
				visit(tile, cell[at:at+h.Lanes])
				break
			}
		}
	}
}
