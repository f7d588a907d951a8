package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// The file that says which records were given up: see docs/formats/journal.md.
const (
	keptName      = "journal/kept"
	keptFileBytes = 40
	keptMagic     = 0xA7FEF2D4
)

func encodeKept(id journalID, first freshet.Position) []byte {
	b := make([]byte, keptFileBytes)
	binary.LittleEndian.PutUint32(b[0:], keptMagic)
	binary.LittleEndian.PutUint32(b[4:], FormatVersion)
	copy(b[8:], id[:])
	binary.LittleEndian.PutUint64(b[24:], uint64(first))
	binary.LittleEndian.PutUint32(b[36:], crc32.Checksum(b[:36], castagnoli))
	return b
}

// decodeKept reads the whole file; the error wraps errHeader or ErrNewerFormat.
func decodeKept(b []byte) (id journalID, first freshet.Position, err error) {
	switch {
	case len(b) != keptFileBytes:
		return id, 0, fmt.Errorf("%w: the file has %d bytes instead of %d", errHeader, len(b), keptFileBytes)
	case binary.LittleEndian.Uint32(b) != keptMagic:
		return id, 0, fmt.Errorf("%w: it does not say which records are kept", errHeader)
	case binary.LittleEndian.Uint32(b[36:]) != crc32.Checksum(b[:36], castagnoli):
		return id, 0, fmt.Errorf("%w: its checksum does not match", errHeader)
	}
	version, first := binary.LittleEndian.Uint32(b[4:]), freshet.Position(binary.LittleEndian.Uint64(b[24:]))
	switch {
	case version > FormatVersion || binary.LittleEndian.Uint32(b[32:]) != 0:
		return id, 0, fmt.Errorf("%w: %s is of version %d, this release reads up to %d", ErrNewerFormat, keptName, version, FormatVersion)
	case version == 0 || first == 0:
		return id, 0, fmt.Errorf("%w: format version %d, position %d", errHeader, version, first)
	}
	return journalID(b[8:24]), first, nil
}

// readKept returns the first position that was kept, 1 when nothing was given up. id is that of
// the journal. The error is a *CorruptError, wraps ErrNewerFormat, or is one of the disk.
func readKept(disk fsys.FS, id journalID) (freshet.Position, error) {
	b, err := fsys.ReadFile(disk, keptName, 1<<16)
	if errors.Is(err, fs.ErrNotExist) {
		return 1, nil
	}
	if err != nil {
		return 0, err
	}
	owner, first, err := decodeKept(b)
	switch {
	case errors.Is(err, errHeader):
		return 0, &CorruptError{File: keptName, Reason: err.Error()}
	case err != nil:
		return 0, err
	case owner != id:
		return 0, &CorruptError{File: keptName, Reason: "it belongs to another journal"}
	}
	return first, nil
}

// released is the error of whoever asks for a record that was given up.
func released(p, first freshet.Position) error {
	return fmt.Errorf("%w: record %d was asked for, the journal begins with record %d", ErrReleased, p, first)
}

// First returns the first position that the journal keeps, 1 as long as Release gave nothing up.
// The record may be one that is still to come.
func (l *Log) First() freshet.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept
}

// Release gives up, for good, every segment whose records all lie before p; the one that is
// written stays in any case. What is kept from then on is durable before the first file goes, so
// a crash leaves all or part of the files but never a gap, and the next Open or Release removes
// what is left of them.
//
// A full disk is no hindrance: this is what makes room. The error wraps ErrFailed or ErrClosed, or
// is one of the disk. It does not end the Log: the records before p may then be given up or not,
// and a further call tries again.
func (l *Log) Release(p freshet.Position) error {
	l.releasing.Lock()
	defer l.releasing.Unlock()
	l.mu.Lock()
	err, kept, upTo := l.stopped(), l.kept, min(p, l.durable.at.segment)
	if errors.Is(err, ErrNoSpace) {
		err = nil
	}
	l.mu.Unlock()
	if err != nil {
		return err
	}
	firsts, _, err := listSegments(l.disk)
	if err != nil {
		return fmt.Errorf("release records before %d: %w", p, err)
	}
	first := kept
	for _, f := range firsts {
		if f <= upTo {
			first = max(first, f)
		}
	}
	if first > kept {
		// Each attempt writes the file anew, so a sync that failed is not tried again.
		if err := fsys.Replace(l.disk, keptName, encodeKept(l.id, first)); err != nil {
			return fmt.Errorf("release records before %d: %w", p, err)
		}
		l.mu.Lock()
		l.kept = first
		l.mu.Unlock()
	}
	return removeBefore(l.disk, firsts, first)
}

// removeBefore removes the segments that begin before first, which is durable as the first one
// kept.
func removeBefore(disk fsys.FS, firsts []freshet.Position, first freshet.Position) error {
	gone := false
	for _, f := range firsts {
		if f >= first {
			break
		}
		if err := disk.Remove(segmentName(f)); err != nil {
			return fmt.Errorf("remove a released segment: %w", err)
		}
		gone = true
	}
	if !gone {
		return nil
	}
	return disk.SyncDir(dirName)
}

// Retention says what a journal should keep. A zero field asks for nothing to be given up.
type Retention struct {
	Bytes int64         // of the newest segments; older ones may go
	Age   time.Duration // records younger than this stay unless Bytes says otherwise
}

// Expired returns the position before which r allows everything to go; Release of it gives up
// whole segments, so somewhat more than Bytes or Age may stay, and the segment that is written
// stays always. Age is counted by the times at which segments were begun, which are those of
// Options.Now, back from now. No one step between two of them counts for more than half of what is
// asked for: a clock that leapt, be it by ten years, lets nothing go that is younger than that half.
// The error is one of the disk or a [*CorruptError].
func (l *Log) Expired(r Retention, now time.Time) (freshet.Position, error) {
	first := l.First()
	l.mu.Lock()
	current, end := l.durable.at.segment, l.durable.at.end
	l.mu.Unlock()
	firsts, _, err := listSegments(l.disk)
	if err != nil {
		return 0, fmt.Errorf("look for expired records: %w", err)
	}
	keep, size := first, int64(0)
	age, later := time.Duration(0), now
	for i := len(firsts) - 1; i >= 0 && firsts[i] > keep; i-- { // the newest first
		if firsts[i] > current {
			continue
		}
		if r.Bytes > 0 {
			n := end // behind it are zeros
			if firsts[i] < current {
				if n, err = l.disk.Stat(segmentName(firsts[i])); err != nil {
					return 0, fmt.Errorf("look for expired records: %w", err)
				}
			}
			if size += n; size >= r.Bytes {
				keep = firsts[i]
				break
			}
		}
		if r.Age > 0 {
			begun, err := l.begunAt(firsts[i])
			if err != nil {
				return 0, fmt.Errorf("look for expired records: %w", err)
			}
			age += min(max(later.Sub(begun), 0), (r.Age+1)/2)
			later = begun
			if age >= r.Age {
				keep = firsts[i]
				break
			}
		}
	}
	return keep, nil
}

// begunAt is when a segment was begun: everything before it was appended earlier.
func (l *Log) begunAt(first freshet.Position) (time.Time, error) {
	s, h, err := openScan(l.disk, first)
	if errors.Is(err, errHeader) {
		return time.Time{}, &CorruptError{File: segmentName(first), Reason: err.Error()}
	}
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(h.created), s.close()
}
