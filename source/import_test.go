package source

import (
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
)

func TestSealNamesTheContents(t *testing.T) {
	im := Import{Events: []Event{
		{Event: freshet.Event{User: "b", Time: 2}, Line: 1},
		{Event: freshet.Event{User: "a", Time: 1, ID: "own"}, Line: 2},
	}}
	im.Seal(sha256.Sum256(nil))
	const id = "import:e3b0c44298fc1c149afbf4c8996fb924" // of no bytes at all
	if im.ID != id {
		t.Errorf("ID is %q, want %q", im.ID, id)
	}
	if im.Events[0].ID != "own" || im.Events[1].ID != "" {
		t.Errorf("event ids are %q and %q; an event keeps what it brought", im.Events[0].ID, im.Events[1].ID)
	}
}

// The order must be that of the words (time, visitor, item, line), whatever order came in.
func TestSealSorts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	words := []string{"", "", "a", "b", "a:b", "10", "9"}
	word := func() string { return words[rng.IntN(len(words))] }
	for round := range 50 {
		var im Import
		for line := range rng.IntN(40) {
			im.Events = append(im.Events, Event{Line: line + 1, Event: freshet.Event{
				Time: rng.Int64N(3), User: freshet.UserID(word()), Anonymous: word(), Session: word(), Item: freshet.ItemID(word()),
			}})
		}
		rng.Shuffle(len(im.Events), func(i, j int) { im.Events[i], im.Events[j] = im.Events[j], im.Events[i] })
		im.Seal([32]byte{})
		ordered := slices.IsSortedFunc(im.Events, func(a, b Event) int {
			switch {
			case a.Time != b.Time:
				return int(a.Time - b.Time)
			case a.Visitor() != b.Visitor():
				return strings.Compare(string(a.Visitor()), string(b.Visitor()))
			case a.Item != b.Item:
				return strings.Compare(string(a.Item), string(b.Item))
			}
			return a.Line - b.Line
		})
		if !ordered {
			t.Fatalf("round %d: not in order", round)
		}
	}
}

func TestRefuseCopies(t *testing.T) {
	var im Import
	raw := []byte("abc")
	if err := im.Refuse(Refused{Problem: codec.Problem{Line: 4, Code: codec.CodeMalformed}, File: "f", Raw: raw}); err != nil {
		t.Fatal(err)
	}
	raw[0] = 'x'
	if got := im.Refused[0]; string(got.Raw) != "abc" || got.Problem.Line != 4 || got.File != "f" {
		t.Errorf("kept %+v", got)
	}
}

func TestRefuseIsBounded(t *testing.T) {
	t.Run("lines", func(t *testing.T) {
		im := Import{Refused: make([]Refused, MaxRefused)}
		if err := im.Refuse(Refused{File: "f"}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("got %v, want ErrTooLarge", err)
		}
	})
	t.Run("bytes", func(t *testing.T) {
		im := Import{refusedBytes: MaxRefusedBytes - 3}
		if err := im.Refuse(Refused{Raw: []byte("abc")}); err != nil {
			t.Errorf("the last bytes are refused: %v", err)
		}
		if err := im.Refuse(Refused{Raw: []byte("d")}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("got %v, want ErrTooLarge", err)
		}
	})
}
