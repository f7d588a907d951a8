package vector

import (
	"bufio"
	"context"
	"errors"
	"fmt"
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
