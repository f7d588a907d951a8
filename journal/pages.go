package journal

import (
	"io"

	"github.com/freshet-rec/freshet/internal/fsys"
)

// directBytes is the length from which a group goes to the disk past the system's memory. To find
// memory for 100 KB of a file that is not in it yet took 250 µs, more than the disk took; shorter
// groups cost the same either way, and those that are not synced at once cost less through memory.
const directBytes = 32 << 10

// pages writes a segment that was filled with zeros in whole pages: what it begins with is known
// from before, and what it ends with are zeros that are there anyway. The system need not read the
// rest of a page to write a part of it, and can write past its memory. The zero pages is of a
// segment that is not written so.
type pages struct {
	direct fsys.Direct // nil for a segment that was not filled
	tail   []byte      // what the page that is written next holds already
	buffer []byte
}

func (p *pages) begin(direct fsys.Direct, head []byte) {
	p.direct, p.tail = direct, append(p.tail[:0], head...)
}

// write writes b at off, the end of what was written before, of a file whose zeros end at ready.
func (p *pages) write(file io.WriterAt, b []byte, off, ready int64) error {
	from := off - int64(len(p.tail))
	n := len(p.tail) + len(b)
	whole := (n + fsys.DirectBytes - 1) / fsys.DirectBytes * fsys.DirectBytes
	if p.direct == nil || from+int64(whole) > ready {
		p.tail = p.tail[:0]
		if err := p.close(); err != nil {
			return err
		}
		return writeAt(file, b, off)
	}
	if whole > len(p.buffer) {
		p.buffer = fsys.Aligned(max(whole, 2*len(p.buffer)))
	}
	page := p.buffer[:whole]
	copy(page, p.tail)
	copy(page[len(p.tail):], b)
	clear(page[n:])
	if whole >= directBytes {
		file = p.direct
	}
	if err := writeAt(file, page, from); err != nil {
		return err
	}
	p.tail = append(p.tail[:0], page[n/fsys.DirectBytes*fsys.DirectBytes:n]...)
	if len(p.buffer) > spareBytes {
		p.buffer = nil
	}
	return nil
}

func writeAt(file io.WriterAt, b []byte, off int64) error {
	n, err := file.WriteAt(b, off)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return err
}

// close ends the writing in pages.
func (p *pages) close() error {
	d := p.direct
	if p.direct = nil; d == nil {
		return nil
	}
	return d.Close()
}
