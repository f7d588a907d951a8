package snapshot

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
)

func sample(p freshet.Position) Snapshot {
	return Snapshot{Position: p, Config: [32]byte{1, 2}, Parts: []Part{
		{"state", bytes.Repeat([]byte{byte(p), 7}, 300)}, {"empty", nil}, {"admission", []byte("ids")}}}
}

func write(t testing.TB, disk fsys.FS, p freshet.Position) Info {
	t.Helper()
	info, err := Write(disk, sample(p))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestWhatWasWrittenIsRead(t *testing.T) {
	disk := fsys.NewMem()
	if list, err := List(disk); err != nil || len(list) != 0 {
		t.Fatalf("an empty directory has %v, %v", list, err)
	}
	first, second := write(t, disk, 10), write(t, disk, 300)
	if second.Before != 10 || second.PriorSum != first.Sum || first.Before != 0 {
		t.Errorf("the second names %d before it, sum right: %v", second.Before, second.PriorSum == first.Sum)
	}
	list, err := List(disk)
	if err != nil || len(list) != 2 || list[0] != second || list[1] != first {
		t.Errorf("list %+v, %v; want %+v and %+v", list, err, second, first)
	}
	s, info, err := Read(disk, 300)
	if err != nil || info != second || s.Config != sample(300).Config || s.Position != 300 {
		t.Fatalf("%+v, %+v, %v", s, info, err)
	}
	for _, p := range sample(300).Parts {
		if got, ok := s.Part(p.Name); !ok || !bytes.Equal(got, p.Data) {
			t.Errorf("part %s is %q, %v", p.Name, got, ok)
		}
	}
	if _, ok := s.Part("other"); ok {
		t.Error("there is a part that was not written")
	}
	if _, _, err := Read(disk, 11); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a position without a snapshot: %v", err)
	}
}

func TestKeep(t *testing.T) {
	disk := fsys.NewMem()
	for p := range freshet.Position(5) {
		write(t, disk, p+1)
	}
	if f, err := disk.Create(fileName(9) + ".tmp"); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	if err := Keep(disk, 2); err != nil {
		t.Fatal(err)
	}
	entries, err := disk.ReadDir(dir)
	if err != nil || len(entries) != 2 || !strings.HasPrefix(entries[0].Name, "00000000000000000004") {
		t.Errorf("kept %v, %v", entries, err)
	}
	if err := Keep(fsys.NewMem(), 1); err != nil {
		t.Errorf("nothing to keep: %v", err)
	}
}

// TestAFullDiskKeepsNoPart: what was written of a snapshot for which there is no room goes.
func TestAFullDiskKeepsNoPart(t *testing.T) {
	disk := fsys.NewMem()
	write(t, disk, 1)
	for n := 1; ; n++ {
		left := n
		disk.Fail = func(op, _ string) error {
			if op == "write" || op == "sync" {
				if left--; left == 0 {
					return syscall.ENOSPC
				}
			}
			return nil
		}
		_, err := Write(disk, sample(2))
		disk.Fail = nil
		if err == nil {
			break
		}
		if entries, lerr := disk.ReadDir(dir); lerr != nil || len(entries) != 1 || !fsys.IsNoSpace(err) {
			t.Fatalf("no room at write %d (%v): %v, %v", n, err, entries, lerr)
		}
	}
}

// TestGoalDamage changes, cuts and lengthens a file everywhere.
func TestGoalDamage(t *testing.T) {
	g := goal.Begin(t, "G6", "100 % of damage to snapshots detected", goal.Sizes{Quick: 1000, CI: 1000})
	disk := fsys.NewMem()
	info := write(t, disk, 42)
	whole, err := fsys.ReadFile(disk, info.File, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	try := func(what string, at int, text []byte) {
		t.Helper()
		g.Add(1)
		if err := fsys.Replace(disk, info.File, text); err != nil {
			t.Fatal(err)
		}
		var damaged *DamagedError
		if _, _, err := Read(disk, 42); !errors.As(err, &damaged) && !errors.Is(err, ErrNewerFormat) {
			t.Fatalf("%s at %d: %v", what, at, err)
		}
	}
	for at := range whole {
		bent := bytes.Clone(whole)
		bent[at] ^= 1 << rng.IntN(8)
		try("a bit changed", at, bent)
		try("cut", at, whole[:at])
	}
	try("lengthened", len(whole), append(bytes.Clone(whole), 0))
	g.End("100 %% detected")
}

// TestACrashLeavesAWholeSnapshotOrNone loses power at every step of a write.
func TestACrashLeavesAWholeSnapshotOrNone(t *testing.T) {
	whole := 0
	for seed := range uint64(300) {
		disk := fsys.NewMem()
		write(t, disk, 1)
		rng := rand.New(rand.NewPCG(seed, 0))
		var cut *fsys.Mem
		step := 1 + rng.IntN(25)
		disk.Fail = func(string, string) error {
			if step--; step == 0 {
				cut = disk.Crash(rng)
			}
			return nil
		}
		if _, err := Write(disk, sample(2)); err != nil {
			t.Fatal(err)
		}
		if cut == nil {
			cut = disk.Crash(rng) // after it all
			whole++
		}
		for _, p := range []freshet.Position{1, 2} {
			_, _, err := Read(cut, p)
			if p == 1 && err != nil || err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("seed %d: after a crash the snapshot of %d: %v", seed, p, err)
			}
		}
	}
	if whole == 0 || whole == 300 {
		t.Errorf("%d of 300 crashes came after the write", whole)
	}
}

func FuzzRead(f *testing.F) {
	disk := fsys.NewMem()
	info, err := Write(disk, sample(42))
	if err != nil {
		f.Fatal(err)
	}
	whole, err := fsys.ReadFile(disk, info.File, 1<<20)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := fsys.Replace(disk, info.File, text); err != nil {
			t.Fatal(err)
		}
		if s, _, err := Read(disk, 42); err == nil && len(s.Parts) > maxParts {
			t.Error("too many parts")
		}
	})
}
