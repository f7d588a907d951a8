package deadletter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/freshet-rec/freshet/internal/pack"
)

// FormatVersion is that of the files a Store makes.
const FormatVersion = 1

// ErrNewerFormat says that a file was written by a newer release.
var ErrNewerFormat = errors.New("the dead letters were written by a newer release")

const (
	headBytes   = 48 // of a file
	recordBytes = 24 // of the head of a record
	keyBytes    = 16
	maxBody     = MaxPayload + maxSource + maxCode + maxPointer + 3*maxText + 64 // 64 for lengths and numbers
)

var (
	fileMagic   = []byte("FRSHTREJ")
	recordMagic = []byte{0xF7, 0xF2, 0xFE, 0xA7} // occurs in no UTF-8 text

	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// head is how a file begins.
type head struct {
	first ID
	key   [keyBytes]byte // random; checksums of records continue from it, so a payload cannot hold a record
}

func (h *head) append(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, fileMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, FormatVersion)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = append(dst, h.key[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.first))
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[at:], castagnoli))
}

func (h *head) seed() uint32 { return crc32.Checksum(h.key[:], castagnoli) }

// decodeHead reads how a file begins; ok is false when it does not.
func decodeHead(b []byte) (h head, ok bool, err error) {
	if len(b) < headBytes || !bytes.Equal(b[:8], fileMagic) || crc32.Checksum(b[:headBytes-4], castagnoli) != binary.LittleEndian.Uint32(b[headBytes-4:]) {
		return h, false, nil
	}
	version, flags, reserved := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:]), binary.LittleEndian.Uint32(b[40:])
	if version > FormatVersion || flags != 0 || reserved != 0 {
		return h, false, fmt.Errorf("format %d: %w", version, ErrNewerFormat)
	}
	h.key, h.first = [keyBytes]byte(b[16:]), ID(binary.LittleEndian.Uint64(b[32:]))
	return h, version > 0, nil
}

// record is a letter or, with an empty body, a mark. Everything before offset proof was on disk
// before the record was written.
type record struct {
	id    ID // of a mark: that of the letter before it
	proof uint32
	body  []byte
}

func (r *record) append(dst []byte, seed uint32) []byte {
	at := len(dst)
	dst = append(dst, recordMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(r.body)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.id))
	dst = binary.LittleEndian.AppendUint32(dst, r.proof)
	crc := crc32.Update(crc32.Update(seed, castagnoli, dst[at:]), castagnoli, r.body)
	dst = binary.LittleEndian.AppendUint32(dst, crc)
	return append(dst, r.body...)
}

// decodeRecord reads the record that b begins with; n is its length, 0 when there is none. The
// body refers to b.
func decodeRecord(b []byte, seed uint32) (r record, n int) {
	if len(b) < recordBytes || !bytes.Equal(b[:4], recordMagic) {
		return r, 0
	}
	length := binary.LittleEndian.Uint32(b[4:])
	if length > maxBody || int(length) > len(b)-recordBytes {
		return r, 0
	}
	r.id, r.proof = ID(binary.LittleEndian.Uint64(b[8:])), binary.LittleEndian.Uint32(b[16:])
	r.body = b[recordBytes : recordBytes+int(length)]
	if crc32.Update(crc32.Update(seed, castagnoli, b[:20]), castagnoli, r.body) != binary.LittleEndian.Uint32(b[20:]) {
		return r, 0
	}
	return r, recordBytes + len(r.body)
}

// letter decodes the body of a record that is no mark.
func (r *record) letter() (l Letter, err error) {
	in := pack.NewReader(r.body)
	l.unpack(in)
	l.ID = r.id
	return l, in.Done()
}
