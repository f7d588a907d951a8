package vector

import (
	"math"

	"github.com/freshet-rec/freshet/internal/simd"
)

// coded is rows as int8: number j of a row is about scale·c[j], with the scale of the row the
// 127th of its greatest magnitude, so each number is off by at most half of that.
//
// A product of a coded query with a coded row is off by at most
//
//	‖q − q'‖·‖v'‖ + ‖q‖·‖v − v'‖       (q·v − q'·v' = (q−q')·v' + q·(v−v'), Cauchy and Schwarz)
//
// where q', v' are what the codes stand for. The two greatest norms of the rows are kept.
type coded struct {
	length int       // of a row: dim filled up to a multiple of 4
	slots  int       // rows with those that fill up the last block
	blocks []uint8   // as simd.ScanInt8 wants them
	scales []float32 // of each slot, NaN where there is no row: its score is NaN and below every threshold
	off    float64   // greatest ‖v − v'‖
	norm   float64   // greatest ‖v'‖
}

// newCoded returns room for slots rows of length dim, none of which is there yet.
func newCoded(slots, dim int) coded {
	slots = (slots + simd.BlockRows - 1) &^ (simd.BlockRows - 1)
	c := coded{length: (dim + 3) &^ 3, slots: slots}
	c.blocks, c.scales = make([]uint8, slots*c.length), make([]float32, slots)
	for i := range c.scales {
		c.scales[i] = float32(math.NaN())
	}
	return c
}

// put codes v into a slot, through code, which has its length. It returns ‖v − v'‖ and ‖v'‖, which
// must come to be in off and norm.
func (c *coded) put(slot int, v []float32, code []int8) (off, norm float64) {
	scale, off, norm := encode(code, v)
	c.scales[slot] = scale
	simd.PutRow(c.blocks, c.length, slot, code)
	return off, norm
}

// encode sets code, which may be longer than v, to the nearest whole numbers of v/scale.
func encode(code []int8, v []float32) (scale float32, off, norm float64) {
	var largest float32
	for _, x := range v {
		largest = max(largest, x, -x)
	}
	clear(code)
	if scale = largest / 127; scale == 0 { // zeros, or so small that their products are
		return 0, math.Sqrt(float64(len(v))) * float64(largest), 0
	}
	per := 1 / float64(scale)
	for j, x := range v {
		w := max(-127, min(127, math.RoundToEven(float64(x)*per)))
		code[j] = int8(w)
		about := w * float64(scale)
		off += float64((float64(x) - about) * (float64(x) - about)) // rounded, so that no processor fuses it
		norm += float64(about * about)
	}
	return scale, math.Sqrt(off), math.Sqrt(norm)
}

// codedQuery is a query as int8.
type codedQuery struct {
	code  []int8
	scale float32
	off   float64 // ‖q − q'‖
	norm  float64 // ‖q‖
}

// query codes q into the memory of code.
func (c *coded) query(code []int8, q []float32) codedQuery {
	if cap(code) < c.length {
		code = make([]int8, c.length)
	}
	out := codedQuery{code: code[:c.length], norm: norm(q)}
	out.scale, out.off, _ = encode(out.code, q)
	return out
}

// scores sets dst to the products with the rows of the slots from a block on, in units of the
// query's scale.
func (c *coded) scores(dst []float32, q []int8, from int) {
	simd.ScanInt8(dst, q, c.blocks[from*c.length:][:len(dst)*c.length], c.scales[from:][:len(dst)])
}

// slack is how far a score, in units of the query's scale, and the product in float32 can be from
// each other. Beside the codes that is rounding: a sum of dim products of float32 is off by less
// than (dim+8)·2⁻²⁴·‖q‖·‖v‖ (Higham, Accuracy and Stability of Numerical Algorithms, §3.1), and a
// score is rounded twice.
func (c *coded) slack(q codedQuery) float32 {
	rounding := float64(c.length+16) * 0x1p-23 * q.norm * (c.norm + c.off)
	all := q.off*c.norm + q.norm*c.off + rounding
	return float32(all / float64(q.scale) * (1 + 0x1p-20))
}
