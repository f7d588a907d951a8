package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// scanBytes is what a scan asks of the file at a time. A guess: large enough that the calls do
// not show beside the checksums, small enough for many readers.
const scanBytes = 64 << 10

// scan walks the frames of one segment, front to back, through a window of its bytes.
type scan struct {
	file fsys.File
	name string
	seed uint32
	off  int64  // of the next frame in the file
	buf  []byte // bytes read from off on; frames view into it until the next call
	back []byte // the whole buffer, of which buf is the rest
}

// openScan opens a segment for reading and checks its header. The error wraps fs.ErrNotExist,
// errHeader, ErrNewerFormat or one of the disk. A header of another journal or another position
// is not checked here.
func openScan(disk fsys.FS, first freshet.Position) (*scan, segmentHeader, error) {
	name := segmentName(first)
	f, err := disk.Open(name)
	if err != nil {
		return nil, segmentHeader{}, err
	}
	b := make([]byte, segmentHeaderBytes)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, segmentHeader{}, errors.Join(fmt.Errorf("read %s: %w", name, err), f.Close())
	}
	h, err := decodeSegmentHeader(b[:n])
	if err != nil {
		return nil, h, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return &scan{file: f, name: name, seed: h.id.seed(), off: segmentHeaderBytes}, h, nil
}

// peek returns the frame at s.off. The error is io.EOF at the end of the file, wraps errShort or
// errFrame when the bytes there are no frame, ErrNewerFormat, or is one of the disk.
func (s *scan) peek() (frame, error) {
	if err := s.fill(headerBytes); err != nil {
		return frame{}, err
	}
	if len(s.buf) == 0 {
		return frame{}, io.EOF
	}
	if len(s.buf) < headerBytes {
		return frame{}, errShort
	}
	n, err := frameLength(s.buf)
	if err != nil {
		return frame{}, err
	}
	if err := s.fill(n); err != nil {
		return frame{}, err
	}
	return decodeFrame(s.buf, s.seed)
}

// skip goes on past f, which peek returned.
func (s *scan) skip(f *frame) {
	s.off += f.size()
	s.buf = s.buf[f.size():]
}

// forget drops what was read ahead, so that the next peek sees the file as it is then.
func (s *scan) forget() { s.buf = nil }

// fill makes len(s.buf) ≥ n unless the file ends before.
func (s *scan) fill(n int) error {
	if len(s.buf) >= n {
		return nil
	}
	if n > len(s.back) {
		if err := s.grow(n); err != nil {
			return err
		}
	}
	have := copy(s.back, s.buf)
	read, err := s.file.ReadAt(s.back[have:], s.off+int64(have))
	s.buf = s.back[:have+read]
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s at byte %d: %w", s.name, s.off, err)
	}
	return nil
}

// grow makes room for a frame of n bytes, but not for more than the file still holds: a frame
// that claims more is short anyway.
func (s *scan) grow(n int) error {
	size, err := s.file.Size()
	if err != nil {
		return fmt.Errorf("size of %s: %w", s.name, err)
	}
	want := max(scanBytes, int(min(int64(n), max(0, size-s.off))))
	if want > len(s.back) {
		s.back = make([]byte, want)
		s.buf = s.back[:copy(s.back, s.buf)]
	}
	return nil
}

func (s *scan) close() error { return s.file.Close() }

// notAFrame reports whether err says that the bytes are no frame, as opposed to an error of the
// disk or a newer format.
func notAFrame(err error) bool { return errors.Is(err, errShort) || errors.Is(err, errFrame) }

// provedAfter looks for mark frames at every byte of the file from off on, in step with nothing,
// and returns the highest durable position that one of them tells of, 0 if there is none.
func (s *scan) provedAfter(off int64) (freshet.Position, error) {
	var magic [4]byte
	binary.LittleEndian.PutUint32(magic[:], frameMagic)
	var proved freshet.Position
	window := make([]byte, scanBytes)
	for {
		n, err := s.file.ReadAt(window, off)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("read %s at byte %d: %w", s.name, off, err)
		}
		if n < headerBytes {
			return proved, nil
		}
		b := window[:n]
		at := 0
		for at+headerBytes <= n {
			next := bytes.Index(b[at:], magic[:])
			if next < 0 {
				at = n - headerBytes + 1
				break
			}
			at += next
			if at+headerBytes > n {
				break
			}
			// The slice ends with the header: only a mark fits in it whole.
			if f, err := decodeFrame(b[at:at+headerBytes], s.seed); err == nil && f.kind == kindMark {
				proved = max(proved, f.position)
			}
			at++
		}
		off += int64(at)
	}
}
