package pack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrDamaged says that bytes are not what a Writer wrote.
var ErrDamaged = errors.New("packed state is damaged")

// Reader reads values back. Use NewReader.
type Reader struct {
	rest []byte
	err  error
}

// NewReader returns a Reader of bytes, which must not change while it is used.
func NewReader(b []byte) *Reader { return &Reader{rest: b} }

// Err is the first error.
func (r *Reader) Err() error { return r.err }

// Fail notes an error that the caller found in what was read; the first one stays. It wraps
// ErrDamaged.
func (r *Reader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
	}
}

// More reports that there is something left to read, and nothing was wrong so far.
func (r *Reader) More() bool { return r.err == nil && len(r.rest) > 0 }

// Done is the first error, or one that says that bytes are left.
func (r *Reader) Done() error {
	if len(r.rest) > 0 {
		r.Fail("%d bytes too many", len(r.rest))
	}
	return r.err
}

// take cuts n bytes off the front, nil when there are not so many.
func (r *Reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.rest) {
		r.Fail("cut off")
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// Uint reads an unsigned integer.
func (r *Reader) Uint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		n = -1
	}
	if r.take(n) == nil {
		return 0
	}
	return v
}

// Number reads an unsigned integer that is below a limit, such as the number of an item.
func (r *Reader) Number(limit int) uint32 {
	v := r.Uint()
	if r.err == nil && v >= uint64(limit) {
		r.Fail("number %d where there are %d", v, limit)
		return 0
	}
	return uint32(v)
}

// Len reads a count of things that take at least least bytes each, at least 1.
func (r *Reader) Len(least int) int {
	n := r.Uint()
	if r.err == nil && n > uint64(len(r.rest)/max(1, least)) {
		r.Fail("a count of %d in %d bytes", n, len(r.rest))
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

// Int reads a signed integer.
func (r *Reader) Int() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		n = -1
	}
	if r.take(n) == nil {
		return 0
	}
	return v
}

// Word reads eight bytes.
func (r *Reader) Word() uint64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

// Word32 reads four bytes.
func (r *Reader) Word32() uint32 {
	b := r.take(4)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

// Float reads a float.
func (r *Reader) Float() float64 { return math.Float64frombits(r.Word()) }

// Single reads a float32.
func (r *Reader) Single() float32 {
	b := r.take(4)
	if b == nil {
		return 0
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(b))
}

// Bool reads a truth value.
func (r *Reader) Bool() bool {
	b := r.take(1)
	if b == nil {
		return false
	}
	if b[0] > 1 {
		r.Fail("byte %d for a truth value", b[0])
	}
	return b[0] == 1
}

// Take reads so many bytes, which are the Reader's memory; none are an empty slice.
func (r *Reader) Take(n uint64) []byte {
	return r.take(int(min(n, math.MaxInt)))
}

// Text reads a string, which does not share the Reader's memory.
func (r *Reader) Text() string { return string(r.Blob()) }

// Blob reads bytes, which are a part of the Reader's.
func (r *Reader) Blob() []byte { return r.take(r.Len(1)) }
