package journal

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet/internal/pack"
)

// TestUnpackedIDsGoOnAlike packs a memory somewhere in a random life and lets both live on.
func TestUnpackedIDsGoOnAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		room := rapid.IntRange(1, 40).Draw(t, "room")
		live := NewIDs(room)
		mark := int64(0)
		act := func(where ...*IDs) {
			id := Hash(fmt.Sprint(rapid.IntRange(0, 60).Draw(t, "id")))
			print := uint64(rapid.IntRange(0, 2).Draw(t, "print"))
			var verdicts []Verdict
			for _, m := range where {
				verdicts = append(verdicts, m.Look(id, print))
			}
			for _, v := range verdicts {
				if v != verdicts[0] {
					t.Fatalf("verdicts %v", verdicts)
				}
			}
			until := mark + rapid.Int64Range(-2, 5).Draw(t, "until")*KeepStep
			if rapid.IntRange(0, 9).Draw(t, "forever") == 0 {
				until = math.MaxInt64
			}
			if rapid.Bool().Draw(t, "advance") {
				mark += rapid.Int64Range(0, KeepStep).Draw(t, "by")
			}
			for _, m := range where {
				m.Add(id, print, until)
				m.Advance(mark)
			}
		}
		for range rapid.IntRange(0, 120).Draw(t, "before") {
			act(live)
		}
		packed := func(m *IDs) []byte {
			var w pack.Writer
			m.Pack(&w)
			return w.Bytes
		}
		restored := NewIDs(room)
		r := pack.NewReader(packed(live))
		restored.Unpack(r)
		if err := r.Done(); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 120).Draw(t, "after") {
			act(live, restored)
		}
		if live.Evicted() != restored.Evicted() || !bytes.Equal(packed(live), packed(restored)) {
			t.Fatalf("%d and %d were evicted; the same bytes: %v", live.Evicted(), restored.Evicted(), bytes.Equal(packed(live), packed(restored)))
		}
	})
}
