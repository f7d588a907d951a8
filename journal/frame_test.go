package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
)

func checksum(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(nil, crc32.Checksum(b, castagnoli))
}

func markFrame(seed uint32, durable, first freshet.Position) []byte {
	b := make([]byte, headerBytes)
	putMark(b, seed, durable, first)
	return b
}

func frameOfKind(kind uint8, seed uint32, p freshet.Position) []byte {
	b := markFrame(seed, p, 0)
	b[32] = kind
	binary.LittleEndian.PutUint32(b[40:], frameSum(seed, b))
	return b
}

// patched sets a number in a frame and leaves the checksum as it was.
func patched(frame []byte, at int, v uint32) []byte {
	binary.LittleEndian.PutUint32(frame[at:], v)
	return frame
}

func TestDecodeFrame(t *testing.T) {
	const seed = 77
	r := Record{Topic: "catalog", Source: "http", Received: -5, Seq: 1 << 63, Flags: 0x83, Payload: []byte("payload")}
	good := appendRecord(nil, seed, &r, 12)
	f, err := decodeFrame(append(bytes.Clone(good), "more"...), seed)
	if err != nil || f.size() != int64(len(good)) || f.position != 12 || string(f.topic) != r.Topic || string(f.source) != r.Source ||
		f.received != r.Received || f.seq != r.Seq || f.flags != r.Flags || !bytes.Equal(f.payload, r.Payload) {
		t.Fatalf("%+v, %v", f, err)
	}
	for n := range len(good) {
		if _, err := decodeFrame(good[:n], seed); !errors.Is(err, errShort) {
			t.Errorf("%d bytes of %d: %v", n, len(good), err)
		}
	}
	for bit := range len(good) * 8 {
		b := bytes.Clone(good)
		b[bit/8] ^= 1 << (bit % 8)
		if _, err := decodeFrame(b, seed); err == nil || errors.Is(err, ErrNewerFormat) {
			t.Errorf("bit %d flipped: %v", bit, err)
		}
	}
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"zeros":         {make([]byte, 100), errFrame},
		"other seed":    {appendRecord(nil, seed+1, &r, 12), errFrame},
		"long payload":  {patched(bytes.Clone(good), 4, MaxPayloadBytes+1), errFrame},
		"long names":    {patched(bytes.Clone(good), 34, 0xffffffff), errFrame},
		"unknown kind":  {frameOfKind(3, seed, 1), ErrNewerFormat},
		"kind 0":        {frameOfKind(0, seed, 1), ErrNewerFormat},
		"greatest mark": {markFrame(seed, 1<<64-1, 1<<64-1), nil},
	} {
		if _, err := decodeFrame(c.b, seed); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzRecord(f *testing.F) {
	const seed = 5
	r := sample(3)
	f.Add(appendRecord(nil, seed, &r, 3))
	f.Add(appendRecord(nil, seed, &Record{}, 1))
	f.Add(markFrame(seed, 7, 8))
	f.Add(frameOfKind(200, seed, 1))
	f.Add(make([]byte, headerBytes))
	f.Add([]byte(strings.Repeat("\xf5\xf2\xfe\xa7", 20)))
	f.Fuzz(func(t *testing.T, b []byte) {
		// A checksum that fits lets the fuzzer past it.
		if len(b) >= headerBytes {
			if n, err := frameLength(b); err == nil && n <= len(b) {
				b = bytes.Clone(b[:n])
				binary.LittleEndian.PutUint32(b[40:], frameSum(seed, b))
			}
		}
		got, err := decodeFrame(b, seed)
		if err != nil {
			if !notAFrame(err) && !errors.Is(err, ErrNewerFormat) {
				t.Fatalf("unknown error %v", err)
			}
			return
		}
		again := markFrame(seed, got.position, freshet.Position(got.seq))
		if got.kind == kindRecord {
			r := Record{Topic: string(got.topic), Source: string(got.source), Received: got.received, Seq: got.seq, Flags: got.flags, Payload: got.payload}
			if err := r.check(); err != nil {
				t.Fatalf("decoded a record over the bounds: %v", err)
			}
			again = appendRecord(nil, seed, &r, got.position)
		}
		if !bytes.Equal(again, b[:got.size()]) {
			t.Fatalf("decoded and encoded again:\n%x\n%x", b, again)
		}
	})
}

func FuzzHeaders(f *testing.F) {
	f.Add(segmentHeader{id: journalID{1, 2}, first: 9, created: 3}.encode())
	f.Add(append(encodeSideHeader(journalID{1}), make([]byte, 2*slotBytes)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := decodeSegmentHeader(b); err == nil && !bytes.Equal(h.encode(), b[:segmentHeaderBytes]) {
			t.Fatalf("header %x reads as %+v", b, h)
		}
		if s, err := decodeSideMark(b); err == nil && !bytes.Equal(encodeSlot(s.place, s.id.seed()), b[(s.slot+1)*slotBytes:][:slotBytes]) {
			t.Fatalf("mark %x reads as %+v", b, s)
		}
	})
}

func TestSegmentNames(t *testing.T) {
	for name, want := range map[string]freshet.Position{
		"00000000000000000001.seg":  1,
		"18446744073709551615.seg":  1<<64 - 1,
		"18446744073709551616.seg":  0,
		"00000000000000000000.seg":  0,
		"0000000000000000001.seg":   0,
		"000000000000000000001.seg": 0,
		"+0000000000000000001.seg":  0,
		"00000000000000000001.seg~": 0,
		"00000000000000000001":      0,
		".seg":                      0,
	} {
		if got, isSegment := parseSegmentName(name); got != want || isSegment != (want > 0) {
			t.Errorf("%q = %d, %v, want %d", name, got, isSegment, want)
		}
	}
}
