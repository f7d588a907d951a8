package deadletter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"syscall"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
)

// holds checks that a tree has letters 1 to at least acked and at most brought of a source whose
// line n is letter n, that opening says so too, and that it can go on.
func holds(image *fsys.Mem, acked, brought int) error {
	s, report, err := Open(Options{FS: image, MaxBytes: minMaxBytes})
	if err != nil {
		return err
	}
	if len(report.Damages) > 0 {
		return errors.Join(fmt.Errorf("taken for damage: %v", report.Damages), s.Close())
	}
	kept, known, err := s.Append(letters("import:a", 1, brought))
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	if known < acked || kept+known != brought {
		return fmt.Errorf("%d known and %d new of %d, of which %d were acknowledged", known, kept, brought, acked)
	}
	page, err := List(image, 0, brought+1)
	if err != nil {
		return err
	}
	if len(page.Letters) != brought || len(page.Damages) > 0 {
		return fmt.Errorf("%d letters of %d, damages %v", len(page.Letters), brought, page.Damages)
	}
	for i, l := range page.Letters {
		want := letter("import:a", i+1)
		want.ID = ID(i + 1)
		if !reflect.DeepEqual(l, want) {
			return fmt.Errorf("%s is %+v, want %+v", l.ID, l, want)
		}
	}
	return nil
}

// TestPowerCutsLoseNothingKept cuts the power at every operation, several times each.
func TestPowerCutsLoseNothingKept(t *testing.T) {
	images := 0
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 1))
		disk := fsys.NewMem()
		acked, brought := 0, 0
		step := func(op string) {
			for range 4 {
				images++
				if err := holds(disk.Crash(rng), acked, brought); err != nil {
					t.Fatalf("seed %d, before %s: %v", seed, op, err)
				}
			}
		}
		disk.Fail = func(op, name string) error {
			switch op {
			case "write", "sync", "create", "syncdir", "truncate", "close":
				step(op + " of " + name)
			}
			return nil
		}
		for range 4 { // runs of the program
			s, _, err := Open(Options{FS: disk, MaxBytes: minMaxBytes})
			ok(t, err)
			s.fileBytes = 2000 // several files
			for range 3 {
				brought += 1 + rng.IntN(8)
				_, _, err := s.Append(letters("import:a", 1, brought))
				ok(t, err)
				acked = brought
			}
			ok(t, s.Close())
		}
		step("the end")
	}
	t.Logf("%d crash images", images)
}

// TestDiskErrorsAreNoPromises fails every operation once: what was acknowledged stays, and a
// Store that failed keeps nothing more.
func TestDiskErrorsAreNoPromises(t *testing.T) {
	for name, bad := range map[string]error{"an error": syscall.EIO, "a full disk": syscall.ENOSPC, "half a write": io.ErrShortWrite} {
		t.Run(name, func(t *testing.T) { sweep(t, bad) })
	}
}

// sweep lets each operation in turn fail with an error.
func sweep(t *testing.T, bad error) {
	for fail := 1; ; fail++ {
		disk := fsys.NewMem()
		ops := 0
		disk.Fail = func(op, _ string) error {
			if op == "close" {
				return nil
			}
			if ops++; ops == fail {
				return bad
			}
			return nil
		}
		acked, brought, failed := 0, 0, false
		for range 2 {
			s, _, err := Open(Options{FS: disk, MaxBytes: minMaxBytes})
			if failed = failed || err != nil; err != nil {
				continue
			}
			s.fileBytes = 500
			for range 3 {
				brought += 3
				switch _, _, err := s.Append(letters("import:a", 1, brought)); {
				case err == nil:
					acked = brought
				case s.err != nil:
					failed = true
					if _, _, err := s.Append(letters("import:b", 1, 1)); !errors.Is(err, ErrFailed) || !errors.Is(err, bad) {
						t.Fatalf("operation %d: appending after a failure: %v", fail, err)
					}
				default:
					failed = true
				}
			}
			ok(t, s.Close())
		}
		disk.Fail = nil
		if err := holds(disk.Clone(), acked, brought); err != nil {
			t.Fatalf("operation %d: %v", fail, err)
		}
		if ops < fail {
			if failed || fail < 20 {
				t.Fatalf("only %d operations, failed %v", ops, failed)
			}
			return
		}
	}
}

// whole returns a tree with one file of three batches, of two letters each, and its bytes.
func whole(t *testing.T) (*fsys.Mem, string, []byte) {
	t.Helper()
	disk := fsys.NewMem()
	s, _ := start(t, disk, 0)
	for batch := range 3 {
		add(t, s, letters("import:a", batch*2+1, batch*2+2), 2, 0)
	}
	ok(t, s.Close())
	name := fileName(1)
	text, err := fsys.ReadFile(disk, name, 1<<20)
	ok(t, err)
	return disk, name, text
}

func overwrite(t *testing.T, disk *fsys.Mem, name string, text []byte) {
	t.Helper()
	ok(t, fsys.Replace(disk, name, text))
}

// TestTornTailIsCut cuts the file at every byte and fills the rest with zeros or not: what is
// left opens, as far as it goes, and goes on.
func TestTornTailIsCut(t *testing.T) {
	_, name, text := whole(t)
	for size := range len(text) {
		for _, zeros := range []int{0, 1, 700} {
			disk := fsys.NewMem()
			ok(t, disk.MkdirAll(dir))
			if size < headBytes && zeros > 1 {
				continue // a head that was not durable has nothing behind it
			}
			overwrite(t, disk, name, append(bytes.Clone(text[:size]), make([]byte, zeros)...))
			s, report, err := Open(Options{FS: disk})
			ok(t, err)
			if len(report.Damages) > 0 {
				t.Fatalf("cut at %d, %d zeros: damages %v", size, zeros, report.Damages)
			}
			total := report.Total
			_, known, err := s.Append(letters("import:a", 1, 7))
			ok(t, errors.Join(err, s.Close()))
			if uint64(known) != total {
				t.Errorf("cut at %d: %d letters by the report, %d by their lines", size, total, known)
			}
			if got := all(t, disk, 10); len(got) != 7 {
				t.Errorf("cut at %d: %d letters afterwards", size, len(got))
			}
		}
	}
}

// TestEveryFlippedBitIsSeen damages each byte below the last mark: no letter is served that is
// not as it was kept, the damage is named with its file and place, and nothing is cut.
func TestEveryFlippedBitIsSeen(t *testing.T) {
	_, name, text := whole(t)
	want := map[ID]string{}
	for line := 1; line <= 6; line++ {
		want[ID(line)] = letter("import:a", line).Message
	}
	for at := range len(text) - recordBytes {
		disk := fsys.NewMem()
		ok(t, disk.MkdirAll(dir))
		bent := bytes.Clone(text)
		bent[at] ^= 1 << (at % 8)
		overwrite(t, disk, name, bent)
		page, err := List(disk, 0, 10)
		if errors.Is(err, ErrNewerFormat) {
			t.Fatalf("byte %d: %v", at, err)
		}
		ok(t, err)
		if len(page.Damages) != 1 || page.Damages[0].File != name || page.Damages[0].Offset > int64(at) || page.Damages[0].Offset+page.Damages[0].Bytes <= int64(at) {
			t.Fatalf("byte %d: damages %v", at, page.Damages)
		}
		lost := 6 - len(page.Letters)
		if lost > 1 && at >= headBytes {
			t.Errorf("byte %d costs %d letters", at, lost)
		}
		for _, l := range page.Letters {
			if l.Message != want[l.ID] {
				t.Errorf("byte %d: %s is %q", at, l.ID, l.Message)
			}
		}
		s, report, err := Open(Options{FS: disk})
		ok(t, err)
		if report.CutBytes != 0 || len(report.Damages) != 1 {
			t.Errorf("byte %d: report %+v", at, report)
		}
		kept, known, err := s.Append(letters("import:a", 1, 6))
		ok(t, errors.Join(err, s.Close()))
		if kept != lost || known != 6-lost {
			t.Errorf("byte %d: %d new and %d known with %d lost", at, kept, known, lost)
		}
		if got, err := List(disk, 0, 20); err != nil || len(got.Letters) != 6 || len(got.Damages) != 1 {
			t.Errorf("byte %d: %d letters, damages %v, %v after bringing them again", at, len(got.Letters), got.Damages, err)
		}
		if left, err := fsys.ReadFile(disk, name, 1<<20); err != nil || !bytes.Equal(left, bent) {
			t.Errorf("byte %d: the damaged file was changed", at)
		}
	}
}

func TestNewerFormatIsLeftAlone(t *testing.T) {
	for what, change := range map[string]func(h []byte){
		"version": func(h []byte) { h[8]++ }, "flag": func(h []byte) { h[12] = 1 }, "reserved": func(h []byte) { h[40] = 1 },
	} {
		disk, name, text := whole(t)
		change(text)
		overwrite(t, disk, name, resealed(text))
		if _, _, err := Open(Options{FS: disk}); !errors.Is(err, ErrNewerFormat) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := List(disk, 0, 1); !errors.Is(err, ErrNewerFormat) {
			t.Errorf("%s: listing says %v", what, err)
		}
		if left, err := fsys.ReadFile(disk, name, 1<<20); err != nil || !bytes.Equal(left, text) {
			t.Errorf("%s: the file was changed", what)
		}
	}
}

func TestForeignNamesAreNoFiles(t *testing.T) {
	disk, _, text := whole(t)
	for _, name := range []string{"notes", "7.letters", "00000000000000000000.letters", "00000000000000000007.letters~"} {
		overwrite(t, disk, dir+"/"+name, text)
	}
	ok(t, disk.MkdirAll(fileName(9)))
	if got := all(t, disk, 100); len(got) != 6 {
		t.Errorf("%d letters", len(got))
	}
}
