package pack

import (
	"encoding/binary"
	"math"
)

// Writer appends values to Bytes. The zero Writer is ready to use.
type Writer struct{ Bytes []byte }

// Uint appends an unsigned integer: 1 byte below 128, at most 10.
func (w *Writer) Uint(v uint64) { w.Bytes = binary.AppendUvarint(w.Bytes, v) }

// Len appends a length or a count.
func (w *Writer) Len(n int) { w.Uint(uint64(n)) }

// Int appends a signed integer.
func (w *Writer) Int(v int64) { w.Bytes = binary.AppendVarint(w.Bytes, v) }

// Float appends the bits of a float.
func (w *Writer) Float(v float64) { w.Word(math.Float64bits(v)) }

// Single appends the bits of a float32, the lowest byte first.
func (w *Writer) Single(v float32) {
	w.Bytes = binary.LittleEndian.AppendUint32(w.Bytes, math.Float32bits(v))
}

// Word appends eight bytes.
func (w *Writer) Word(v uint64) { w.Bytes = binary.LittleEndian.AppendUint64(w.Bytes, v) }

// Word32 appends four bytes.
func (w *Writer) Word32(v uint32) { w.Bytes = binary.LittleEndian.AppendUint32(w.Bytes, v) }

// Bool appends a byte.
func (w *Writer) Bool(v bool) {
	b := byte(0)
	if v {
		b = 1
	}
	w.Bytes = append(w.Bytes, b)
}

// Text appends a string.
func (w *Writer) Text(s string) {
	w.Len(len(s))
	w.Bytes = append(w.Bytes, s...)
}

// Blob appends bytes.
func (w *Writer) Blob(b []byte) {
	w.Len(len(b))
	w.Bytes = append(w.Bytes, b...)
}
