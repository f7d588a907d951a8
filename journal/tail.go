package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/freshet-rec/freshet"
)

// older checks a segment that has a successor and whose records nobody needs now: its header,
// and that its last group ends with the file. Which record that is says whether the next segment
// follows it.
func (r *verifier) older(first freshet.Position) (err error) {
	if err := r.begins(first); err != nil {
		return err
	}
	s, h, err := openScan(r.disk, first)
	if errors.Is(err, errHeader) {
		return r.corrupt(segmentName(first), 0, err.Error())
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := r.headed(h, first); err != nil {
		return err
	}
	mark, found, err := s.lastMark()
	if err != nil {
		return err
	}
	next := freshet.Position(mark.seq)
	if !found || next < first {
		return r.corrupt(s.name, segmentHeaderBytes, "no group of its records is found")
	}
	if next, err = s.toEnd(next); notAFrame(err) || errors.Is(err, errEmptyGroup) {
		r.expect = next
		return r.corrupt(s.name, s.off, err.Error())
	} else if err != nil {
		return err
	}
	r.expect = next
	r.v.end = place{position: next - 1, segment: first, end: s.off}
	return nil
}

// lastMark goes to the last mark frame of the file, searching from the end.
func (s *scan) lastMark() (mark frame, found bool, err error) {
	var magic [4]byte
	binary.LittleEndian.PutUint32(magic[:], frameMagic)
	end, err := s.file.Size()
	if err != nil {
		return frame{}, false, fmt.Errorf("size of %s: %w", s.name, err)
	}
	window := make([]byte, scanBytes)
	for step := int64(tailBytes); end >= segmentHeaderBytes+headerBytes; step = scanBytes {
		from := max(segmentHeaderBytes, end-step)
		b := window[:end-from]
		n, err := s.file.ReadAt(b, from)
		if err != nil && !errors.Is(err, io.EOF) {
			return frame{}, false, fmt.Errorf("read %s at byte %d: %w", s.name, from, err)
		}
		b = b[:n]
		for at := len(b); ; {
			if at = bytes.LastIndex(b[:at], magic[:]); at < 0 {
				break
			}
			if at+headerBytes > len(b) {
				continue
			}
			// The slice ends with the header: only a mark fits in it whole.
			if f, err := decodeFrame(b[at:at+headerBytes], s.seed); err == nil && f.kind == kindMark {
				s.off = from + int64(at)
				s.forget()
				return f, true, nil
			}
		}
		if from == segmentHeaderBytes {
			break
		}
		end = from + headerBytes - 1 // a header may lie across the border
	}
	return frame{}, false, nil
}

// tailBytes is what is looked at first for the last mark: more than most groups have.
const tailBytes = 4 << 10

// errEmptyGroup says that the file ends after a mark.
var errEmptyGroup = errors.New("the file ends where a record should stand")

// toEnd walks from the mark at hand, which opens the group of the record at next, to the end of
// the file, and returns the position after the last record. The error wraps errShort, errFrame,
// errEmptyGroup, ErrNewerFormat, or is one of the disk; s.off is then where it was found.
func (s *scan) toEnd(next freshet.Position) (freshet.Position, error) {
	open := true // a mark came and no record of its group yet
	for {
		f, err := s.peek()
		switch {
		case errors.Is(err, io.EOF) && open:
			return next, errEmptyGroup
		case errors.Is(err, io.EOF):
			return next, nil
		case err != nil:
			return next, err
		case f.kind == kindMark && (f.seq != uint64(next) || f.position >= next):
			return next, frameError("the mark of record %d stands here", f.seq)
		case f.kind == kindRecord && f.position != next:
			return next, frameError("record %d stands here", f.position)
		}
		if open = f.kind == kindMark; !open {
			next++
		}
		s.skip(&f)
	}
}
