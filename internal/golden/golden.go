// Package golden keeps data directories as a release wrote them, so that later ones prove that they
// still open them:
//
//	golden.Test(t, "v1", map[string]golden.Case{"closed": {Make: …, Hash: …}})
//
// opens every directory below testdata/golden/VERSION/NAME of the package under test and holds its
// hash against the one kept beside it. Directories of the version named that are not there yet are
// written by
//
//	go test ./PACKAGE -run Golden -write-golden
//
// and never again: the flag leaves alone what is there. Whoever changes a format adds a version;
// those before stay.
//
// What it leaves out: what the hash is of, and what else must hold of old files.
package golden

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
)

var writeGolden = flag.Bool("write-golden", false, "write the golden directories of the current format version that are not there")

const root = "testdata/golden"

// maxBytes bounds a file: they are small, or they would not be kept.
const maxBytes = 1 << 20

// Case is one directory.
type Case struct {
	Make func(t testing.TB) *fsys.Mem                  // writes it, with the current release
	Hash func(t testing.TB, disk *fsys.Mem) (h string) // of all that it says; may change the disk
}

// Test opens all directories kept, of whatever version, and writes missing ones of version if the
// flag says so. Each must have a case, which knows how to read it, and each case a directory of
// version.
func Test(t *testing.T, version string, cases map[string]Case) {
	t.Helper()
	if *writeGolden {
		write(t, version, cases)
	}
	disk, err := fsys.Existing(root)
	check(t, err)
	defer func() { check(t, disk.Close()) }()
	versions, err := disk.ReadDir(".")
	check(t, err)
	current := 0
	for _, v := range versions {
		names, err := disk.ReadDir(v.Name)
		check(t, err)
		for _, e := range names {
			if !e.Dir {
				continue
			}
			at := v.Name + "/" + e.Name
			c, known := cases[e.Name]
			if !known {
				t.Errorf("nobody reads %s", at)
				continue
			}
			if v.Name == version {
				current++
			}
			t.Run(at, func(t *testing.T) {
				want, err := fsys.ReadFile(disk, at+".sha256", maxBytes)
				check(t, err)
				copied := fsys.NewMem()
				tree(t, disk, at, ".", copied)
				if got := c.Hash(t, copied); got != strings.TrimSpace(string(want)) {
					t.Errorf("its hash is %s instead of %s", got, want)
				}
			})
		}
	}
	if current != len(cases) {
		t.Errorf("%d directories of %s, want %d", current, version, len(cases))
	}
}

// tree copies what is below from/at to the same place of another disk.
func tree(t testing.TB, disk fsys.FS, from, at string, to fsys.FS) {
	t.Helper()
	entries, err := disk.ReadDir(path.Join(from, at))
	check(t, err)
	check(t, to.MkdirAll(at))
	for _, e := range entries {
		name := path.Join(at, e.Name)
		if e.Dir {
			tree(t, disk, from, name, to)
			continue
		}
		text, err := fsys.ReadFile(disk, path.Join(from, name), maxBytes)
		check(t, err)
		check(t, fsys.Replace(to, name, text))
	}
}

func write(t testing.TB, version string, cases map[string]Case) {
	t.Helper()
	disk, err := fsys.Dir(root)
	check(t, err)
	defer func() { check(t, disk.Close()) }()
	for name, c := range cases {
		at := version + "/" + name
		if _, err := disk.Stat(at); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		made := c.Make(t)
		to, err := fsys.Dir(root + "/" + at)
		check(t, err)
		tree(t, made, ".", ".", to)
		check(t, to.Close())
		check(t, fsys.Replace(disk, at+".sha256", fmt.Appendf(nil, "%s\n", c.Hash(t, made))))
		t.Logf("wrote %s", at)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
