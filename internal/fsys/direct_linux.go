package fsys

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// direct opens a file with O_DIRECT.
func (o *OS) direct(name string) (Direct, error) {
	if err := check("direct", name); err != nil {
		return nil, err
	}
	f, err := o.root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|syscall.O_DIRECT, 0)
	if errors.Is(err, syscall.EINVAL) {
		return nil, nil // the file system has no such thing
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}
