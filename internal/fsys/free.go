package fsys

// gauge is implemented by an FS that can tell how much room is left.
type gauge interface {
	free() (bytes int64, err error)
}

// Free returns how many bytes the disk has room for, as far as this can be known: a quota may allow
// less.
func Free(disk FS) (bytes int64, known bool) {
	g, ok := disk.(gauge)
	if !ok {
		return 0, false
	}
	bytes, err := g.free()
	return bytes, err == nil
}
