//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package fsys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// osLock holds an flock, which the kernel drops when the last descriptor goes, so a lock file
// left by a dead process is free.
type osLock struct {
	f *os.File
}

// Lock implements [FS].
func (o *OS) Lock(name, note string) (Lock, error) {
	if err := check("lock", name); err != nil {
		return nil, err
	}
	f, err := o.root.OpenFile(filepath.FromSlash(name), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, err
	}
	if err := flock(f, name, note); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &osLock{f: f}, nil
}

func flock(f *os.File, name, note string) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var taken error
	if err := conn.Control(func(fd uintptr) {
		taken = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB)
	}); err != nil {
		return err
	}
	if errors.Is(taken, syscall.EWOULDBLOCK) {
		held := make([]byte, maxNoteBytes)
		n, err := f.ReadAt(held, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			n = 0 // the holder is known to exist; what it says of itself is a courtesy
		}
		return &LockedError{Name: name, Note: strings.TrimSpace(string(held[:n]))}
	}
	if taken != nil {
		return fmt.Errorf("lock %q: %w", name, taken)
	}
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("write the lock's note: %w", err)
	}
	if _, err := f.WriteAt([]byte(note+"\n"), 0); err != nil {
		return fmt.Errorf("write the lock's note: %w", err)
	}
	return nil
}

// Close empties the note, so that a note in a free lock means a holder that died.
func (l *osLock) Close() error { return errors.Join(l.f.Truncate(0), l.f.Close()) }
