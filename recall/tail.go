package recall

import (
	"unsafe"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/prefetch"
)

// tail estimates the weights of the pairs that have no place of their own, in fixed room: a
// count-min sketch (Cormode and Muthukrishnan, "An improved data stream summary", J. Algorithms
// 2005) with conservative update (Estan and Varghese, SIGCOMM 2002). An estimate is never below
// the pair's weight. With a total T of what was added it is above it by more than 2·T/tailWidth
// with a probability of at most 1/4 (Markov's inequality in each of two rows); conservative
// update never makes that worse. The zero tail is empty and takes no room until the first pair.
type tail struct {
	cells []float32 // tailRows rows of tailWidth; nil before the first pair
}

const (
	tailRows  = 2
	tailWidth = 1 << 21 // 16 MiB in all
)

// places are the cells of a pair, one in each row.
func (t *tail) places(from, to uint32) [tailRows]uint32 {
	h := mixed(uint64(from)<<32 | uint64(to))
	return [tailRows]uint32{uint32(h) % tailWidth, tailWidth + uint32(h>>32)%tailWidth}
}

// mixed scatters the bits of x over 64 bits (the finaliser of SplitMix64: Steele, Lea, Flood,
// OOPSLA 2014).
func mixed(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// ask asks for the memory of a pair.
func (t *tail) ask(from, to uint32) {
	if t.cells == nil {
		return
	}
	for _, at := range t.places(from, to) {
		prefetch.Line(unsafe.Pointer(&t.cells[at]))
	}
}

// add adds w to a pair and returns what it weighs by estimate.
func (t *tail) add(from, to uint32, w float32) float32 {
	if t.cells == nil {
		t.cells = make([]float32, tailRows*tailWidth)
	}
	p := t.places(from, to)
	estimate := min(t.cells[p[0]], t.cells[p[1]]) + w
	for _, at := range p {
		t.cells[at] = max(t.cells[at], estimate)
	}
	return estimate
}

// raise notes that a pair weighs at least sum.
func (t *tail) raise(from, to uint32, sum float32) {
	for _, at := range t.places(from, to) {
		t.cells[at] = max(t.cells[at], sum)
	}
}

func (t *tail) scale(factor float64) {
	for i := range t.cells {
		t.cells[i] *= float32(factor)
	}
}

// pack writes the cells that are not 0, each with the distance from the one before.
func (t *tail) pack(w *pack.Writer) {
	n := 0
	for _, v := range t.cells {
		if v != 0 {
			n++
		}
	}
	w.Bool(t.cells != nil)
	w.Len(n)
	last := -1
	for i, v := range t.cells {
		if v != 0 {
			w.Uint(uint64(i - last))
			w.Single(v)
			last = i
		}
	}
}

func (t *tail) unpack(r *pack.Reader) {
	if r.Bool() {
		t.cells = make([]float32, tailRows*tailWidth)
	}
	at := -1
	for range r.Len(5) {
		if at += int(r.Number(tailRows*tailWidth + 1)); at < 0 || at >= len(t.cells) {
			r.Fail("the tail's cell %d of %d", at, len(t.cells))
			return
		}
		t.cells[at] = r.Single()
	}
}
