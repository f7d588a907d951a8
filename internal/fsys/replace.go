package fsys

import (
	"errors"
	"fmt"
	"io"
	"path"
)

// ReadFile returns the contents of a file of at most maxBytes bytes; a longer one is an error
// and nothing is allocated for it.
func ReadFile(disk FS, name string, maxBytes int64) ([]byte, error) {
	f, err := disk.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := readAll(f, name, maxBytes)
	return data, errors.Join(err, f.Close())
}

func readAll(f File, name string, maxBytes int64) ([]byte, error) {
	size, err := f.Size()
	if err != nil {
		return nil, fmt.Errorf("size of %q: %w", name, err)
	}
	if size > maxBytes {
		return nil, fmt.Errorf("%q has %d bytes, at most %d are read", name, size, maxBytes)
	}
	data := make([]byte, size)
	n, err := f.ReadAt(data, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read %q: %w", name, err)
	}
	return data[:n], nil
}

// Replace gives a file new contents so that a crash at any moment leaves the old file or the
// new one, whole, and so that the new one is durable when Replace returns nil. The new contents
// are first written to name + ".tmp"; a crash may leave that file behind. One caller at a time
// for a name.
func Replace(disk FS, name string, data []byte) error {
	temp := name + ".tmp"
	f, err := disk.Create(temp)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %q: %w", temp, err)
	}
	if err := disk.Rename(temp, name); err != nil {
		return err
	}
	return disk.SyncDir(path.Dir(name))
}
