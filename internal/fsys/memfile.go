package fsys

import (
	"errors"
	"io"
	"io/fs"
	"slices"
)

// memFile is an open file of a Mem. It stays with its node when the name moves or goes.
type memFile struct {
	m      *Mem
	n      *node
	name   string
	write  bool
	closed bool
}

// begin asks Fail, takes the lock and refuses a closed file; the caller unlocks on nil.
func (f *memFile) begin(op string, write bool) error {
	if err := f.m.fail(op, f.name); err != nil {
		return err
	}
	f.m.mu.Lock()
	if err := f.usable(op, write); err != nil {
		f.m.mu.Unlock()
		return err
	}
	return nil
}

func (f *memFile) usable(op string, write bool) error {
	if f.closed {
		return refuse(op, f.name, fs.ErrClosed)
	}
	if write && !f.write {
		return refuse(op, f.name, fs.ErrPermission)
	}
	return nil
}

func (f *memFile) Write(p []byte) (int, error) { return f.writeAt(p, -1) }

func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, refuse("write", f.name, fs.ErrInvalid)
	}
	return f.writeAt(p, off)
}

// writeAt writes at off, or at the end when off < 0.
func (f *memFile) writeAt(p []byte, off int64) (int, error) {
	failed := f.m.fail("write", f.name)
	if errors.Is(failed, io.ErrShortWrite) {
		p = p[:len(p)/2]
	} else if failed != nil {
		return 0, failed
	}
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.usable("write", true); err != nil {
		return 0, err
	}
	if off < 0 {
		off = int64(len(f.n.data))
	}
	f.n.writeAt(p, off)
	return len(p), failed
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, refuse("read", f.name, fs.ErrInvalid)
	}
	if err := f.begin("read", false); err != nil {
		return 0, err
	}
	defer f.m.mu.Unlock()
	if off >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.n.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Sync() error {
	failed := f.m.fail("sync", f.name)
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.usable("sync", false); err != nil {
		return err
	}
	if failed == nil {
		f.n.base = replay(f.n.base, f.n.ops)
	}
	f.n.ops = nil
	return failed
}

func (f *memFile) Truncate(size int64) error {
	if size < 0 {
		return refuse("truncate", f.name, fs.ErrInvalid)
	}
	if err := f.begin("truncate", true); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	f.n.truncate(size)
	return nil
}

func (f *memFile) Size() (int64, error) {
	if err := f.begin("size", false); err != nil {
		return 0, err
	}
	defer f.m.mu.Unlock()
	return int64(len(f.n.data)), nil
}

// Close closes the file even when Fail makes it report an error.
func (f *memFile) Close() error {
	failed := f.m.fail("close", f.name)
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.closed {
		return refuse("close", f.name, fs.ErrClosed)
	}
	f.closed = true
	return failed
}

func (n *node) writeAt(p []byte, off int64) {
	op := fileOp{off: off, data: append([]byte{}, p...)}
	n.data = op.on(n.data)
	n.ops = append(n.ops, op)
}

func (n *node) truncate(size int64) {
	op := fileOp{off: size}
	n.data = op.on(n.data)
	n.ops = append(n.ops, op)
}

// on applies the operation to contents and returns them; the slice passed in is used up.
func (o fileOp) on(contents []byte) []byte {
	if o.data == nil {
		return resize(contents, int(o.off))
	}
	if end := int(o.off) + len(o.data); end > len(contents) {
		contents = resize(contents, end)
	}
	copy(contents[o.off:], o.data)
	return contents
}

func replay(contents []byte, ops []fileOp) []byte {
	for _, op := range ops {
		contents = op.on(contents)
	}
	return contents
}

// resize cuts or grows with zeros.
func resize(b []byte, size int) []byte {
	if size <= len(b) {
		return b[:size]
	}
	old := len(b)
	b = slices.Grow(b, size-old)[:size]
	clear(b[old:])
	return b
}
