package journal

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// Journals of every format version that was ever released are kept as they were written, below
// testdata/golden, and must open with the same records for ever. They are written once, when a
// version is new, by
//
//	go test ./journal -run TestGolden -write-golden
//
// and never again: the flag leaves alone what is there.
var writeGolden = flag.Bool("write-golden", false, "write the golden journals of the current format version that are not there")

const goldenRoot = "testdata/golden"

// goldens are the journals kept, by what was done to them.
var goldens = map[string]func(t *testing.T) *fsys.Mem{
	"closed": func(t *testing.T) *fsys.Mem {
		disk, _, _ := build(t, 12, minSizeBytes)
		return disk
	},
	"killed": func(t *testing.T) *fsys.Mem { // zeros at the end, over half a record
		disk := fsys.NewMem()
		l, _ := start(t, disk)
		ok(t, l.WaitDurable(t.Context(), put(t, l, 20)))
		image := disk.Clone()
		firsts := segmentsOf(t, image)
		name := segmentName(firsts[len(firsts)-1])
		l.mu.Lock()
		end, seed := l.written.at.end, l.seed
		l.mu.Unlock()
		rec := sample(21)
		torn := appendRecord(make([]byte, headerBytes), seed, &rec, 21)
		putMark(torn, seed, 20, 21)
		b := contents(t, image, name)
		if int(end)+len(torn) > len(b) {
			b = append(b, make([]byte, int(end)+len(torn)-len(b))...)
		}
		copy(b[end:], torn[:len(torn)-20])
		overwrite(t, image, name, b)
		return image
	},
	"released": func(t *testing.T) *fsys.Mem {
		disk, _, _ := build(t, 30, minSizeBytes)
		l, _ := start(t, disk)
		ok(t, l.Release(40))
		ok(t, l.Close())
		return disk
	},
	"empty": func(t *testing.T) *fsys.Mem {
		disk, _, _ := build(t, 0, minSizeBytes)
		return disk
	},
}

// copyTree copies the files of a journal.
func copyTree(t *testing.T, from, to fsys.FS) {
	t.Helper()
	ok(t, to.MkdirAll(dirName))
	for name, b := range treeOf(t, from) {
		overwrite(t, to, name, b)
	}
}

// treeOf returns the files of a journal with their contents.
func treeOf(t *testing.T, disk fsys.FS) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	entries, err := disk.ReadDir(dirName)
	ok(t, err)
	for _, e := range entries {
		name := dirName + "/" + e.Name
		files[name] = contents(t, disk, name)
	}
	return files
}

// recordsHash is the SHA-256 of every field of every durable record.
func recordsHash(disk fsys.FS) (hash string, last freshet.Position, err error) {
	r, err := OpenReader(disk)
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	sum := sha256.New()
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Sprintf("%x", sum.Sum(nil)), last, nil
		}
		if err != nil {
			return "", last, err
		}
		last = rec.Position
		fmt.Fprintf(sum, "%d %q %q %d %d %d %x\n", rec.Position, rec.Topic, rec.Source, rec.Received, rec.Seq, rec.Flags, rec.Payload)
	}
}

func TestGolden(t *testing.T) {
	if *writeGolden {
		writeGoldens(t)
	}
	root, err := fsys.Existing(goldenRoot)
	ok(t, err)
	defer func() { ok(t, root.Close()) }()
	versions, err := root.ReadDir(".")
	ok(t, err)
	opened := 0
	for _, v := range versions {
		cases, err := root.ReadDir(v.Name)
		ok(t, err)
		for _, c := range cases {
			if !c.Dir {
				continue
			}
			at := v.Name + "/" + c.Name
			t.Run(at, func(t *testing.T) { openGolden(t, at, string(contents(t, root, at+".sha256"))) })
			opened++
		}
	}
	if opened < len(goldens) {
		t.Errorf("%d golden journals, at least %d should be there", opened, len(goldens))
	}
}

// openGolden reads a golden journal as it is, opens it, reads it again and goes on with it; and
// refuses it, changing nothing, when one of its files says that it is newer.
func openGolden(t *testing.T, at, want string) {
	want = strings.TrimSpace(want)
	stored, err := fsys.Existing(goldenRoot + "/" + at)
	ok(t, err)
	defer func() { ok(t, stored.Close()) }()
	disk := fsys.NewMem()
	copyTree(t, stored, disk)
	before, _, err := recordsHash(disk)
	if err != nil || before != want {
		t.Errorf("read as it is: records %s, %v, want %s", before, err, want)
	}
	report, err := openClose(disk)
	if err != nil || report.Created {
		t.Fatalf("open: %+v, %v", report, err)
	}
	after, last, err := recordsHash(disk)
	if err != nil || after != want || last != report.Last && report.Records > 0 {
		t.Errorf("read after Open: records %s up to %d, %v, want %s", after, last, err, want)
	}
	l, _ := start(t, disk)
	put(t, l, 3)
	ok(t, l.Close())
	if n, err := count(disk); err != nil || n != report.Last+3 {
		t.Errorf("%d records after 3 more than %d: %v", n, report.Last, err)
	}
	files := treeOf(t, stored)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		version, sum := 8, 60
		switch name {
		case markName:
			version, sum = 4, 28
		case keptName:
			version, sum = 4, 36
		}
		newer := fsys.NewMem()
		copyTree(t, stored, newer)
		overwrite(t, newer, name, resealed(files[name], func(b []byte) { b[version]++ }, sum))
		untouched := treeOf(t, newer)
		if _, err := openClose(newer); !errors.Is(err, ErrNewerFormat) {
			t.Errorf("with %s of the next version: %v", name, err)
		}
		if !maps.EqualFunc(untouched, treeOf(t, newer), bytes.Equal) {
			t.Errorf("with %s of the next version: files were changed", name)
		}
	}
}

// writeGoldens writes those of the current version that are not there.
func writeGoldens(t *testing.T) {
	root, err := fsys.Dir(goldenRoot)
	ok(t, err)
	defer func() { ok(t, root.Close()) }()
	for name, made := range goldens {
		at := fmt.Sprintf("v%d/%s", FormatVersion, name)
		if _, err := root.Stat(at); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		disk := made(t)
		to, err := fsys.Dir(goldenRoot + "/" + at)
		ok(t, err)
		copyTree(t, disk, to)
		ok(t, to.Close())
		hash, last, err := recordsHash(disk)
		ok(t, err)
		overwrite(t, root, at+".sha256", []byte(hash+"\n"))
		t.Logf("wrote %s, up to record %d", at, last)
	}
}
