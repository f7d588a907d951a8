package deadletter

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/freshet-rec/freshet/internal/pack"
)

// resealed makes the checksum of a head fit again.
func resealed(text []byte) []byte {
	binary.LittleEndian.PutUint32(text[headBytes-4:], crc32.Checksum(text[:headBytes-4], castagnoli))
	return text
}

// FuzzScan reads any bytes as a file: nothing may panic, and what is found must account for
// every byte, be in order, and be the same when what is behind its end is gone.
func FuzzScan(f *testing.F) {
	h := head{first: 1}
	body := func(line int) []byte {
		var w pack.Writer
		l := letter("import:a", line)
		if err := l.pack(&w); err != nil {
			f.Fatal(err)
		}
		return w.Bytes
	}
	text := h.append(nil)
	for line := 1; line <= 3; line++ {
		r := record{id: ID(line), proof: uint32(len(text)), body: body(line)}
		text = r.append(text, h.seed())
	}
	f.Add([]byte(nil), false)
	f.Add(text, false)
	f.Add(text[:len(text)-5], false)
	f.Add(append(bytes.Clone(text), recordMagic...), true)
	bent := bytes.Clone(text)
	bent[headBytes+30] ^= 1
	f.Add(bent, false)
	f.Fuzz(func(t *testing.T, text []byte, sealed bool) {
		c, err := scan(text, "f", 1, sealed)
		if err != nil {
			return
		}
		if c.end+c.torn != int64(len(text)) || sealed && c.torn > 0 {
			t.Fatalf("%d bytes and %d torn of %d", c.end, c.torn, len(text))
		}
		sum := c.torn
		for _, d := range c.damages {
			sum += d.Bytes
		}
		if sum > int64(len(text)) {
			t.Fatalf("more is damaged than there is")
		}
		last := ID(0)
		for i := range c.letters {
			if c.letters[i].id <= last {
				t.Fatalf("%s after %s", c.letters[i].id, last)
			}
			last = c.letters[i].id
			if l, err := c.letters[i].letter(); err == nil && len(l.Payload) > maxBody {
				t.Fatalf("a payload of %d bytes", len(l.Payload))
			}
		}
		again, err := scan(text[:c.end], "f", 1, sealed)
		if err != nil || len(again.letters) != len(c.letters) || again.torn != 0 || again.end != c.end {
			t.Fatalf("read again after the cut: %v, %+v", err, again)
		}
	})
}
