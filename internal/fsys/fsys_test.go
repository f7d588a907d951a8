package fsys

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// each runs f on every implementation.
func each(t *testing.T, f func(t *testing.T, disk FS)) {
	t.Run("os", func(t *testing.T) {
		disk, err := Dir(filepath.Join(t.TempDir(), "new", "root"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := disk.Close(); err != nil {
				t.Error(err)
			}
		})
		f(t, disk)
	})
	t.Run("mem", func(t *testing.T) { f(t, NewMem()) })
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, disk FS, name, text string, sync bool) {
	t.Helper()
	f := must[File](t)(disk.Create(name))
	must[int](t)(f.Write([]byte(text)))
	if sync {
		ok(t, f.Sync())
	}
	ok(t, f.Close())
}

func get(t *testing.T, disk FS, name string) string {
	t.Helper()
	return string(must[[]byte](t)(ReadFile(disk, name, 1<<20)))
}

func TestConformFile(t *testing.T) {
	each(t, func(t *testing.T, disk FS) {
		f := must[File](t)(disk.Create("a"))
		must[int](t)(f.Write([]byte("hello")))
		must[int](t)(f.WriteAt([]byte("J"), 0))
		must[int](t)(f.Write([]byte(" world")))
		must[int](t)(f.WriteAt([]byte("!"), 13))
		ok(t, f.Sync())
		if got, want := get(t, disk, "a"), "Jello world\x00\x00!"; got != want {
			t.Errorf("contents %q, want %q", got, want)
		}
		ok(t, f.Truncate(5))
		must[int](t)(f.Write([]byte("+")))
		ok(t, f.Truncate(8))
		if got, want := get(t, disk, "a"), "Jello+\x00\x00"; got != want {
			t.Errorf("after truncation %q, want %q", got, want)
		}
		buf := make([]byte, 6)
		if n, err := f.ReadAt(buf, 4); n != 4 || !errors.Is(err, io.EOF) {
			t.Errorf("ReadAt over the end = %d, %v", n, err)
		}
		if n, err := f.ReadAt(buf, 100); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("ReadAt past the end = %d, %v", n, err)
		}
		if size := must[int64](t)(f.Size()); size != 8 {
			t.Errorf("size %d, want 8", size)
		}
		ok(t, f.Close())
		if err := f.Close(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("second Close = %v", err)
		}

		g := must[File](t)(disk.Edit("a"))
		must[int](t)(g.Write([]byte("end")))
		ok(t, g.Close())
		if got := get(t, disk, "a"); got != "Jello+\x00\x00end" {
			t.Errorf("Edit then Write: %q", got)
		}
		r := must[File](t)(disk.Open("a"))
		if _, err := r.WriteAt([]byte("x"), 0); err == nil {
			t.Error("a file opened for reading took a write")
		}
		ok(t, r.Close())
		put(t, disk, "a", "short", false)
		if size := must[int64](t)(disk.Stat("a")); size != 5 {
			t.Errorf("Create did not empty the file: size %d", size)
		}
	})
}

func TestConformNames(t *testing.T) {
	each(t, func(t *testing.T, disk FS) {
		ok(t, disk.MkdirAll("d/e"))
		ok(t, disk.MkdirAll("d/e"))
		put(t, disk, "d/e/x", "x", true)
		put(t, disk, "b", "b", true)
		ok(t, disk.Rename("b", "d/b"))
		ok(t, disk.Rename("d/e", "d/f"))
		entries := must[[]Entry](t)(disk.ReadDir("d"))
		if want := []Entry{{"b", false}, {"f", true}}; !slices.Equal(entries, want) {
			t.Errorf("entries %v, want %v", entries, want)
		}
		if got := get(t, disk, "d/f/x"); got != "x" {
			t.Errorf("file in the renamed directory: %q", got)
		}
		if err := disk.Remove("d/f"); err == nil {
			t.Error("a directory that is not empty was removed")
		}
		ok(t, disk.Remove("d/f/x"))
		ok(t, disk.Remove("d/f"))
		ok(t, disk.SyncDir("d"))
		for op, err := range map[string]error{
			"open":    second(disk.Open("d/f/x")),
			"edit":    second(disk.Edit("none")),
			"create":  second(disk.Create("none/x")),
			"readdir": second(disk.ReadDir("none")),
			"stat":    second(disk.Stat("none")),
			"rename":  disk.Rename("none", "other"),
			"remove":  disk.Remove("none"),
			"syncdir": disk.SyncDir("none"),
		} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s of a missing name = %v, want ErrNotExist", op, err)
			}
		}
		for op, err := range map[string]error{
			"open a directory":     second(disk.Open("d")),
			"create a directory":   second(disk.Create("d")),
			"mkdir through a file": disk.MkdirAll("d/b/c"),
		} {
			if err == nil {
				t.Errorf("%s: no error", op)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestNamesStayInside(t *testing.T) {
	each(t, func(t *testing.T, disk FS) {
		for _, name := range []string{"", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/"} {
			for op, err := range map[string]error{
				"open":    second(disk.Open(name)),
				"edit":    second(disk.Edit(name)),
				"create":  second(disk.Create(name)),
				"readdir": second(disk.ReadDir(name)),
				"stat":    second(disk.Stat(name)),
				"rename":  disk.Rename("a", name),
				"remove":  disk.Remove(name),
				"mkdir":   disk.MkdirAll(name),
				"syncdir": disk.SyncDir(name),
				"lock":    second(disk.Lock(name, "")),
			} {
				if err == nil {
					t.Errorf("%s %q: no error", op, name)
				}
			}
		}
	})
}

func TestLinksStayInside(t *testing.T) {
	outside, root := t.TempDir(), t.TempDir()
	ok(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("s"), 0o600))
	ok(t, os.Symlink(outside, filepath.Join(root, "out")))
	disk := must[*OS](t)(Existing(root))
	if _, err := disk.Open("out/secret"); err == nil {
		t.Error("followed a link out of the root")
	}
	ok(t, disk.Close())
	if _, err := Existing(filepath.Join(root, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Existing of a missing directory = %v", err)
	}
}

func TestLock(t *testing.T) {
	each(t, func(t *testing.T, disk FS) {
		lock := must[Lock](t)(disk.Lock("LOCK", "pid 7 since noon"))
		var locked *LockedError
		if _, err := disk.Lock("LOCK", "other"); !errors.As(err, &locked) {
			t.Fatalf("second Lock = %v, want LockedError", err)
		}
		if locked.Name != "LOCK" || locked.Note != "pid 7 since noon" || !strings.Contains(locked.Error(), "pid 7") {
			t.Errorf("LockedError %+v", locked)
		}
		ok(t, lock.Close())
		if err := lock.Close(); err == nil {
			t.Error("second Close: no error")
		}
		ok(t, must[Lock](t)(disk.Lock("LOCK", "again")).Close())
	})
}

func TestStaleLockIsFree(t *testing.T) {
	root := t.TempDir()
	ok(t, os.WriteFile(filepath.Join(root, "LOCK"), []byte("pid of a dead process with a long note"), 0o600))
	disk := must[*OS](t)(Existing(root))
	lock := must[Lock](t)(disk.Lock("LOCK", "me"))
	if got := get(t, disk, "LOCK"); got != "me\n" {
		t.Errorf("note %q", got)
	}
	ok(t, lock.Close())
	ok(t, disk.Close())
}

func TestReplace(t *testing.T) {
	each(t, func(t *testing.T, disk FS) {
		ok(t, Replace(disk, "f", []byte("one")))
		ok(t, Replace(disk, "f", []byte("two")))
		if got := get(t, disk, "f"); got != "two" {
			t.Errorf("contents %q", got)
		}
		if _, err := ReadFile(disk, "f", 2); err == nil {
			t.Error("ReadFile passed its bound")
		}
	})
}

// TestReplaceSurvives cuts the power at every step of a Replace, many times each.
func TestReplaceSurvives(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	before, after := bytes.Repeat([]byte("old"), 400), bytes.Repeat([]byte("brand new"), 300)
	seen := map[string]int{}
	for range 200 {
		m := NewMem()
		ok(t, Replace(m, "f", before))
		cut := func(done bool) {
			data := must[[]byte](t)(ReadFile(m.Crash(rng), "f", 1<<20))
			switch {
			case bytes.Equal(data, after):
				seen["new"]++
			case bytes.Equal(data, before) && !done:
				seen["old"]++
			default:
				t.Fatalf("done=%v: neither old nor new: %d bytes", done, len(data))
			}
		}
		m.Fail = func(string, string) error { cut(false); return nil }
		ok(t, Replace(m, "f", after))
		m.Fail = nil
		cut(true)
	}
	if seen["old"] == 0 || seen["new"] == 0 {
		t.Errorf("the cuts showed only one side: %v", seen)
	}
}

func TestCrashKeepsWhatWasSynced(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	kinds := map[string]int{}
	for range 2000 {
		m := NewMem()
		ok(t, m.MkdirAll("d"))
		ok(t, m.SyncDir("."))
		f := must[File](t)(m.Create("d/f"))
		synced := bytes.Repeat([]byte{1}, 700)
		must[int](t)(f.Write(synced))
		ok(t, f.Sync())
		ok(t, m.SyncDir("d"))
		must[int](t)(f.Write(bytes.Repeat([]byte{2}, 1500)))
		put(t, m, "d/g", "unsynced name", true)
		image := m.Crash(rng)
		data := must[[]byte](t)(ReadFile(image, "d/f", 1<<20))
		if !bytes.HasPrefix(data, synced) {
			t.Fatalf("synced bytes changed: %d bytes", len(data))
		}
		tail := data[700:]
		switch {
		case len(tail) == 0:
			kinds["lost"]++
		case len(tail) == 1500 && bytes.Count(tail, []byte{2}) == 1500:
			kinds["kept"]++
		case bytes.Count(tail, []byte{2}) == len(tail):
			kinds["prefix"]++
		default:
			kinds["torn"]++
		}
		switch _, err := image.Stat("d/g"); {
		case err == nil:
			kinds["name kept"]++
		case errors.Is(err, fs.ErrNotExist):
			kinds["name lost"]++
		default:
			t.Fatal(err)
		}
	}
	for _, kind := range []string{"lost", "kept", "prefix", "torn", "name kept", "name lost"} {
		if kinds[kind] < 50 {
			t.Errorf("%q came up %d times of 2000", kind, kinds[kind])
		}
	}
}

func TestCrashLosesAnUnsyncedDirectory(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	lost := 0
	for range 50 {
		m := NewMem()
		ok(t, m.MkdirAll("d"))
		put(t, m, "d/f", "x", true)
		ok(t, m.SyncDir("d"))
		if _, err := m.Crash(rng).Stat("d/f"); err != nil {
			lost++
		}
	}
	if lost == 0 || lost == 50 {
		t.Errorf("directory without SyncDir of its parent lost %d of 50 times", lost)
	}
}

func TestFail(t *testing.T) {
	errDisk := errors.New("no space")
	m := NewMem()
	put(t, m, "f", "12345678", true)
	ok(t, m.SyncDir("."))
	f := must[File](t)(m.Edit("f"))
	var refuse error
	m.Fail = func(op, name string) error {
		if op == "write" || op == "sync" {
			return refuse
		}
		return nil
	}
	refuse = errDisk
	if n, err := f.WriteAt([]byte("ABCD"), 0); n != 0 || !errors.Is(err, errDisk) {
		t.Errorf("failed write = %d, %v", n, err)
	}
	refuse = io.ErrShortWrite
	if n, err := f.WriteAt([]byte("ABCD"), 0); n != 2 || !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("short write = %d, %v", n, err)
	}
	refuse = errDisk
	if err := f.Sync(); !errors.Is(err, errDisk) {
		t.Errorf("failed sync = %v", err)
	}
	refuse = nil
	ok(t, f.Sync())
	if got := get(t, m, "f"); got != "AB345678" {
		t.Errorf("contents %q", got)
	}
	rng, old := rand.New(rand.NewPCG(7, 8)), 0
	for range 40 {
		if get(t, m.Crash(rng), "f") == "12345678" {
			old++
		}
	}
	if old == 0 {
		t.Error("a sync after a failed one made the doubtful bytes durable")
	}
	if got := get(t, m.Clone(), "f"); got != "AB345678" {
		t.Errorf("clone holds %q", got)
	}
}
