package vector

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"
)

// An index in a file, all numbers little-endian:
//
//	"FRESHVEC"  8 bytes
//	version     4 bytes, 1
//	kind        4 bytes: 1 Exact, 2 ExactInt8, 3 IVF, 4 HNSW
//	metric      4 bytes
//	dim         4 bytes
//	rows        8 bytes
//	numbers     rows·dim float32, as they are searched: for Cosine at length 1
//	            of IVF: lists 4 bytes, reach float32, lists·dim float32 of centres, rows·4 bytes: the list of each row
//	            of HNSW: links 4 bytes, ef 4 bytes, entry 4 bytes, rows·4 bytes: how many layers above the
//	            lowest each row is on; then the links of each layer from the lowest, 4 bytes each
//	checksum    4 bytes: CRC-32C of all before
//
// What follows from the numbers, such as codes, is made again when an index is loaded.
const (
	fileMagic   = "FRESHVEC"
	fileVersion = 1

	kindExact, kindExactInt8, kindIVF, kindHNSW = 1, 2, 3, 4
)

// ErrDamaged says that a file is not an index, not all of one, or of a version this program does not know.
var ErrDamaged = errors.New("vector index is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Save writes an index, which Load reads back: one that gives the same hits, bit for bit. Equal
// indexes make equal bytes.
func Save(w io.Writer, index Index) error {
	f := fileWriter{w: bufio.NewWriterSize(w, fileBuffer), sum: crc32.New(castagnoli)}
	f.bytes([]byte(fileMagic))
	f.uint32(fileVersion)
	switch x := index.(type) {
	case *Exact:
		f.table(kindExact, x)
	case *ExactInt8:
		f.table(kindExactInt8, &x.exact)
	case *IVF:
		f.table(kindIVF, &Exact{x.metric, x.lists.dim, x.rows})
		f.uint32(uint32(x.Lists()))
		f.uint32(math.Float32bits(x.reach))
		f.floats(x.lists.centres)
		for _, list := range x.belongs() {
			f.uint32(list)
		}
	case *HNSW:
		f.table(kindHNSW, &x.exact)
		f.graph(x)
	default:
		return fmt.Errorf("save an index: %T has no form in a file", index)
	}
	if f.uint32(f.sum.Sum32()); f.err == nil {
		f.err = f.w.Flush()
	}
	if f.err != nil {
		return fmt.Errorf("save an index: %w", f.err)
	}
	return nil
}

// Load reads what Save wrote in size bytes: r must have these and no more. It allocates no more
// than a small multiple of size, whatever the bytes say. An error of the bytes wraps ErrDamaged. It
// ends early, with the error of ctx, when ctx does.
func Load(ctx context.Context, r io.Reader, size int64) (Index, error) {
	index, err := load(ctx, &fileReader{r: bufio.NewReaderSize(r, fileBuffer), left: size, sum: crc32.New(castagnoli)})
	if err != nil {
		return nil, fmt.Errorf("load an index: %w", err)
	}
	return index, nil
}

func load(ctx context.Context, f *fileReader) (Index, error) {
	if magic := f.bytes(len(fileMagic)); f.err == nil && string(magic) != fileMagic {
		f.fail("it begins with %q", magic)
	}
	if version := f.uint32(); f.err == nil && version != fileVersion {
		f.fail("its version is %d; this program knows %d", version, fileVersion)
	}
	kind := f.uint32()
	exact := f.table()
	var ivf *IVF
	var belongs []uint32
	var graph *HNSW
	switch {
	case f.err != nil:
	case kind == kindIVF:
		ivf, belongs = f.ivf(exact)
	case kind == kindHNSW:
		graph = f.hnsw(exact)
	case kind != kindExact && kind != kindExactInt8:
		f.fail("kind %d is not known", kind)
	}
	want := f.sum.Sum32()
	if sum := f.uint32(); f.err == nil && sum != want {
		f.fail("its checksum is %08x, and that of its bytes %08x", sum, want)
	}
	if f.err == nil && f.left > 0 {
		f.fail("%d bytes too many", f.left)
	}
	if f.err == nil {
		f.check(exact.rows, exact.dim, exact.metric)
	}
	if f.err != nil {
		return nil, f.err
	}
	switch kind {
	case kindExact:
		return exact, nil
	case kindExactInt8:
		return exact.coded(), nil
	case kindHNSW:
		graph.codes = newNodeCodes(exact.rows, exact.dim)
		graph.strays = graph.unreached()
		return graph, nil
	}
	ivf.lists.encode()
	return ivf, ivf.file(ctx, belongs)
}

// fileBuffer is in bytes.
const fileBuffer = 1 << 16

// fileWriter keeps its first error.
type fileWriter struct {
	w   *bufio.Writer
	sum hash.Hash32
	err error
}

func (f *fileWriter) bytes(b []byte) {
	if f.err == nil {
		f.sum.Write(b)
		_, f.err = f.w.Write(b)
	}
}

func (f *fileWriter) uint32(v uint32) {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], v)
	f.bytes(b[:])
}

func (f *fileWriter) floats(v []float32) {
	var b [fileBuffer]byte
	for len(v) > 0 && f.err == nil {
		part := v[:min(len(v), len(b)/4)]
		for i, x := range part {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
		}
		f.bytes(b[:4*len(part)])
		v = v[len(part):]
	}
}

// table writes the head and the rows.
func (f *fileWriter) table(kind uint32, x *Exact) {
	f.uint32(kind)
	f.uint32(uint32(x.metric))
	f.uint32(uint32(x.dim))
	f.uint32(uint32(x.Len()))
	f.uint32(uint32(uint64(x.Len()) >> 32))
	f.floats(x.rows)
}

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
