package globo

import (
	"io/fs"
	"slices"
	"strings"
)

// Detect tells whether a folder holds files of clicks, by their names alone.
func Detect(dir fs.FS) bool {
	paths, err := locate(dir)
	return err == nil && len(paths) > 0
}

// locate returns the files of clicks by name, which is by time. Of a file that stands there
// both plain and compressed, only the plain one counts.
func locate(dir fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		plain := strings.TrimSuffix(e.Name(), ".gz")
		if e.IsDir() || !strings.HasPrefix(plain, "clicks_") || !strings.HasSuffix(plain, ".csv") {
			continue
		}
		if !slices.Contains(paths, plain) { // a longer name sorts after its beginning
			paths = append(paths, e.Name())
		}
	}
	return paths, nil
}
