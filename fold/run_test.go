package fold_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// TestRunsAreOneByOne: however a journal is cut, entries that are applied together leave the state
// that they leave one by one, and what is at work is known.
func TestRunsAreOneByOne(t *testing.T) {
	for seed := range uint64(12) {
		p := &player{rng: rand.New(rand.NewPCG(seed, 2)), now: t0}
		single, many := whole(t), whole(t)
		if seed%3 == 0 { // keys have to go
			o := wholeOptions()
			o.MaxKeys = 40
			single, many = with(t, o), with(t, o)
		}
		for range 40 {
			var entries []stream.Entry
			for range 1 + p.rng.IntN(120) {
				e := p.next(t)
				if seed%2 == 0 && e.Event == nil && p.rng.IntN(4) > 0 {
					continue // longer runs
				}
				if e.Event != nil {
					switch p.rng.IntN(9) {
					case 0:
						e.Event.User, e.Event.Session = "", string(e.Event.User)
					case 1:
						e.Event.User, e.Event.Anonymous = "", string(e.Event.User)
					case 2:
						e.Event.Item, e.Event.Name = "", "search"
					}
				}
				entries = append(entries, *e)
			}
			for i := range entries {
				single.Apply(&entries[i])
			}
			var at stream.Stretch
			many.ApplyAll(entries, &at)
			if n := len(entries); n > 0 && at != (stream.Stretch{First: n - 1, Last: n - 1}) {
				t.Fatalf("seed %d: at %v behind %d entries", seed, at, n)
			}
			if !bytes.Equal(packed(single), packed(many)) {
				t.Fatalf("seed %d: the states differ at %d", seed, p.last)
			}
		}
	}
}

func with(t *testing.T, o fold.Options) *fold.State {
	t.Helper()
	s, err := fold.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fragile is a route that dies of the event with a number, from 1.
type fragile struct {
	recall.Route
	dies int
}

func (f *fragile) Apply(*recall.Act) {
	if f.dies--; f.dies == 0 {
		panic("enough")
	}
}

// TestWhoseFaultARunIs: a panic in what is done for one event is that event's; in what is done for
// several at once it is theirs.
func TestWhoseFaultARunIs(t *testing.T) {
	p := &player{rng: rand.New(rand.NewPCG(1, 3)), now: t0}
	var entries []stream.Entry
	for len(entries) < 10 {
		if e := p.next(t); e.Event != nil {
			e.Late = false
			entries = append(entries, *e)
		}
	}
	blame := func(s *fold.State) (at stream.Stretch) {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		s.ApplyAll(entries, &at)
		return
	}
	s := whole(t)
	s.Features = nil // whoever asks it dies
	if at := blame(s); at != (stream.Stretch{First: 0, Last: 9}) {
		t.Errorf("features: %v", at)
	}
	s = whole(t)
	s.Routes = append(s.Routes, &fragile{dies: 5})
	if at := blame(s); at != (stream.Stretch{First: 4, Last: 4}) {
		t.Errorf("a route: %v", at)
	}
}
