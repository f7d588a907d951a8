package vector

import (
	"bufio"
	"encoding/binary"
	"hash"
	"math"
)

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
