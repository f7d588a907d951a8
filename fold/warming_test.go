package fold_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/store"
	"github.com/freshet-rec/freshet/stream"
)

// otherFeatures are those of wholeOptions in another order, one gone, one changed, one new.
func otherFeatures() fold.Options {
	o := wholeOptions()
	f := o.Features
	f[0].Window, f[0].Version = 20*freshet.Minute, 2
	o.Features = []feature.Definition{f[2], f[0], f[4], f[1],
		{Name: "author_taste", Key: []string{"user", "item.author"}, Agg: feature.DecayedSum, HalfLife: 2 * freshet.Hour}}
	o.Config = "after"
	return o
}

func definitionsOf(t *testing.T, o fold.Options) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"features": o.Features})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestWarmed: features that were warmed beside a state which goes on, and swapped in, pack to the
// bytes of a state that had them from the beginning, and go on alike.
func TestWarmed(t *testing.T) {
	for seed := range uint64(20) {
		p := &player{rng: rand.New(rand.NewPCG(seed, 7)), now: t0}
		live := whole(t)
		fresh, err := fold.New(otherFeatures())
		if err != nil {
			t.Fatal(err)
		}
		var journal []stream.Entry
		step := func(n int) {
			for range n {
				e := p.next(t)
				journal = append(journal, *e)
				live.Apply(e)
				fresh.Apply(e)
			}
		}
		step(1 + p.rng.IntN(1500))
		text := definitionsOf(t, otherFeatures())
		w := live.NewWarming(otherFeatures(), text)
		at := 0
		until := func(end int) {
			for at < end {
				n := min(1+p.rng.IntN(300), end-at)
				w.Number(journal[at : at+n])
				step(p.rng.IntN(20)) // while it folds
				if err := w.Fold(); err != nil {
					t.Fatal(err)
				}
				at += n
			}
		}
		until(len(journal) * 9 / 10)
		attached := len(journal)
		w.Attach()
		until(attached)
		for {
			level, err := w.Level(5)
			if err != nil {
				t.Fatal(err)
			}
			if level {
				break
			}
			if err := w.Fold(); err != nil {
				t.Fatal(err)
			}
			step(p.rng.IntN(10))
		}
		step(p.rng.IntN(50)) // until the record is durable
		if live.Definitions == fresh.Definitions || w.Swapped() != 0 {
			t.Fatalf("seed %d: swapped before the record", seed)
		}
		p.last++
		record := stream.Entry{Position: p.last, Received: p.now, Definitions: text}
		live.Apply(&record)
		fresh.Apply(&record)
		if w.Swapped() != record.Position || live.Definitions != fresh.Definitions || live.Config != "after" {
			t.Fatalf("seed %d: swapped at %s of %s, definitions %s, config %q", seed, w.Swapped(), record.Position, live.Definitions, live.Config)
		}
		if live.Since("author_taste") != record.Position || live.Since("age") != 0 {
			t.Errorf("seed %d: in force since %s and %s", seed, live.Since("author_taste"), live.Since("age"))
		}
		for _, more := range []int{0, 1, 400} {
			step(more)
			if !bytes.Equal(packed(live), packed(fresh)) {
				t.Fatalf("seed %d: %d entries after the swap the state is another", seed, more)
			}
		}
	}
}

// TestOtherDefinitions: a definitions record that nothing was warmed for changes nothing, nor does
// one for which the warming was given up or is not level.
func TestOtherDefinitions(t *testing.T) {
	text := definitionsOf(t, otherFeatures())
	for name, prepare := range map[string]func(*fold.Warming){
		"none":   func(*fold.Warming) {},
		"behind": func(w *fold.Warming) { w.Attach() },
		"detached": func(w *fold.Warming) {
			w.Attach()
			if level, err := w.Level(0); !level || err != nil {
				t.Errorf("level %t, %v", level, err)
			}
			w.Detach()
		},
	} {
		s := whole(t)
		was := s.Definitions
		prepare(s.NewWarming(otherFeatures(), text))
		s.Apply(&stream.Entry{Position: 1, Definitions: text})
		if s.Definitions != was || s.Since("clicks") != 1 {
			t.Errorf("%s: definitions %s were %s; clicks since %s", name, s.Definitions, was, s.Since("clicks"))
		}
	}
}

// bomb is a table that panics when it is asked for a cell.
type bomb struct{ store.Table }

func (bomb) Cell(store.Key, int64, store.Hint) ([]uint64, bool) { panic("boom") }

// TestWarmingThatPanics costs the warming, not the state that goes on.
func TestWarmingThatPanics(t *testing.T) {
	o := otherFeatures()
	table := o.NewTable
	o.NewTable = func(words int) store.Table { return bomb{table(words)} }
	s := whole(t)
	w := s.NewWarming(o, nil)
	w.Attach()
	if level, err := w.Level(0); !level || err != nil {
		t.Fatal(level, err)
	}
	s.Apply(&stream.Entry{Position: 1, Event: &freshet.Event{User: "ada", Item: "a", Name: "click", Time: t0}})
	if err := w.Err(); !errors.Is(err, stream.ErrPanicked) {
		t.Errorf("error %v", err)
	}
	if s.Acts.Of(s.Visitor("u:ada")).Position != 1 {
		t.Error("the event is not in the state")
	}
	w = s.NewWarming(o, nil)
	w.Number([]stream.Entry{{Position: 1, Event: &freshet.Event{User: "ada", Item: "a", Name: "click", Time: t0}}})
	if err := w.Fold(); !errors.Is(err, stream.ErrPanicked) {
		t.Errorf("error %v", err)
	}
}
