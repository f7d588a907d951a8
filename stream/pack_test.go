package stream_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/stream"
)

// replayed is a stream without a journal of its own that has replayed what a disk holds, from
// where packed, unless nil, ends.
func replayed(t *testing.T, disk *fsys.Mem, packed []byte) (*stream.Stream, *tape) {
	t.Helper()
	seen := &tape{}
	s := stream.New(stream.Options{Fold: seen, Now: func() time.Time { return time.UnixMilli(t0) }, Lateness: freshet.Hour})
	reader, err := journal.OpenReader(disk)
	if err != nil {
		t.Fatal(err)
	}
	if packed != nil {
		r := pack.NewReader(packed)
		s.Unpack(r)
		if err := r.Done(); err != nil {
			t.Fatal(err)
		}
		if err := reader.Seek(s.Applied() + 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Replay(t.Context(), reader, nil); err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	return s, seen
}

func packed(s *stream.Stream) []byte {
	var w pack.Writer
	s.Pack(&w)
	return w.Bytes
}

// TestAnUnpackedStreamGoesOnAlike packs what admission knows in the middle of a life and goes on
// from there: it ends with the same knowledge as a replay of everything, having been given just
// the rest.
func TestAnUnpackedStreamGoesOnAlike(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	disk := fsys.NewMem()
	r := open(t, disk)
	defer r.shut(t)
	post := func(n int) {
		for i := range n {
			at := t0 + rng.Int64N(int64(3*freshet.Hour))
			switch rng.IntN(4) {
			case 0:
				seqs := []uint64{stream.Seq(rng.IntN(2), 1+rng.IntN(200))}
				if _, err := r.Events(t.Context(), fmt.Sprintf("import:%d", rng.IntN(3)), t0, []freshet.Event{click("", at)}, seqs); err != nil {
					t.Fatal(err)
				}
			case 1:
				if err := r.Define(t.Context(), t0, fmt.Appendf(nil, `{"n":%d}`, i%3)); err != nil {
					t.Fatal(err)
				}
			default:
				if _, err := r.Events(t.Context(), stream.SourceHTTP, at, []freshet.Event{click(fmt.Sprintf("e-%d", rng.IntN(150)), at)}, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	post(200)
	middle := disk.Clone()
	post(200)
	half, first := replayed(t, middle, nil)
	text := packed(half)
	rest, second := replayed(t, disk, text)
	all, every := replayed(t, disk, nil)
	if !bytes.Equal(packed(rest), packed(all)) || rest.Applied() != all.Applied() || rest.Ledger() != all.Ledger() {
		t.Errorf("it goes on to %d with %+v, a whole replay ends at %d with %+v", rest.Applied(), rest.Ledger(), all.Applied(), all.Ledger())
	}
	if len(first.entries)+len(second.entries) != len(every.entries) || len(second.entries) == 0 {
		t.Errorf("%d entries before, %d after, %d in all", len(first.entries), len(second.entries), len(every.entries))
	}
	for range 200 {
		cut := rng.IntN(len(text))
		s := stream.New(stream.Options{Now: time.Now, Lateness: freshet.Hour})
		reader := pack.NewReader(text[:cut])
		s.Unpack(reader)
		if err := reader.Done(); !errors.Is(err, pack.ErrDamaged) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
}
