package fsys

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// datasync flushes contents and size, and spares the modification time that fsync would also
// write. An interrupted call has failed to wait, not to write, so it alone is repeated.
func datasync(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		for {
			if failed = syscall.Fdatasync(int(fd)); !errors.Is(failed, syscall.EINTR) {
				return
			}
		}
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return &fs.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
	}
	return nil
}
