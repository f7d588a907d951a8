package codec

import (
	"encoding/binary"
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
