package learn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
)

// Questions are what visitors wanted at moments of the newest part of a history, each with all
// candidates that recall had then, in its order: one group of rows a question, of which the wanted item
// is the positive one. A question whose item recall did not propose is one row that nobody wanted. The
// last number of a row is how often the item had been wanted until then.
type Questions struct {
	*Samples
	groups uint32
}

// wantedBefore is the name of the last number of the rows of questions.
const wantedBefore = "item.wanted_before"

// questionsDir ends the name of the directory of questions, which begins with that of the rows.
const questionsDir = "-questions"

// OpenQuestions opens questions that were sealed beside rows, nil when none were.
func OpenQuestions(disk fsys.FS, dir string) (*Questions, error) {
	samples, err := OpenSamples(disk, dir+questionsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &Questions{Samples: samples}, nil
}

// RemoveQuestions removes the files of questions that are closed.
func RemoveQuestions(disk fsys.FS, dir string) error { return RemoveSamples(disk, dir+questionsDir) }

// QuestionK is where the lists are cut by which questions measure.
const QuestionK = 10

// asking makes questions while a history is folded.
type asking struct {
	questions *Questions
	from      int     // entries
	rate      float64 // of wishes to make a question of
	rng       *rand.Rand
	counts    []uint32 // positive events by item
	numbers   []float64
}

// newAsking asks about so many questions in the newest entries of so many.
func newAsking(o *HistoryOptions, disk fsys.FS, dir string) (*asking, error) {
	names := o.State.RowNames()
	names.Numbers = append(names.Numbers, wantedBefore)
	samples, err := NewSamples(disk, dir, names)
	if err != nil {
		return nil, err
	}
	from := int(questionsFrom * float64(o.Entries))
	return &asking{questions: &Questions{Samples: samples}, from: from, rng: rand.New(rand.NewPCG(o.Seed, 5)),
		rate: min(1, float64(o.Questions)/float64(max(1, o.Entries-from)))}, nil
}

// questionsFrom is the share of the entries before the first question. Rows begin after a warm-up of
// some, and of those a fifth at least comes after all that weights are learned of (see splitOf): so no
// question is older than a row that was learned of, and the newer half is newer than the rows to tune by.
const questionsFrom = 0.85

// wants reports whether a wish is to be a question.
func (a *asking) wants(entries int) bool {
	return a != nil && entries > a.from && (a.rate == 1 || a.rng.Float64() < a.rate)
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

// ask makes a question. The builder has been started for the visitor and the moment; found is the place
// of the wanted item, below 0 when recall did not propose it.
func (h *History) ask(candidates []recall.Candidate, found int, e *freshet.Event, bits uint32) error {
	a := h.asking
	a.questions.groups++
	if found < 0 {
		candidates = candidates[:min(1, len(candidates))]
	}
	for i := range candidates {
		row := *h.builder.Row(&candidates[i])
		wanted := 0.0
		if item := int(candidates[i].Item); item < len(a.counts) {
			wanted = float64(a.counts[item])
		}
		a.numbers = append(append(a.numbers[:0], row.Numbers...), wanted)
		row.Numbers = a.numbers
		if _, err := a.questions.Append(&row); err != nil {
			return err
		}
		s := Sample{Time: e.Time, Group: a.questions.groups, Stands: 1}
		if i == found {
			s.Signals = bits
		}
		if err := a.questions.Settle(&s); err != nil {
			return err
		}
	}
	return nil
}

// Standing is what orders are worth to some questions: for each the NDCG@QuestionK, which is 0 when the
// wanted item is not among the first, or was not proposed.
type Standing struct {
	Model, Recall, Popular []float64
	Found                  int // questions whose item recall proposed
}

// Part is a part of the questions.
type Part int

// The older half chooses, the newer half measures.
const (
	Choosing Part = iota
	Measuring
)

// Stand says what the order of a ranker is worth to a part of the questions, beside that of recall and
// that of popularity. The ranker must go by rows as they are served. Errors are those of ctx and of the
// disk.
func (q *Questions) Stand(ctx context.Context, ranker *rank.Ranker, part Part) (s Standing, err error) {
	var groups uint32
	if err := q.eachOutcome(func(_ int, s *Sample) { groups = max(groups, s.Group) }); err != nil {
		return s, err
	}
	var batch rank.Batch
	var rows rank.Rows
	var popular []float64
	wanted, own := -1, []float64(nil)
	end := func() {
		n := rows.Len()
		if n == 0 {
			return
		}
		room := make([]float32, n)
		own = append(own[:0], make([]float64, n)...)
		ranker.Score(&batch, &rows, 0, room, own)
		s.Model = append(s.Model, gainAt(wanted, own))
		s.Popular = append(s.Popular, gainAt(wanted, popular))
		s.Recall = append(s.Recall, gainAt(wanted, make([]float64, n)))
		if wanted >= 0 {
			s.Found++
		}
		batch.Reset()
		rows.Reset()
		popular, wanted = popular[:0], -1
	}
	last := uint32(0)
	err = q.Each(0, q.Len(), func(i int, sample *Sample) error {
		if newer := sample.Group > groups/2; newer != (part == Measuring) {
			return nil
		}
		if sample.Group != last {
			end()
			last = sample.Group
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if sample.Signals != 0 {
			wanted = rows.Len()
		}
		row := sample.Row
		popular = append(popular, row.Numbers[len(row.Numbers)-1])
		row.Numbers = row.Numbers[:len(row.Numbers)-1]
		ranker.Schema().Encode(&batch, &row)
		rows.Append(&row)
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("questions: %w", err)
	}
	end()
	return s, nil
}

// gainAt is the NDCG@QuestionK of a list by scores, equal ones in the order of rows, of which one is
// wanted, none below 0.
func gainAt(wanted int, scores []float64) float64 {
	if wanted < 0 {
		return 0
	}
	place := 1
	for i, s := range scores {
		if c := cmp.Compare(s, scores[wanted]); c > 0 || c == 0 && i < wanted {
			place++
		}
	}
	if place > QuestionK {
		return 0
	}
	return 1 / math.Log2(float64(place+1))
}

// mean of some measures, 0 of none.
func mean(list []float64) (sum float64) {
	for _, x := range list {
		sum += x / float64(len(list))
	}
	return sum
}
