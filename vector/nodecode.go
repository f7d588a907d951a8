package vector

import (
	"math"

	"github.com/freshet-rec/freshet/internal/simd"
)

// nodeCodes are rows as int8, each in one piece of memory, for a walk that jumps from row to row.
// Unlike coded they have one scale, so that a score needs nothing but the code: number j of a row is
// about scale·c[j], and one number in clippedShare may be so large that it is clipped. They find the
// way only; what is found is compared in float32.
type nodeCodes struct {
	dim   int
	codes []int8
	extra []float32 // by row, while a graph is built: the number, in units of the scale, that makes all equally long
}

// clippedShare is the share of numbers that may be clipped: without it one outlier would leave all
// other rows without a difference.
const clippedShare = 1000

func newNodeCodes(rows []float32, dim int) nodeCodes {
	c := nodeCodes{dim: dim, codes: make([]int8, len(rows))}
	if scale := commonScale(rows); scale > 0 {
		for i, x := range rows {
			c.codes[i] = int8(max(-127, min(127, math.RoundToEven(float64(x)/scale))))
		}
	}
	return c
}

// commonScale is the 127th of a magnitude that at most one in clippedShare numbers but zeros exceeds,
// and which is one of theirs up to a 16th; 0 when all are zeros.
func commonScale(rows []float32) float64 {
	const dropped = 19 // bits of the mantissa; 4 are left
	counts := make([]int, 1<<(31-dropped))
	all := 0
	for _, x := range rows {
		if b := math.Float32bits(x) &^ (1 << 31); b != 0 {
			counts[b>>dropped]++
			all++
		}
	}
	clipped := 0
	for i := len(counts) - 1; i >= 0; i-- {
		if clipped += counts[i]; clipped > all/clippedShare {
			return float64(math.Float32frombits(uint32(i+1)<<dropped)) / 127
		}
	}
	return 0
}

// of is the code of a row.
func (c *nodeCodes) of(row uint32) []int8 { return c.codes[int(row)*c.dim:][:c.dim] }

func (c *nodeCodes) extraOf(row uint32) float32 {
	if c.extra == nil {
		return 0
	}
	return c.extra[row]
}

// lengthen gives every row the number that makes its code as long as the longest.
func (c *nodeCodes) lengthen() {
	c.extra = make([]float32, len(c.codes)/c.dim)
	longest := int32(0)
	for row := range c.extra {
		longest = max(longest, simd.DotInt8(c.of(uint32(row)), c.of(uint32(row))))
	}
	for row := range c.extra {
		short := longest - simd.DotInt8(c.of(uint32(row)), c.of(uint32(row)))
		c.extra[row] = float32(math.Sqrt(float64(short)))
	}
}

// score sets dst to the products of a code, and of its extra number, with rows.
func (c *nodeCodes) score(dst []int32, code []int8, extra float32, rows []uint32) {
	simd.DotAtInt8(dst, code, c.codes, rows)
	if extra == 0 {
		return
	}
	for i, row := range rows {
		dst[i] += int32(extra * c.extra[row])
	}
}
