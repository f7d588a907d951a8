package codec

import (
	"encoding/binary"
	"strings"
	"testing"
)

// TestPastPlain: eight bytes at a time end where one at a time do, whatever byte stands where, alone
// or beside any other.
func TestPastPlain(t *testing.T) {
	slow := func(data []byte, i int) int {
		for i < len(data) && charOf[data[i]] == charPlain {
			i++
		}
		return i
	}
	var word [8]byte
	for at := range word {
		for b := range 256 {
			for beside := range 256 {
				copy(word[:], "abcdefgh")
				word[(at+1)%8], word[at] = byte(beside), byte(b)
				want := slow(word[:], 0)
				other := notPlain(binary.LittleEndian.Uint64(word[:]))
				if got := pastPlain(word[:], 0); got != want || (other == 0) != (want == 8) {
					t.Fatalf("%q: %d, want %d", word, got, want)
				}
			}
		}
	}
	text := []byte(`{"event_id":"a-longer-text-without-anything","user_id":"ü\\n x"}`)
	for i := range text {
		if got, want := pastPlain(text, i), slow(text, i); got != want {
			t.Errorf("from %d: %d, want %d", i, got, want)
		}
	}
}

// TestAppendText: whatever byte stands wherever in a text of whatever length, it is escaped as when it
// stands alone.
func TestAppendText(t *testing.T) {
	for n := range 20 {
		for at := range n {
			for b := range 256 {
				text := []byte("abcdefghijklmnopqrst")[:n]
				text[at] = byte(b)
				want := `"` + string(text[:at]) + strings.Trim(string(AppendText(nil, string(text[at:at+1]))), `"`) + string(text[at+1:]) + `"`
				if b == '"' {
					want = `"` + string(text[:at]) + `\"` + string(text[at+1:]) + `"`
				}
				if got := string(AppendText(nil, string(text))); got != want {
					t.Fatalf("%q is %s, want %s", text, got, want)
				}
			}
		}
	}
	for b, want := range map[byte]string{'"': `"\""`, '\\': `"\\"`, '\n': `"\n"`, 1: `"\u0001"`, 0x1f: `"\u001f"`, ' ': `" "`, 0x7f: "\"\x7f\"", 0x80: "\"\x80\""} {
		if got := string(AppendText(nil, string([]byte{b}))); got != want {
			t.Errorf("%#x is %s, want %s", b, got, want)
		}
	}
}
