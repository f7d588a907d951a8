package simd

import "fmt"

// BlockRows is how many rows a block of ScanInt8 holds.
const BlockRows = 16

// ScanInt8 sets dst[i] to float32(Σ q[j]·r(i,j))·scales[i], for rows of numbers in −128 to 127 that
// lie in blocks of 16: the sum is exact for up to 66,000 numbers, and rounded twice. What is len(q)
// must be a multiple of 4, what is len(dst) one of 16, len(scales) == len(dst) and len(blocks) ==
// len(dst)·len(q). Rows and queries are filled up with zeros.
//
// In a block the numbers 4g to 4g+3 of its rows lie side by side, row after row, before those of
// g+1; PutRow writes them. That is the order in which they are multiplied.
func ScanInt8(dst []float32, q []int8, blocks []uint8, scales []float32) {
	if len(q)%4 != 0 || len(dst)%BlockRows != 0 || len(scales) != len(dst) || len(blocks) != len(dst)*len(q) {
		panic(fmt.Sprintf("BUG: simd.ScanInt8 of %d numbers, %d rows, %d scales and %d bytes", len(q), len(dst), len(scales), len(blocks)))
	}
	scanInt8(dst, q, blocks, scales)
}

// PutRow writes row i of blocks of ScanInt8, for queries of length numbers; what is behind the end
// of row is zero.
func PutRow(blocks []uint8, length, i int, row []int8) {
	block := blocks[i/BlockRows*BlockRows*length:][:BlockRows*length]
	for j := range length {
		var r int8
		if j < len(row) {
			r = row[j]
		}
		block[place(i, j)] = uint8(r) ^ 0x80
	}
}

// place is where in its block number j of row i lies. What lies there is the number plus 128.
func place(i, j int) int { return j/4*4*BlockRows + i%BlockRows*4 + j%4 }

// AtLeast sets bit j%64 of mask[j/64] when scores[j] ≥ least, which no NaN is, and clears the other
// bits. What is len(scores) must be a multiple of 64, and len(mask) == len(scores)/64; a caller with
// fewer scores fills them up with NaN.
func AtLeast(mask []uint64, scores []float32, least float32) {
	if len(scores)%64 != 0 || len(mask) != len(scores)/64 {
		panic(fmt.Sprintf("BUG: simd.AtLeast of %d scores in %d words", len(scores), len(mask)))
	}
	atLeast(mask, scores, least)
}

// Read reads b, up to an end shorter than 512 bytes, as fast as the processor can. It returns a
// number that depends on what was read and means nothing: this measures what memory allows.
func Read(b []byte) uint64 { return read(b) }

// scanInt8Go is the twin of the kernels of ScanInt8.
func scanInt8Go(dst []float32, q []int8, blocks []uint8, scales []float32) {
	for i := range dst {
		block := blocks[i/BlockRows*BlockRows*len(q):]
		var sum int32
		for j, x := range q {
			sum += int32(x) * (int32(block[place(i, j)]) - 128)
		}
		dst[i] = float32(sum) * scales[i]
	}
}

// atLeastGo is the twin of the kernels of AtLeast.
func atLeastGo(mask []uint64, scores []float32, least float32) {
	clear(mask)
	for i, score := range scores {
		if score >= least {
			mask[i/64] |= 1 << (i % 64)
		}
	}
}

func readGo(b []byte) uint64 {
	var sum uint64
	for _, x := range b {
		sum += uint64(x)
	}
	return sum
}
