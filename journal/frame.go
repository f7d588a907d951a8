package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/freshet-rec/freshet"
)

// A frame on disk is a header of headerBytes, then topic, source and payload. All numbers are
// little endian; the offsets are those of docs/formats/journal.md.
const (
	headerBytes   = 44
	maxFrameBytes = headerBytes + 2*MaxNameBytes + MaxPayloadBytes

	// frameMagic opens every frame. Its bytes F5 F2 FE A7 occur in no UTF-8 text, so a search for
	// frames in damaged data does not stop at payloads of text.
	frameMagic = 0xA7FEF2F5
)

// The kinds of frames. A kind not listed here was written by a newer release.
const (
	kindRecord = 1
	kindMark   = 2 // opens a group: position = what was durable then, seq = the group's first record
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// journalID is 128 random bits shared by all files of one journal. Every checksum covers it, so
// that a frame of another journal, or one made up by whoever writes payloads, is no frame here.
type journalID [16]byte

// seed is the checksum of the id, from which every checksum goes on.
func (id journalID) seed() uint32 { return crc32.Checksum(id[:], castagnoli) }

// frame is a decoded header with views of what follows it.
type frame struct {
	kind     uint8
	flags    uint8
	position freshet.Position
	received int64
	seq      uint64
	topic    []byte // views into the decoded bytes
	source   []byte
	payload  []byte
}

// size is the length of the whole frame in bytes.
func (f *frame) size() int64 {
	return int64(headerBytes + len(f.topic) + len(f.source) + len(f.payload))
}

var (
	// errShort says that the frame goes on past the bytes at hand.
	errShort = errors.New("the frame is cut off")
	// errFrame is wrapped by every other reason for which bytes are not a frame.
	errFrame = errors.New("not a frame")
)

func frameError(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errFrame}, args...)...)
}

// appendRecord appends the frame of r, which has passed check, at position p.
func appendRecord(dst []byte, seed uint32, r *Record, p freshet.Position) []byte {
	at := len(dst)
	var h [headerBytes]byte
	putHeader(&h, kindRecord, r.Flags, p, r.Received, r.Seq)
	binary.LittleEndian.PutUint32(h[4:], uint32(len(r.Payload)))
	binary.LittleEndian.PutUint16(h[34:], uint16(len(r.Topic)))
	binary.LittleEndian.PutUint16(h[36:], uint16(len(r.Source)))
	dst = append(dst, h[:]...)
	dst = append(dst, r.Topic...)
	dst = append(dst, r.Source...)
	dst = append(dst, r.Payload...)
	binary.LittleEndian.PutUint32(dst[at+40:], frameSum(seed, dst[at:]))
	return dst
}

// putMark writes a mark frame over the first headerBytes of dst.
func putMark(dst []byte, seed uint32, durable, first freshet.Position) {
	var h [headerBytes]byte
	putHeader(&h, kindMark, 0, durable, 0, uint64(first))
	binary.LittleEndian.PutUint32(h[40:], frameSum(seed, h[:]))
	copy(dst, h[:])
}

func putHeader(h *[headerBytes]byte, kind, flags uint8, p freshet.Position, received int64, seq uint64) {
	binary.LittleEndian.PutUint32(h[0:], frameMagic)
	binary.LittleEndian.PutUint64(h[8:], uint64(p))
	binary.LittleEndian.PutUint64(h[16:], uint64(received))
	binary.LittleEndian.PutUint64(h[24:], seq)
	h[32], h[33] = kind, flags
}

// frameSum is the checksum of a whole frame: the journal's id, the header without the checksum
// itself, and all that follows the header.
func frameSum(seed uint32, b []byte) uint32 {
	return crc32.Update(crc32.Update(seed, castagnoli, b[:40]), castagnoli, b[headerBytes:])
}

// frameLength reads from a header how long its frame is, checked against the bounds.
// len(h) ≥ headerBytes.
func frameLength(h []byte) (int, error) {
	payload := binary.LittleEndian.Uint32(h[4:])
	topic, source := binary.LittleEndian.Uint16(h[34:]), binary.LittleEndian.Uint16(h[36:])
	switch {
	case binary.LittleEndian.Uint32(h) == 0:
		return 0, frameError("zeros where a frame should begin")
	case binary.LittleEndian.Uint32(h) != frameMagic:
		return 0, frameError("no frame begins here")
	case payload > MaxPayloadBytes:
		return 0, frameError("a payload of %d bytes is claimed", payload)
	case topic > MaxNameBytes || source > MaxNameBytes:
		return 0, frameError("a topic of %d and a source of %d bytes are claimed", topic, source)
	}
	return headerBytes + int(topic) + int(source) + int(payload), nil
}

// decodeFrame reads the frame at the start of b. Its views share b. The error is errShort when b
// may be the beginning of a frame, wraps errFrame when it is none, and wraps ErrNewerFormat when
// it is one of an unknown kind.
func decodeFrame(b []byte, seed uint32) (frame, error) {
	if len(b) < headerBytes {
		return frame{}, errShort
	}
	n, err := frameLength(b)
	if err != nil {
		return frame{}, err
	}
	if len(b) < n {
		return frame{}, errShort
	}
	b = b[:n:n]
	if got, want := frameSum(seed, b), binary.LittleEndian.Uint32(b[40:]); got != want {
		return frame{}, frameError("its checksum does not match")
	}
	topic := headerBytes + int(binary.LittleEndian.Uint16(b[34:]))
	source := topic + int(binary.LittleEndian.Uint16(b[36:]))
	f := frame{
		kind:     b[32],
		flags:    b[33],
		position: freshet.Position(binary.LittleEndian.Uint64(b[8:])),
		received: int64(binary.LittleEndian.Uint64(b[16:])),
		seq:      binary.LittleEndian.Uint64(b[24:]),
		topic:    b[headerBytes:topic:topic],
		source:   b[topic:source:source],
		payload:  b[source:],
	}
	switch {
	case binary.LittleEndian.Uint16(b[38:]) != 0:
		return frame{}, fmt.Errorf("%w: a frame uses bytes that are reserved here", ErrNewerFormat)
	case f.kind != kindRecord && f.kind != kindMark:
		return frame{}, fmt.Errorf("%w: a frame is of kind %d", ErrNewerFormat, f.kind)
	case f.kind == kindMark && (n != headerBytes || f.flags != 0 || f.received != 0):
		return frame{}, fmt.Errorf("%w: a mark carries more than it does here", ErrNewerFormat)
	}
	return f, nil
}
