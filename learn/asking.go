package learn

import (
	"math/rand/v2"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/recall"
)

// asking makes questions while a history is folded. Where the journal tells of no exposures a question
// is asked as something is wanted. Where it does, it is asked when the first item of a slate comes on
// screen, before that is folded in, and is one if something is wanted within the window: what was just
// shown has features, and ones that a model may go by, that no candidate of a request has.
type asking struct {
	questions *Questions
	from      int     // entries
	rate      float64 // of the moments to ask at
	rng       *rand.Rand
	window    int64
	counts    []uint32 // positive events by item

	// With exposures.

	open               map[uint32]*opened // by visitor: asked and not answered, the newest
	sweep              int                // open questions before those that are over are let go of
	made, madeBefore   map[string]making  // by request: the newest ones, and those before
	newest, lastBefore map[freshet.Visitor]making
}

// opened is a question that waits for its answer.
type opened struct {
	Question
	time    int64
	items   []uint32 // the candidates
	popular []uint32 // of all items the first by popularity
	made    making
}

// making is who put a slate in order.
type making struct {
	by    string // as Question.Maker
	time  int64
	items []uint32 // that stand where that order put them
	lot   []uint32 // that stand there by lot
}

// newAsking asks about so many questions in the newest entries of so many.
func newAsking(o *HistoryOptions, disk fsys.FS, dir string) (*asking, error) {
	samples, err := NewSamples(disk, dir, o.State.RowNames())
	if err != nil {
		return nil, err
	}
	from := int(questionsFrom * float64(o.Entries))
	a := &asking{questions: &Questions{Samples: samples}, from: from, rng: rand.New(rand.NewPCG(o.Seed, 5)), window: int64(o.Window),
		rate: float64(o.Questions) / float64(max(1, o.Entries-from))}
	if o.Exposures {
		a.rate *= entriesEach
		a.open, a.made, a.newest = map[uint32]*opened{}, map[string]making{}, map[freshet.Visitor]making{}
	}
	return a, nil
}

const (
	// questionsFrom is the share of the entries before the first question. Rows begin after a warm-up of
	// some, and of those a fifth at least comes after all that weights are learned of (see splitOf): so no
	// question is older than a row that was learned of, and the newer half is newer than the rows to tune by.
	questionsFrom = 0.85
	// entriesEach is about how many entries an answered slate is: itself, what was on screen of it, and
	// those that were not answered.
	entriesEach = 16
	openMost    = 1 << 12 // questions that wait before those that are over are looked for
)

// wants reports whether to ask at a moment.
func (a *asking) wants(entries int) bool {
	return a != nil && entries > a.from && (a.rate >= 1 || a.rng.Float64() < a.rate)
}

// count counts a positive event.
func (a *asking) count(item uint32) {
	if a == nil {
		return
	}
	for int(item) >= len(a.counts) {
		a.counts = append(a.counts, 0)
	}
	a.counts[item]++
}

// first are the items that a list by popularity would begin with for a visitor: of all that are available
// and that they had not taken, the QuestionK that were wanted most often, equal ones in the order in
// which they came.
func (a *asking) first(s *fold.State, visitor uint32) (list []uint32) {
	for item, n := range a.counts {
		if n == 0 || len(list) == QuestionK && n <= a.counts[list[QuestionK-1]] || !s.Items.Available(uint32(item)) {
			continue
		}
		if _, seen := s.Histories.Seen(visitor, uint32(item)); seen {
			continue
		}
		at := len(list)
		for at > 0 && a.counts[list[at-1]] < n {
			at--
		}
		list = slices.Insert(list, at, uint32(item))
		list = list[:min(len(list), QuestionK)]
	}
	return list
}

// ask appends the rows of a question. The builder has been started for the visitor and the moment.
func (h *History) ask(visitor uint32, candidates []recall.Candidate) (o opened, err error) {
	samples := h.asking.questions.Samples
	o.First, o.Rows, o.Wanted = samples.appended, len(candidates), -1
	o.popular = h.asking.first(h.State, visitor)
	for i := range candidates {
		o.items = append(o.items, candidates[i].Item)
		if _, err := samples.Append(h.builder.Row(&candidates[i])); err != nil {
			return o, err
		}
		if err := samples.Settle(&Sample{}); err != nil {
			return o, err
		}
	}
	return o, nil
}

// answer says what was wanted, and whether that was on screen.
func (a *asking) answer(o *opened, item uint32, shown bool) {
	o.Wanted = slices.Index(o.items, item)
	o.Popular = 1 + slices.Index(o.popular, item)
	switch {
	case slices.Contains(o.made.items, item):
		o.Maker = o.made.by
	case shown && !slices.Contains(o.made.lot, item):
		o.Maker = Elsewhere
	}
	a.questions.Asked = append(a.questions.Asked, o.Question)
}

// opens keeps a question until it is answered, of a slate that an event of the time speaks of.
func (a *asking) opens(o *opened, visitor uint32, e *freshet.Event, newest int64) {
	o.time, o.made = e.Time, a.maker(e)
	if len(a.open) >= max(openMost, a.sweep) {
		for other, old := range a.open {
			if old.time < newest-a.window {
				delete(a.open, other)
			}
		}
		a.sweep = 2 * len(a.open)
	}
	a.open[visitor] = o
}

// wanted answers the question that is open for a visitor, if one is.
func (a *asking) wanted(visitor, item uint32, t int64, shown bool) {
	if a == nil || a.open == nil {
		return
	}
	o := a.open[visitor]
	if o == nil || t < o.time || t > o.time+a.window {
		return
	}
	delete(a.open, visitor)
	a.answer(o, item, shown)
}

// seal puts the questions in the order of their rows and seals them.
func (a *asking) seal() (*Questions, error) {
	slices.SortFunc(a.questions.Asked, func(x, y Question) int { return x.First - y.First })
	return a.questions, a.questions.Seal()
}

// served notes who put a slate in order.
func (a *asking) served(record *slateOf, items func(freshet.ItemID) uint32) {
	if a == nil || a.open == nil {
		return
	}
	m := making{by: ByRecall, time: record.Time}
	if record.Model != nil {
		m.by = record.Model.SHA256
	}
	for i := range record.Items {
		if it := &record.Items[i]; it.Explored {
			m.lot = append(m.lot, items(it.Item))
		} else {
			m.items = append(m.items, items(it.Item))
		}
	}
	if len(a.made) >= askedMost {
		a.made, a.madeBefore = map[string]making{}, a.made
	}
	a.made[record.Request] = m
	if len(a.newest) >= askedMost {
		a.newest, a.lastBefore = map[freshet.Visitor]making{}, a.newest
	}
	a.newest[record.Visitor] = m
}

// maker is who put the slate in order that an event speaks of: that of its request, or when it names none,
// the newest of its visitor within the window.
func (a *asking) maker(e *freshet.Event) making {
	of, before := a.made[e.Request], a.madeBefore[e.Request]
	if e.Request == "" {
		of, before = a.newest[e.Visitor()], a.lastBefore[e.Visitor()]
	}
	if of.by == "" {
		of = before
	}
	if e.Request == "" && e.Time-of.time > a.window {
		return making{}
	}
	return of
}
