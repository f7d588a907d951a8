package movielens

import (
	"fmt"
	"io/fs"
)

// Layout is a form in which MovieLens data sets are published.
type Layout string

// The layouts.
const (
	Classic Layout = "ml-100k"
	Latest  Layout = "ml-latest-small"
)

// files lists the files of a layout in reading order, which is also the order of hashing.
func (l Layout) files() []string {
	if l == Classic {
		return []string{"u.genre", "u.item", "u.data"}
	}
	return []string{"movies.csv", "ratings.csv"}
}

// Detect tells which layout a folder has, by the names of its files alone. A folder that
// holds both is Classic.
func Detect(dir fs.FS) (Layout, bool) {
	for _, layout := range []Layout{Classic, Latest} {
		if _, err := layout.locate(dir); err == nil {
			return layout, true
		}
	}
	return "", false
}

// locate returns the paths of the layout's files: the plain file or, without one, the same
// name with .gz.
func (l Layout) locate(dir fs.FS) ([]string, error) {
	var paths []string
	for _, name := range l.files() {
		path, err := find(dir, name)
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// locateUsers returns the path of the file that tells of users, "" when the layout has none or the
// folder lacks it: the ratings are of use without.
func (l Layout) locateUsers(dir fs.FS) string {
	if l != Classic {
		return ""
	}
	path, err := find(dir, "u.user")
	if err != nil {
		return ""
	}
	return path
}

// find returns the path of a file, plain or with .gz.
func find(dir fs.FS, name string) (string, error) {
	if _, err := fs.Stat(dir, name); err == nil {
		return name, nil
	}
	path := name + ".gz"
	if _, err := fs.Stat(dir, path); err != nil {
		return "", fmt.Errorf("no %s and no %s: %w", name, path, err)
	}
	return path, nil
}
