package fsys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// OS is a directory of the real file system. Get one from [Dir].
type OS struct {
	root *os.Root
}

// Dir returns the tree under root, making the directory (and its parents) durably when it is
// missing.
func Dir(root string) (*OS, error) {
	var made []string // parents that hold a new name
	for dir := filepath.Clean(root); ; dir = filepath.Dir(dir) {
		_, err := os.Stat(dir)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return nil, err
		}
		made = append(made, filepath.Dir(dir))
	}
	if err := os.MkdirAll(root, 0o750); err != nil {
		return nil, err
	}
	for _, parent := range made {
		if err := syncPath(parent); err != nil {
			return nil, err
		}
	}
	return Existing(root)
}

func syncPath(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Existing returns the tree under root and changes nothing on disk: a missing directory is an
// error answering to [fs.ErrNotExist].
func Existing(root string) (*OS, error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	return &OS{root: r}, nil
}

// Root returns the path the tree was made with.
func (o *OS) Root() string { return o.root.Name() }

// Close releases the handle on the root. Files already open stay usable.
func (o *OS) Close() error { return o.root.Close() }

// Open implements [FS].
func (o *OS) Open(name string) (File, error) { return o.open("open", name, os.O_RDONLY) }

// Edit implements [FS].
func (o *OS) Edit(name string) (File, error) { return o.open("edit", name, os.O_RDWR) }

// Create implements [FS]. New files are readable by the owner and the group.
func (o *OS) Create(name string) (File, error) {
	return o.open("create", name, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func (o *OS) open(op, name string, flag int) (File, error) {
	if err := check(op, name); err != nil {
		return nil, err
	}
	f, err := o.root.OpenFile(filepath.FromSlash(name), flag, 0o640)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: op, Path: name, Err: errors.New("not a regular file")}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &osFile{f: f, end: info.Size()}, nil
}

// ReadDir implements [FS].
func (o *OS) ReadDir(name string) ([]Entry, error) {
	if err := check("readdir", name); err != nil {
		return nil, err
	}
	found, err := fs.ReadDir(o.root.FS(), name)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(found))
	for i, e := range found {
		entries[i] = Entry{Name: e.Name(), Dir: e.IsDir()}
	}
	return entries, nil
}

// Stat implements [FS].
func (o *OS) Stat(name string) (int64, error) {
	if err := check("stat", name); err != nil {
		return 0, err
	}
	info, err := o.root.Stat(filepath.FromSlash(name))
	if err != nil {
		return 0, err
	}
	if info.IsDir() {
		return 0, nil
	}
	return info.Size(), nil
}

// Rename implements [FS].
func (o *OS) Rename(from, to string) error {
	if err := errors.Join(check("rename", from), check("rename", to)); err != nil {
		return err
	}
	return o.root.Rename(filepath.FromSlash(from), filepath.FromSlash(to))
}

// Remove implements [FS].
func (o *OS) Remove(name string) error {
	if err := check("remove", name); err != nil {
		return err
	}
	return o.root.Remove(filepath.FromSlash(name))
}

// MkdirAll implements [FS].
func (o *OS) MkdirAll(name string) error {
	if err := check("mkdir", name); err != nil {
		return err
	}
	return o.root.MkdirAll(filepath.FromSlash(name), 0o750)
}

// SyncDir implements [FS].
func (o *OS) SyncDir(name string) error {
	if err := check("syncdir", name); err != nil {
		return err
	}
	d, err := o.root.Open(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync directory %q: %w", name, err)
	}
	return nil
}
