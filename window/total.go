package window

// Total keeps Lanes integers over all time, one word each. The zero value of a lane is 0.
type Total struct {
	Lanes int // ≥ 1
}

// Words is the length of a cell.
func (t *Total) Words() int { return t.Lanes }

// Add adds amount to a lane. Sums saturate at the ends of int64.
func (t *Total) Add(cell []uint64, lane int, amount int64) {
	cell[lane] = uint64(addSaturating(int64(cell[lane]), amount))
}

// Sum reads a lane.
func (t *Total) Sum(cell []uint64, lane int) int64 { return int64(cell[lane]) }
