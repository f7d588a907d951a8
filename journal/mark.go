package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// The file of the durable mark: a header and two slots, 32 bytes each.
const (
	slotBytes     = 32
	markFileBytes = 3 * slotBytes
	sideMagic     = 0xA7FEF2D1
	slotMagic     = 0xA7FEF2D2
)

// place is where the log stood: a position, and the byte after its frame.
type place struct {
	position freshet.Position
	segment  freshet.Position // first position of the segment that holds it
	end      int64            // offset in that segment's file after the record
}

// atStart reports whether p is the place before a segment's first record, which is also the
// place after the last record of the segment before it.
func (p place) atStart() bool { return p.segment == p.position+1 && p.end == segmentHeaderBytes }

// sideMark is the durable mark beside the segments, kept by the syncing goroutine. Readers in
// other processes see what was written to it at once; a power cut leaves at least what was
// synced, because the slot that was synced last is not written until the other one is synced.
type sideMark struct {
	file   fsys.File
	seed   uint32
	pinned int  // the slot that is durable
	dirty  bool // the other slot was written since
}

func encodeSideHeader(id journalID) []byte {
	b := make([]byte, slotBytes)
	binary.LittleEndian.PutUint32(b[0:], sideMagic)
	binary.LittleEndian.PutUint32(b[4:], FormatVersion)
	copy(b[8:], id[:])
	binary.LittleEndian.PutUint32(b[28:], crc32.Checksum(b[:28], castagnoli))
	return b
}

func decodeSideHeader(b []byte) (journalID, error) {
	switch {
	case binary.LittleEndian.Uint32(b) != sideMagic:
		return journalID{}, fmt.Errorf("%w: it is no durable mark's", errHeader)
	case binary.LittleEndian.Uint32(b[28:]) != crc32.Checksum(b[:28], castagnoli):
		return journalID{}, fmt.Errorf("%w: its checksum does not match", errHeader)
	}
	version := binary.LittleEndian.Uint32(b[4:])
	if version > FormatVersion || binary.LittleEndian.Uint32(b[24:]) != 0 {
		return journalID{}, fmt.Errorf("%w: durable mark of version %d, this release reads up to %d", ErrNewerFormat, version, FormatVersion)
	}
	if version == 0 {
		return journalID{}, fmt.Errorf("%w: format version 0", errHeader)
	}
	return journalID(b[8:24]), nil
}

func encodeSlot(p place, seed uint32) []byte {
	b := make([]byte, slotBytes)
	binary.LittleEndian.PutUint32(b[0:], slotMagic)
	binary.LittleEndian.PutUint64(b[4:], uint64(p.position))
	binary.LittleEndian.PutUint64(b[12:], uint64(p.segment))
	binary.LittleEndian.PutUint64(b[20:], uint64(p.end))
	binary.LittleEndian.PutUint32(b[28:], crc32.Update(seed, castagnoli, b[:28]))
	return b
}

func decodeSlot(b []byte, seed uint32) (place, bool) {
	if binary.LittleEndian.Uint32(b) != slotMagic || binary.LittleEndian.Uint32(b[28:]) != crc32.Update(seed, castagnoli, b[:28]) {
		return place{}, false
	}
	return place{
		position: freshet.Position(binary.LittleEndian.Uint64(b[4:])),
		segment:  freshet.Position(binary.LittleEndian.Uint64(b[12:])),
		end:      int64(binary.LittleEndian.Uint64(b[20:])),
	}, true
}

// createSideMark makes the file of a new journal, whole or not at all.
func createSideMark(disk fsys.FS, id journalID) error {
	b := append(encodeSideHeader(id), make([]byte, 2*slotBytes)...)
	copy(b[slotBytes:], encodeSlot(place{}, id.seed()))
	return fsys.Replace(disk, markName, b)
}

// sideState is what the file says.
type sideState struct {
	id    journalID
	place place // of the newest slot that reads
	slot  int   // which one that is
	torn  bool  // the other slot was written and does not read
}

// errNoSlot says that neither slot reads, which no crash can leave behind.
var errNoSlot = errors.New("neither of its slots reads")

// decodeSideMark reads the whole file; the error wraps errHeader, errNoSlot or ErrNewerFormat.
func decodeSideMark(b []byte) (sideState, error) {
	if len(b) < slotBytes {
		return sideState{}, fmt.Errorf("%w: it is cut off after %d bytes", errHeader, len(b))
	}
	id, err := decodeSideHeader(b)
	if err != nil {
		return sideState{}, err
	}
	if len(b) != markFileBytes {
		return sideState{}, fmt.Errorf("%w: the file has %d bytes instead of %d", errHeader, len(b), markFileBytes)
	}
	s := sideState{id: id, slot: -1}
	for i := range 2 {
		slot := b[(i+1)*slotBytes:][:slotBytes]
		p, reads := decodeSlot(slot, id.seed())
		switch {
		case reads && (s.slot < 0 || p.position > s.place.position):
			s.place, s.slot = p, i
		case !reads && [slotBytes]byte(slot) != [slotBytes]byte{}:
			s.torn = true
		}
	}
	if s.slot < 0 {
		return sideState{}, errNoSlot
	}
	return s, nil
}

// readSideMark reads the mark from its file. found is false when there is none.
func readSideMark(disk fsys.FS) (s sideState, found bool, err error) {
	b, err := fsys.ReadFile(disk, markName, 1<<16)
	if errors.Is(err, fs.ErrNotExist) {
		return sideState{}, false, nil
	}
	if err != nil {
		return sideState{}, false, err
	}
	s, err = decodeSideMark(b)
	return s, true, err
}

// ID returns the 128 random bits by which a journal is told from every other; zero when there is
// no journal. The error is a [*CorruptError], wraps ErrNewerFormat, or is one of the disk.
func ID(disk fsys.FS) (id [16]byte, err error) {
	s, _, err := readSideMark(disk)
	if errors.Is(err, errHeader) || errors.Is(err, errNoSlot) {
		err = &CorruptError{File: markName, Reason: err.Error()}
	}
	return s.id, err
}

// openSideMark opens the file for the writer. slot is the newest one that reads.
func openSideMark(disk fsys.FS, id journalID, slot int) (*sideMark, error) {
	f, err := disk.Edit(markName)
	if err != nil {
		return nil, err
	}
	return &sideMark{file: f, seed: id.seed(), pinned: slot}, nil
}

// write tells readers of p, which is durable.
func (m *sideMark) write(p place) error {
	if _, err := m.file.WriteAt(encodeSlot(p, m.seed), int64(2-m.pinned)*slotBytes); err != nil {
		return fmt.Errorf("write %s: %w", markName, err)
	}
	m.dirty = true
	return nil
}

// sync makes the last written slot durable and frees the other one.
func (m *sideMark) sync() error {
	if !m.dirty {
		return nil
	}
	if err := m.file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", markName, err)
	}
	m.pinned, m.dirty = 1-m.pinned, false
	return nil
}

// readDurable reads the mark through an open file of a live journal, whose writer may be at work
// on the same bytes. ok is false when no slot reads this time.
func readDurable(f fsys.File, seed uint32) (p place, ok bool, err error) {
	var b [markFileBytes]byte
	if _, err := f.ReadAt(b[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return place{}, false, fmt.Errorf("read %s: %w", markName, err)
	}
	for i := range 2 {
		if q, reads := decodeSlot(b[(i+1)*slotBytes:][:slotBytes], seed); reads && (!ok || q.position > p.position) {
			p, ok = q, true
		}
	}
	return p, ok, nil
}
