package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// The names below the FS root.
const (
	lockName = "LOCK"
	dirName  = "journal"
	markName = "journal/durable"
)

// FormatVersion is the newest version of the files that this release reads, and the one it writes.
const FormatVersion = 1

const (
	segmentHeaderBytes = 64
	segmentMagic       = "FRSHTSEG"
)

// segmentHeader is the first segmentHeaderBytes of a segment.
type segmentHeader struct {
	id      journalID
	first   freshet.Position
	created int64 // Unix milliseconds, for people
}

func segmentName(first freshet.Position) string {
	return fmt.Sprintf("%s/%020d.seg", dirName, uint64(first))
}

// parseSegmentName reads a name as it stands in the journal's directory.
func parseSegmentName(base string) (freshet.Position, bool) {
	digits, isSegment := strings.CutSuffix(base, ".seg")
	n, err := strconv.ParseUint(digits, 10, 64)
	if !isSegment || err != nil || n == 0 || path.Base(segmentName(freshet.Position(n))) != base {
		return 0, false
	}
	return freshet.Position(n), true
}

func (h segmentHeader) encode() []byte {
	b := make([]byte, segmentHeaderBytes)
	copy(b, segmentMagic)
	binary.LittleEndian.PutUint32(b[8:], FormatVersion)
	copy(b[16:], h.id[:])
	binary.LittleEndian.PutUint64(b[32:], uint64(h.first))
	binary.LittleEndian.PutUint64(b[40:], uint64(h.created))
	binary.LittleEndian.PutUint32(b[60:], crc32.Checksum(b[:60], castagnoli))
	return b
}

// errHeader is wrapped by every reason for which a header does not read.
var errHeader = errors.New("its header is damaged")

// decodeSegmentHeader reads a header; the error wraps errHeader or ErrNewerFormat.
func decodeSegmentHeader(b []byte) (segmentHeader, error) {
	switch {
	case len(b) < segmentHeaderBytes:
		return segmentHeader{}, fmt.Errorf("%w: it is cut off after %d bytes", errHeader, len(b))
	case string(b[:8]) != segmentMagic:
		return segmentHeader{}, fmt.Errorf("%w: it is no segment's", errHeader)
	case binary.LittleEndian.Uint32(b[60:]) != crc32.Checksum(b[:60], castagnoli):
		return segmentHeader{}, fmt.Errorf("%w: its checksum does not match", errHeader)
	}
	version, features := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
	var rest byte
	for _, c := range b[48:60] {
		rest |= c
	}
	switch {
	case version > FormatVersion:
		return segmentHeader{}, fmt.Errorf("%w: format version %d, this release reads up to %d", ErrNewerFormat, version, FormatVersion)
	case features != 0 || rest != 0:
		return segmentHeader{}, fmt.Errorf("%w: feature flags %#x", ErrNewerFormat, features)
	case version == 0:
		return segmentHeader{}, fmt.Errorf("%w: format version 0", errHeader)
	}
	return segmentHeader{
		id:      journalID(b[16:32]),
		first:   freshet.Position(binary.LittleEndian.Uint64(b[32:])),
		created: int64(binary.LittleEndian.Uint64(b[40:])),
	}, nil
}

// createSegment makes a segment's file with its header, durable in contents and name. Everything
// before h.first must be durable.
func createSegment(disk fsys.FS, h segmentHeader) (fsys.File, error) {
	f, err := disk.Create(segmentName(h.first))
	if err != nil {
		return nil, err
	}
	if err = headSegment(f, h); err == nil {
		err = keepName(disk)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// keepName makes the name of a segment that was just begun durable.
func keepName(disk fsys.FS) error { return unsynced(disk.SyncDir(dirName)) }

// headSegment writes a segment's header into its file, durably.
func headSegment(f fsys.File, h segmentHeader) error {
	if _, err := f.WriteAt(h.encode(), 0); err != nil {
		return err
	}
	return unsynced(f.Sync())
}

// listSegments returns the segments by first position, ascending, and every other name that is
// not the journal's. The widths of the names make name order position order.
func listSegments(disk fsys.FS) (firsts []freshet.Position, ignored []string, err error) {
	entries, err := disk.ReadDir(dirName)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		first, isSegment := parseSegmentName(e.Name)
		switch name := dirName + "/" + e.Name; {
		case isSegment && !e.Dir:
			firsts = append(firsts, first)
		case !ownName(name) || e.Dir:
			ignored = append(ignored, name)
		}
	}
	return firsts, ignored, nil
}

// leftovers are the names under which files are written before they take their own.
var leftovers = []string{markName + ".tmp", keptName + ".tmp", nextName}

// ownName reports whether a file that is no segment is the journal's.
func ownName(name string) bool {
	return name == markName || name == keptName || slices.Contains(leftovers, name)
}
