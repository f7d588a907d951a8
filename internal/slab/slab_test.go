package slab

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestPiecesKeepWhatIsPutThere makes, fills and frees pieces and texts in any order, beside a map
// that knows what each must hold.
func TestPiecesKeepWhatIsPutThere(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var s Slab
	words := map[Ref][]uint64{}
	texts := map[Ref]string{}
	for range 200_000 {
		switch rng.IntN(5) {
		case 0, 1:
			n := 1 + rng.IntN(1<<rng.IntN(9))
			r := s.Make(n)
			if words[r] != nil || texts[r] != "" {
				t.Fatalf("reference %d is in use", r)
			}
			piece := s.At(r)
			if len(piece) < n {
				t.Fatalf("a piece of %d words where %d were asked for", len(piece), n)
			}
			want := make([]uint64, len(piece))
			for i := range piece {
				if piece[i] != 0 {
					t.Fatalf("word %d of a new piece is %d", i, piece[i])
				}
				piece[i] = rng.Uint64()
				want[i] = piece[i]
			}
			words[r] = want
		case 2:
			text := strings.Repeat("é", rng.IntN(40)) + string(rune('a'+rng.IntN(26)))
			texts[s.MakeText(text)] = text
		default:
			for r := range words {
				if rng.IntN(3) > 0 {
					s.Free(r)
					delete(words, r)
				}
				break
			}
			for r := range texts {
				s.Free(r)
				delete(texts, r)
				break
			}
		}
	}
	if s.Len() != len(words)+len(texts) {
		t.Errorf("%d pieces, want %d", s.Len(), len(words)+len(texts))
	}
	for r, want := range words {
		for i, w := range s.At(r) {
			if w != want[i] {
				t.Fatalf("word %d of piece %d is %d, want %d", i, r, w, want[i])
			}
		}
	}
	for r, want := range texts {
		if got := s.Text(r); got != want {
			t.Fatalf("text %d is %q, want %q", r, got, want)
		}
	}
}

func TestNoText(t *testing.T) {
	var s Slab
	if r := s.MakeText(""); r != 0 || s.Text(0) != "" || s.Peek(0) != nil {
		t.Errorf("the empty text is %d", r)
	}
	s.Free(0)
	if s.Len() != 0 || s.Bytes() != 0 {
		t.Errorf("%d pieces in %d bytes", s.Len(), s.Bytes())
	}
}

// TestSpaceIsUsedAgain makes and frees again and again, and the slab does not grow.
func TestSpaceIsUsedAgain(t *testing.T) {
	var s Slab
	var held []Ref
	size := int64(0)
	for round := range 50 {
		for range 1000 {
			held = append(held, s.Make(9))
		}
		if round == 0 {
			size = s.Bytes()
		}
		for _, r := range held {
			s.Free(r)
		}
		held = held[:0]
	}
	if s.Bytes() != size {
		t.Errorf("%d bytes after fifty rounds, %d after one", s.Bytes(), size)
	}
}
