package collab

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/freshet-rec/freshet/internal/dense"
	"github.com/freshet-rec/freshet/internal/pack"
)

// ialsVersion is the version of the packed form.
const ialsVersion = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Pack writes the model; equal models have equal bytes. It is a blob, and the Castagnoli checksum
// of it.
func (m *IALS) Pack(w *pack.Writer) {
	var body pack.Writer
	body.Uint(ialsVersion)
	body.Len(m.items)
	body.Len(m.dim)
	body.Float(m.alpha0)
	body.Float(m.lambda)
	body.Float(m.nu)
	bits := make([]byte, 0, 4*m.items*m.dim)
	for i := range m.items {
		bits = appendFloats(bits, m.Vector(uint32(i)))
	}
	body.Blob(bits)
	bits = bits[:0]
	for i := range m.dim {
		bits = appendFloats(bits, m.basis.gram[i*m.stride+i:i*m.stride+m.dim])
	}
	body.Blob(bits)
	seal(w, body.Bytes)
}

func seal(w *pack.Writer, body []byte) {
	w.Blob(body)
	w.Uint(uint64(crc32.Checksum(body, castagnoli)))
}

// UnpackIALS reads what Pack wrote. Bytes that Pack cannot have written are an error that wraps
// pack.ErrDamaged; memory is taken for no more than the bytes hold.
func UnpackIALS(r *pack.Reader) (*IALS, error) {
	blob := r.Blob()
	if sum := r.Uint(); r.Err() == nil && sum != uint64(crc32.Checksum(blob, castagnoli)) {
		r.Fail("the checksum of an iALS model is another")
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	body := pack.NewReader(blob)
	if v := body.Uint(); body.Err() == nil && v != ialsVersion {
		return nil, fmt.Errorf("iALS model of version %d; this build reads version %d", v, ialsVersion)
	}
	m := &IALS{items: int(body.Number(math.MaxInt32)), dim: int(body.Number(maxDim + 1))}
	m.alpha0, m.lambda, m.nu = body.Float(), body.Float(), body.Float()
	vectors, gram := body.Blob(), body.Blob()
	options := IALSOptions{Dim: m.dim, Epochs: 1, Alpha0: m.alpha0, Lambda: m.lambda, Nu: m.nu, Deviation: 1, Workers: 1}
	if err := options.check(); body.Err() == nil && err != nil {
		body.Fail("%v", err)
	}
	if body.Err() == nil && (len(vectors) != 4*m.items*m.dim || len(gram) != 2*m.dim*(m.dim+1)) {
		body.Fail("%d and %d bytes for %d vectors of %d", len(vectors), len(gram), m.items, m.dim)
	}
	if err := body.Done(); err != nil {
		return nil, err
	}
	m.stride = dense.Stride(m.dim)
	m.vectors = floats(m.items * m.stride)
	products := make([]float32, m.stride*m.stride)
	for i := range m.items {
		vectors = takeFloats(m.Vector(uint32(i)), vectors)
	}
	for i := range m.dim {
		gram = takeFloats(products[i*m.stride+i:i*m.stride+m.dim], gram)
	}
	dense.Mirror(1, m.stride, products, m.stride)
	if !finite(m.vectors) || !finite(products) {
		body.Fail("a number of an iALS model is none")
		return nil, body.Err()
	}
	m.basis = newBasis(m.stride, products)
	return m, nil
}

func appendFloats(b []byte, x []float32) []byte {
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// takeFloats fills x from b and returns the rest of b.
func takeFloats(x []float32, b []byte) []byte {
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return b[4*len(x):]
}
