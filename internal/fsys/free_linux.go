package fsys

import "syscall"

// free asks the file system that holds the root.
func (o *OS) free() (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(o.root.Name(), &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
