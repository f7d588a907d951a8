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

// labels returns the labels of rows, told apart from their number by counting positives.
func counts(rows *learn.Rows) (positives, negatives int) {
	positives = rows.Positives(0, rows.Len())
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
			if p, n := counts(h.Rows()); p != c.positives || n != c.negatives {
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
	h := newHistory(t, false, 20)
	applyAll(t, h, nil, events)
	before := h.Rows().Len()
	applyAll(t, h, nil, []freshet.Event{act("like", "new", "p", t0+100_000), act("like", "new", "q", t0+101_000)})
	positives, negatives := counts(h.Rows())
	if h.Rows().Len() <= before || positives == 0 || negatives == 0 {
		t.Errorf("%d rows before, then %d positives and %d negatives", before, positives, negatives)
	}
	rows := h.Rows().Len()
	applyAll(t, h, nil, []freshet.Event{act("like", "new", "nobody knows it", t0+102_000), act("like", "new", "p", t0+103_000)})
	if h.Rows().Len() != rows {
		t.Error("an item that recall did not propose, or that was seen before, made rows")
	}
}
