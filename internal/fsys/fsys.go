// Package fsys is the seam between the program and its disk: the few file operations that
// durable data needs, each with its promise about crashes stated, behind one small interface
// with a real and an in-memory implementation. The in-memory one can forget, tear and refuse,
// so every promise about durability can be tested by losing power on purpose.
//
// Typical sequence, to replace a file so that a crash leaves the old or the new one:
//
//	disk, err := fsys.Dir("/var/lib/freshet")  // or fsys.NewMem() in a test
//	lock, err := disk.Lock("LOCK", "pid 1234") // one writer per directory
//	f, err := disk.Create("state.tmp")
//	f.Write(data); f.Sync(); f.Close()
//	disk.Rename("state.tmp", "state")
//	disk.SyncDir(".")                          // only now is the new name durable
//
// [Replace] is that sequence in one call and [ReadFile] reads a whole file within a bound.
//
// Names are slash-separated paths relative to the root, "." being the root itself. A name
// that is not valid by [fs.ValidPath] (absolute, with "..", with an empty element) is refused,
// and the real implementation also refuses to follow a symbolic link out of the root.
//
// The package leaves out permissions, links, modification times and memory mapping, and it
// does not retry: an error of the disk reaches the caller as it is.
package fsys

import (
	"fmt"
	"io/fs"
)

// FS is a directory tree. Its methods may be called from several goroutines. Errors about one
// name are [*fs.PathError] and answer to [fs.ErrNotExist] and its siblings.
type FS interface {
	// Open opens an existing file for reading only.
	Open(name string) (File, error)
	// Edit opens an existing file for reading and writing, contents kept.
	Edit(name string) (File, error)
	// Create makes an empty file, or empties an existing one, for reading and writing. The name
	// is durable after SyncDir of its directory, the contents after File.Sync.
	Create(name string) (File, error)
	// ReadDir lists a directory by name, ascending.
	ReadDir(name string) ([]Entry, error)
	// Stat returns the size of a file in bytes; a directory has size 0.
	Stat(name string) (int64, error)
	// Rename moves a file or directory, replacing a file that has the new name. A crash leaves
	// the old or the new state; the new one is durable after SyncDir of both directories.
	Rename(from, to string) error
	// Remove deletes a file or an empty directory, durably after SyncDir.
	Remove(name string) error
	// MkdirAll makes a directory and its parents where missing. Each new name is durable after
	// SyncDir of the directory that holds it.
	MkdirAll(name string) error
	// SyncDir makes the names in a directory durable: files created, renamed and removed there.
	SyncDir(name string) error
	// Lock takes the exclusive lock called name, without waiting, and writes note into the file
	// of that name for whoever finds it taken. The holder's death releases it. When it is taken
	// the error is a [*LockedError].
	Lock(name, note string) (Lock, error)
}

// File is an open file. ReadAt, Size and Sync may run beside each other and beside one writing
// call; Write, WriteAt and Truncate are one goroutine's at a time.
type File interface {
	// Write appends at the end of the file. n < len(p) comes with an error.
	Write(p []byte) (n int, err error)
	// WriteAt writes at a byte offset, growing the file with zeros if the offset is past its end.
	WriteAt(p []byte, off int64) (n int, err error)
	// ReadAt reads as [io.ReaderAt] does: fewer bytes than asked come with an error, io.EOF at
	// the end of the file.
	ReadAt(p []byte, off int64) (n int, err error)
	// Sync makes durable every write and truncation that returned before Sync was called, along
	// with the size, but not the file's name. After a failure what was written since the last
	// good Sync is in doubt for good: another Sync may succeed without having written it.
	Sync() error
	// Truncate sets the size in bytes, cutting or growing with zeros.
	Truncate(size int64) error
	// Size returns the current size in bytes.
	Size() (int64, error)
	// Close releases the file. It does not sync.
	Close() error
}

// Entry is one name in a directory.
type Entry struct {
	Name string // the last element only
	Dir  bool
}

// Lock is a lock held; Close releases it.
type Lock interface {
	Close() error
}

// LockedError says that another holder has the lock.
type LockedError struct {
	Name string // the lock's name
	Note string // what the holder wrote about itself, at most 1 KiB; "" if it could not be read
}

func (e *LockedError) Error() string {
	if e.Note == "" {
		return fmt.Sprintf("%s is locked by another process", e.Name)
	}
	return fmt.Sprintf("%s is locked by another process: %s", e.Name, e.Note)
}

// maxNoteBytes bounds the note read back from a lock file.
const maxNoteBytes = 1024

// check refuses names that are not plain relative paths.
func check(op, name string) error {
	if !fs.ValidPath(name) {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return nil
}
