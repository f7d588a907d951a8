package vector

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
)

// fileReader keeps its first error, and then returns zeros.
type fileReader struct {
	r    *bufio.Reader
	left int64 // bytes not read yet
	sum  hash.Hash32
	err  error
}

func (f *fileReader) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
	}
}

// has says whether count things of each bytes can be left.
func (f *fileReader) has(count uint64, each int) bool {
	if f.err == nil && (f.left < 0 || count > uint64(f.left)/uint64(each)) {
		f.fail("it is cut off: %d times %d bytes where %d are left", count, each, f.left)
	}
	return f.err == nil
}

func (f *fileReader) fill(b []byte) bool {
	if !f.has(uint64(len(b)), 1) {
		return false
	}
	if _, err := io.ReadFull(f.r, b); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		f.fail("it is cut off: %d bytes are missing", f.left)
		return false
	} else if err != nil {
		f.err = err
		return false
	}
	f.left -= int64(len(b))
	f.sum.Write(b)
	return true
}

func (f *fileReader) bytes(n int) []byte {
	b := make([]byte, n)
	f.fill(b)
	return b
}

func (f *fileReader) uint32() uint32 {
	var b [4]byte
	if !f.fill(b[:]) {
		return 0
	}
	return binary.LittleEndian.Uint32(b[:])
}

// words reads count words of 4 bytes.
func (f *fileReader) words(count uint64, put func(i int, word uint32)) {
	var b [fileBuffer]byte
	for i := uint64(0); i < count; {
		part := b[:4*min(count-i, uint64(len(b)/4))]
		if !f.fill(part) {
			return
		}
		for ; len(part) > 0; part = part[4:] {
			put(int(i), binary.LittleEndian.Uint32(part))
			i++
		}
	}
}

func (f *fileReader) floats(count uint64) []float32 {
	if !f.has(count, 4) {
		return nil
	}
	v := make([]float32, count)
	f.words(count, func(i int, word uint32) { v[i] = math.Float32frombits(word) })
	return v
}

// table reads the head after the kind, and the rows.
func (f *fileReader) table() *Exact {
	metric, dim := f.uint32(), f.uint32()
	rows := uint64(f.uint32()) | uint64(f.uint32())<<32
	switch {
	case f.err != nil:
	case metric > uint32(Cosine):
		f.fail("metric %d is not known", metric)
	case dim < 1 || dim > MaxDim:
		f.fail("its vectors have a length of %d", dim)
	case rows > MaxRows:
		f.fail("it has %d rows", rows)
	}
	if !f.has(rows, 4*int(dim)) {
		return nil
	}
	return &Exact{Metric(metric), int(dim), f.floats(rows * uint64(dim))}
}

// ivf reads what an IVF has beside the rows.
func (f *fileReader) ivf(exact *Exact) (*IVF, []uint32) {
	lists, reach := uint64(f.uint32()), math.Float32frombits(f.uint32())
	switch {
	case f.err != nil:
	case lists > maxLists || lists > uint64(exact.Len()) || lists == 0 && exact.Len() > 0:
		f.fail("it has %d lists for %d rows", lists, exact.Len())
	case !(reach >= 0 && reach <= maxReach):
		f.fail("its reach is %g", reach)
	}
	x := &IVF{metric: exact.metric, rows: exact.rows, reach: reach, lists: partition{dim: exact.dim}}
	x.lists.centres = f.floats(lists * uint64(exact.dim))
	if !f.has(uint64(exact.Len()), 4) {
		return x, nil
	}
	belongs := make([]uint32, exact.Len())
	f.words(uint64(len(belongs)), func(i int, list uint32) {
		if belongs[i] = list; uint64(list) >= lists {
			f.fail("row %d is in list %d of %d", i, list, lists)
		}
	})
	f.check(x.lists.centres, exact.dim, InnerProduct)
	return x, belongs
}

// unitError is how far a length that was made 1 may be from it.
const unitError = 1e-3

// check refuses rows that cannot have been in an index.
func (f *fileReader) check(rows []float32, dim int, metric Metric) {
	if err := checkRows(rows, dim, metric); f.err == nil && err != nil {
		f.fail("%v", err)
	}
	if f.err != nil || metric != Cosine {
		return
	}
	for row := range len(rows) / dim {
		if length := norm(rows[row*dim:][:dim]); math.Abs(length-1) > unitError {
			f.fail("row %d has a length of %g instead of 1", row, length)
			return
		}
	}
}
