package trial

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/recall"
)

// TestDelayCostsWhatIsFresh: everyone clicks whatever was clicked last, and a new item comes
// every five minutes. Popularity of the last hour finds it at once, and not with a delay.
func TestDelayCostsWhatIsFresh(t *testing.T) {
	var events []*freshet.Event
	for minute := range int64(600) {
		for v := range 4 {
			events = append(events, did("click", fmt.Sprintf("u-%d-%d", minute, v), fmt.Sprintf("i-%d", minute/5), minute))
		}
	}
	p := &Prequential{Options: options(1), Warmup: 2 * freshet.Hour, Delays: []freshet.Duration{0, 10 * freshet.Minute}}
	r, err := p.Run(t.Context(), nil, nil, events)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != 2*5 || r.Protocol != "stream" {
		t.Fatalf("%d rows of %q, want slate, recall, popular and two routes for each delay", len(r.Rows), r.Protocol)
	}
	for _, delay := range p.Delays {
		if n := rowNamed(t, r, "slate", delay).N; n != 480*4 {
			t.Errorf("%d asks at delay %s, want those after the warm-up, 1,920", n, delay)
		}
	}
	// The last twelve items are equally popular once each has its twenty clicks, so what is
	// found at once is the newest item's chance among them, and with ten minutes' delay none.
	late := rowNamed(t, r, "recall", 10*freshet.Minute)
	if late.Hit != 0 {
		t.Errorf("with a delay of two items' lives %.3f of asks are hit; the item asked for was not known yet", late.Hit)
	}
	for _, row := range r.Rows {
		if row.Hit < 0 || row.Hit > 1 || row.NDCG > row.Hit+1e-12 || row.MRR > row.Hit+1e-12 {
			t.Errorf("impossible figures %+v", row)
		}
	}
}

// TestRepeatsAndNewItemsAreMisses: two visitors who click one item over and over, and items
// that nobody had clicked, can be hit by nothing.
func TestRepeatsAndNewItemsAreMisses(t *testing.T) {
	var events []*freshet.Event
	for minute := range int64(300) {
		events = append(events, did("click", "ada", "same", minute), did("click", "bob", fmt.Sprintf("new-%d", minute), minute))
	}
	p := &Prequential{Options: options(20), Warmup: freshet.Hour, Delays: []freshet.Duration{0}}
	r, err := p.Run(t.Context(), nil, nil, events)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		if row.Hit != 0 || row.N != 480 {
			t.Errorf("%+v, want no hit in 480 asks", row)
		}
	}
	if len(r.Warnings) == 0 {
		t.Error("nothing warns that no ask could be answered")
	}
}

func TestPrequentialIsAFunctionOfItsInput(t *testing.T) {
	events := pairs(20, 10)
	run := func() *eval.Results {
		p := &Prequential{Options: options(5), Warmup: freshet.Hour, Delays: []freshet.Duration{0, freshet.Minute, freshet.Hour}}
		r, err := p.Run(t.Context(), nil, nil, events)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if one, two := run(), run(); !reflect.DeepEqual(one, two) {
		t.Errorf("two runs differ:\n%+v\n%+v", one, two)
	}
}

func TestPrequentialRefuses(t *testing.T) {
	sorted := pairs(2, 2)
	for name, c := range map[string]struct {
		p      Prequential
		events []*freshet.Event
		want   error
	}{
		"not sorted":    {Prequential{Options: options(5), Delays: []freshet.Duration{0}}, []*freshet.Event{sorted[1], sorted[0]}, ErrNotSorted},
		"nothing asked": {Prequential{Options: options(5), Warmup: freshet.Day, Delays: []freshet.Duration{0}}, sorted, ErrNoEvents},
		"no delay":      {Prequential{Options: options(5)}, sorted, nil},
		"a delay twice": {Prequential{Options: options(5), Delays: []freshet.Duration{1, 1}}, sorted, nil},
		"negative":      {Prequential{Options: options(5), Delays: []freshet.Duration{-1}}, sorted, nil},
	} {
		_, err := c.p.Run(t.Context(), nil, nil, c.events)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// failing is a learner whose lessons fail.
type failing struct{ upsideDown }

var errLesson = errors.New("the lesson failed")

func (failing) Lesson(*Moment, []recall.Candidate, uint32) func() error {
	return func() error { return errLesson }
}

func TestAFailedLessonEndsTheTrial(t *testing.T) {
	p := &Prequential{Options: options(5), Warmup: freshet.Minute, Delays: []freshet.Duration{0, freshet.Minute}, NewLearner: func() Learner { return failing{} }}
	if _, err := p.Run(t.Context(), nil, nil, pairs(20, 10)); !errors.Is(err, errLesson) {
		t.Errorf("error %v", err)
	}
}
