package fsys

import "unsafe"

// DirectBytes is what the offset and the length of direct writes, and the address of what they
// write, must be multiples of.
const DirectBytes = 4096

// Direct writes to a file without leaving what it writes in the memory where the system keeps what
// was lately read and written. What it wrote is durable after a Sync of the file through any
// handle. Its calls are one goroutine's at a time.
type Direct interface {
	// WriteAt writes p, of [Aligned], at a byte offset, growing the file if need be. Both lengths are
	// multiples of DirectBytes.
	WriteAt(p []byte, off int64) (n int, err error)
	Close() error
}

// bypass is implemented by an FS that has another way to write a file. It may answer nil: not for
// this file.
type bypass interface {
	direct(name string) (Direct, error)
}

// OpenDirect opens a file, which is open as f, for direct writes. Where the system has no such
// thing they go through f, which in any case must stay open longer.
func OpenDirect(disk FS, name string, f File) (Direct, error) {
	if b, ok := disk.(bypass); ok {
		if d, err := b.direct(name); d != nil || err != nil {
			return d, err
		}
	}
	return indirect{f}, nil
}

// indirect is the way through an ordinary file, which is its owner's to close.
type indirect struct{ File }

func (indirect) Close() error { return nil }

// Aligned returns a buffer of n zeros whose address is a multiple of DirectBytes.
func Aligned(n int) []byte {
	b := make([]byte, n+DirectBytes)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (DirectBytes - 1)
	return b[skip : skip+n : skip+n]
}
