package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// Bounds of a snapshot.
const (
	MaxBytes = 64 << 30 // of a file
	maxParts = 64
)

// dir is where snapshots are, below the root of the data directory.
const dir = "snapshots"

const suffix = ".snap"

// LockName is the lock held by whoever writes or removes snapshots.
const LockName = dir + "/LOCK"

// Lock takes the lock of those who Write and Keep, without waiting: a file that one of them is
// about to finish would be the other's leftover. note is shown to whoever finds it taken. The error
// is a [*fsys.LockedError] when it is, or one of the disk.
func Lock(disk fsys.FS, note string) (fsys.Lock, error) {
	err := disk.MkdirAll(dir)
	if err == nil {
		err = disk.SyncDir(".")
	}
	if err != nil {
		return nil, fmt.Errorf("make room for snapshots: %w", err)
	}
	return disk.Lock(LockName, note)
}

// Snapshot is a state at a position.
type Snapshot struct {
	Position freshet.Position // everything up to here is folded in
	Config   [32]byte         // hash of the configuration the state was made for
	Parts    []Part           // in the order they were written
}

// Part is one piece of a state.
type Part struct {
	Name string // up to 255 bytes, no two alike
	Data []byte
}

// Part returns the data of a part, and whether there is one of that name.
func (s *Snapshot) Part(name string) ([]byte, bool) {
	for i := range s.Parts {
		if s.Parts[i].Name == name {
			return s.Parts[i].Data, true
		}
	}
	return nil, false
}

// Info is what a snapshot says of itself.
type Info struct {
	File     string // path below the root
	Bytes    int64
	Position freshet.Position
	Config   [32]byte
	Sum      [32]byte         // SHA-256 of all bytes before it
	Before   freshet.Position // of the snapshot that was the newest when this one was written, 0 for none
	PriorSum [32]byte         // its Sum
}

// Follows reports whether what a snapshot says of the one before it fits that one, if before is it.
// One made for another configuration since may have taken its place, of which nothing is known.
func (i *Info) Follows(before *Info) error {
	if i.Before == 0 || i.Before != before.Position || i.Config != before.Config || i.PriorSum == before.Sum {
		return nil
	}
	return fmt.Errorf("snapshot %s was written after one of position %s with the checksum %x…, and that has %x…", i.File, i.Before, i.PriorSum[:4], before.Sum[:4])
}

// DamagedError says that a file is not what was written.
type DamagedError struct {
	File   string
	Offset int64 // where it stops making sense
	Reason string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("snapshot %s is damaged at byte %d: %s", e.File, e.Offset, e.Reason)
}

// ErrNewerFormat says that a file was written by a newer release.
var ErrNewerFormat = errors.New("the snapshot was written by a newer release")

func fileName(p freshet.Position) string {
	return fmt.Sprintf("%s/%020d%s", dir, uint64(p), suffix)
}

// position reads a name as it stands in the directory.
func position(base string) (freshet.Position, bool) {
	digits, ok := strings.CutSuffix(base, suffix)
	n, err := strconv.ParseUint(digits, 10, 64)
	return freshet.Position(n), ok && err == nil && len(digits) == 20
}

// positions lists the snapshots by their names, newest first. Files of interrupted writes and
// others are not among them.
func positions(disk fsys.FS) (list []freshet.Position, err error) {
	entries, err := disk.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	for _, e := range entries {
		if p, ok := position(e.Name); ok && !e.Dir {
			list = append(list, p)
		}
	}
	slices.Sort(list)
	slices.Reverse(list)
	return list, nil
}

// List returns what the snapshots say of themselves, newest first, after a look at their heads
// only. One whose head cannot be read is left out and named in the error, which may come with
// the others.
func List(disk fsys.FS) (list []Info, err error) {
	all, err := positions(disk)
	if err != nil {
		return nil, err
	}
	var bad []error
	for _, p := range all {
		info, err := readInfo(disk, p)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		list = append(list, info)
	}
	return list, errors.Join(bad...)
}

// Ignored lists the files beside the snapshots that are none of this package's, by their paths.
func Ignored(disk fsys.FS) (names []string, err error) {
	entries, err := disk.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	for _, e := range entries {
		name := dir + "/" + e.Name
		if _, ok := position(strings.TrimSuffix(e.Name, ".tmp")); e.Dir || !ok && name != LockName {
			names = append(names, name)
		}
	}
	return names, nil
}

// Keep removes all but the newest n snapshots, n ≥ 1, and what interrupted writes left. The caller
// holds the Lock.
func Keep(disk fsys.FS, n int) error {
	all, err := positions(disk)
	if err != nil {
		return err
	}
	entries, err := disk.ReadDir(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("list snapshots: %w", err)
	}
	var gone []string
	for _, p := range all[min(n, len(all)):] {
		gone = append(gone, fileName(p))
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name, suffix+".tmp") && !e.Dir {
			gone = append(gone, dir+"/"+e.Name)
		}
	}
	for _, name := range gone {
		if err := disk.Remove(name); err != nil {
			return fmt.Errorf("remove snapshot: %w", err)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return disk.SyncDir(dir)
}
