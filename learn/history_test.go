package learn_test

import (
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/learn"
)

const t0 = int64(1_700_000_000_000)

func act(name, user, item string, at int64) freshet.Event {
	return freshet.Event{Name: name, User: freshet.UserID(user), Item: freshet.ItemID(item), Time: at}
}

// counts counts the rows of a history that is over, with its first signal and without.
func counts(t *testing.T, h *learn.History) (positives, negatives int) {
	t.Helper()
	rows, err := h.Samples(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = rows.Each(0, rows.Len(), func(_ int, s *learn.Sample) error {
		positives += int(s.Signals & 1)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return positives, rows.Len() - positives
}

func TestExposuresAreLabelledWithinTheWindow(t *testing.T) {
	const minute = int64(freshet.Minute)
	known := []freshet.Event{act("view", "ada", "x", t0), act("view", "bob", "a", t0), act("view", "bob", "b", t0)}
	far := act("view", "bob", "z", t0+1000*minute) // moves time past every window
	for _, c := range []struct {
		name                 string
		events               []freshet.Event
		positives, negatives int
	}{
		{"clicked in time", []freshet.Event{act("expose", "ada", "a", t0), act("click", "ada", "a", t0+29*minute), far}, 1, 0},
		{"clicked too late", []freshet.Event{act("expose", "ada", "a", t0), act("view", "bob", "b", t0+31*minute), act("click", "ada", "a", t0+31*minute), far}, 0, 1},
		{"not clicked", []freshet.Event{act("expose", "ada", "a", t0), far}, 0, 1},
		{"another item clicked", []freshet.Event{act("expose", "ada", "a", t0), act("click", "ada", "b", t0+minute), far}, 0, 1},
		{"another visitor clicked", []freshet.Event{act("expose", "ada", "a", t0), act("click", "bob", "a", t0+minute), far}, 0, 1},
		{"shown twice, the last one has the click", []freshet.Event{act("expose", "ada", "a", t0), act("expose", "ada", "a", t0+minute), act("click", "ada", "a", t0+2*minute), far}, 1, 1},
		{"a dislike is no positive", []freshet.Event{act("expose", "ada", "a", t0), act("dislike", "ada", "a", t0+minute), far}, 0, 1},
		{"clicked after a long silence", []freshet.Event{act("expose", "ada", "a", t0), act("click", "ada", "a", t0+300*minute), far}, 0, 1},
		{"clicked before it was shown", []freshet.Event{act("expose", "ada", "a", t0+minute), act("click", "ada", "a", t0), far}, 0, 1},
		{"told of after its click", []freshet.Event{act("click", "ada", "a", t0+9000), act("expose", "ada", "a", t0+5000), far}, 0, 0},
		{"shown again after a click", []freshet.Event{act("expose", "ada", "a", t0), act("click", "ada", "a", t0+minute), act("expose", "ada", "a", t0+2*minute), far}, 1, 1},
		{"the last one before the click has it", []freshet.Event{act("expose", "ada", "a", t0), act("expose", "ada", "a", t0+3*minute), act("click", "ada", "a", t0+2*minute), far}, 1, 1},
		{"the window has not passed", []freshet.Event{act("expose", "ada", "a", t0), act("view", "bob", "b", t0+minute)}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHistory(t, true, 0)
			applyAll(t, h, nil, append(append([]freshet.Event{}, known...), c.events...))
			if p, n := counts(t, h); p != c.positives || n != c.negatives {
				t.Errorf("%d positives and %d negatives, want %d and %d", p, n, c.positives, c.negatives)
			}
		})
	}
}

// Without exposures a wanted item that recall proposed is a row, with others of the candidates.
func TestNegativesAreSampledFromCandidates(t *testing.T) {
	var events []freshet.Event
	for i := range int64(8) { // eight visitors like the same three things
		user := string(rune('a' + i))
		for k, item := range []string{"p", "q", "r"} {
			events = append(events, act("like", user, item, t0+i*1000+int64(k)))
		}
	}
	count := func(more ...freshet.Event) (positives, negatives int) {
		h := newHistory(t, false, 20)
		applyAll(t, h, nil, append(append([]freshet.Event{}, events...), more...))
		return counts(t, h)
	}
	before, _ := count()
	likes := []freshet.Event{act("like", "new", "p", t0+100_000), act("like", "new", "q", t0+101_000)}
	positives, negatives := count(likes...)
	if positives <= before || negatives == 0 {
		t.Errorf("%d positives before, then %d and %d negatives", before, positives, negatives)
	}
	if p, n := count(append(likes, act("like", "new", "nobody knows it", t0+102_000), act("like", "new", "p", t0+103_000))...); p != positives || n != negatives {
		t.Error("an item that recall did not propose, or that was seen before, made rows")
	}
}

// TestSignals: a row has a bit for each signal that came within the window, under its own name or that
// of what it means; what it was shown for decides nothing.
func TestSignals(t *testing.T) {
	const minute = int64(freshet.Minute)
	events := []freshet.Event{
		act("view", "ada", "x", t0), act("view", "bob", "a", t0), act("view", "bob", "b", t0),
		act("expose", "ada", "a", t0), act("expose", "ada", "b", t0),
		act("click", "ada", "a", t0+minute), act("purchase", "ada", "a", t0+9*minute), act("dislike", "ada", "b", t0+2*minute),
		act("view", "bob", "z", t0+1000*minute),
	}
	h := newHistoryOf(t, func(o *learn.HistoryOptions) {
		o.Exposures, o.Signals = true, []string{"click", "purchase", "dislike", "convert"}
	})
	applyAll(t, h, nil, events)
	rows, err := h.Samples(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []uint32{0b1011, 0b0100}
	err = rows.Each(0, rows.Len(), func(i int, s *learn.Sample) error {
		if s.Signals != want[i] || s.Stands != 1 || s.Group != 1 {
			t.Errorf("row %d: %+v, want the signals %b", i, s, want[i])
		}
		return nil
	})
	if err != nil || rows.Len() != 2 {
		t.Errorf("%d rows, %v", rows.Len(), err)
	}
}

// TestRate: of the candidates that were not wanted about the share asked for is kept, and each stands
// for as many as it must.
func TestRate(t *testing.T) {
	var events []freshet.Event
	for i := range int64(60) {
		for k := range int64(12) {
			events = append(events, act("like", string(rune('A'+i)), string(rune('a'+(i+k)%24)), t0+i*100_000+k))
		}
	}
	count := func(rate float64) (kept int, stands float64) {
		h := newHistoryOf(t, func(o *learn.HistoryOptions) { o.Rate = rate })
		applyAll(t, h, nil, events)
		rows, err := h.Samples(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		err = rows.Each(0, rows.Len(), func(_ int, s *learn.Sample) error {
			if s.Signals == 0 {
				kept++
				stands += float64(s.Stands)
			} else if s.Stands != 1 {
				t.Errorf("a row that was wanted stands for %v", s.Stands)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return kept, stands
	}
	all, _ := count(0)
	kept, stands := count(0.25)
	if share := float64(kept) / float64(all); share < 0.2 || share > 0.3 || stands != float64(4*kept) {
		t.Errorf("%d of %d negatives are kept, and stand for %v", kept, all, stands)
	}
	if got := learn.NegativeRate(asks, 7); got != 7.0/350 {
		t.Errorf("a rate of %v", got)
	}
}
