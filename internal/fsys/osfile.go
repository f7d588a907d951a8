package fsys

import "os"

// osFile appends by position instead of O_APPEND, which would forbid WriteAt.
type osFile struct {
	f   *os.File
	end int64 // the writing goroutine's view of the size
}

func (f *osFile) Write(p []byte) (int, error) { return f.WriteAt(p, f.end) }

func (f *osFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.f.WriteAt(p, off)
	f.end = max(f.end, off+int64(n))
	return n, err
}

func (f *osFile) ReadAt(p []byte, off int64) (int, error) { return f.f.ReadAt(p, off) }

func (f *osFile) Sync() error { return datasync(f.f) }

func (f *osFile) Truncate(size int64) error {
	if err := f.f.Truncate(size); err != nil {
		return err
	}
	f.end = size
	return nil
}

func (f *osFile) Size() (int64, error) {
	info, err := f.f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f *osFile) Close() error { return f.f.Close() }
