package learn

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank"
)

// Questions are what visitors wanted next at moments of the newest part of a history, each with all
// candidates that recall had then, in its order, as rows of the moment. What comes of rows is in the
// questions, not in the samples.
type Questions struct {
	*Samples
	Asked []Question // in the order of their rows
}

// Question is one of them. The catalogue as a whole is what was to be put in order: an item that recall
// did not propose stands nowhere in an order of its candidates.
type Question struct {
	First   int    `json:"first"`           // of its rows
	Rows    int    `json:"rows"`            // candidates
	Wanted  int    `json:"wanted"`          // which of them was, -1 when recall did not propose it
	Popular int    `json:"popular"`         // its place among all items that the visitor could be shown, by how often they had been wanted: 1 to QuestionK, 0 beyond
	Maker   string `json:"maker,omitempty"` // by whose order it was on screen: the checksum of a ranker, ByRecall, Elsewhere, or "" when it was not, or stood there by lot
}

// Makers of slates beside rankers.
const (
	ByRecall  = "recall"    // no ranker put it in order
	Elsewhere = "elsewhere" // an order that the journal does not know
)

const (
	// questionsDir ends the name of the directory of questions, which begins with that of the rows.
	questionsDir = "-questions"
	askedName    = "asked"
	maxAsked     = 64 << 20 // bytes
)

// Seal writes what is not written yet, as that of Samples does.
func (q *Questions) Seal() error {
	text, err := json.Marshal(q.Asked)
	if err == nil {
		err = fsys.Replace(q.disk, q.dir+"/"+askedName, text)
	}
	if err != nil {
		return fmt.Errorf("questions: %w", err)
	}
	return q.Samples.Seal()
}

// OpenQuestions opens questions that were sealed beside rows, nil when none were.
func OpenQuestions(disk fsys.FS, dir string) (*Questions, error) {
	samples, err := OpenSamples(disk, dir+questionsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	q := &Questions{Samples: samples}
	text, err := fsys.ReadFile(disk, q.dir+"/"+askedName, maxAsked)
	if err == nil {
		err = json.Unmarshal(text, &q.Asked)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("questions: %w", err), q.Close())
	}
	return q, nil
}

// RemoveQuestions removes the files of questions that are closed.
func RemoveQuestions(disk fsys.FS, dir string) error {
	err := disk.Remove(dir + questionsDir + "/" + askedName)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, RemoveSamples(disk, dir+questionsDir))
}

// QuestionK is where the lists are cut by which questions measure.
const QuestionK = 10

// Standing is what orders are worth to some questions: for each the NDCG@QuestionK, which is 0 when the
// wanted item is not among the first, or was not proposed. The order of popularity is that of the whole
// catalogue.
type Standing struct {
	Model, Recall, Popular []float64
	Makers                 []string // of the questions
	Found                  int      // questions whose item recall proposed
}

// Part is a part of the questions.
type Part int

// The older half chooses, the newer half measures.
const (
	Choosing Part = iota
	Measuring
)

// part are the questions of a part.
func (q *Questions) part(p Part) []Question {
	half := (len(q.Asked) + 1) / 2
	if p == Choosing {
		return q.Asked[:half]
	}
	return q.Asked[half:]
}

// Stand says what the order of a ranker is worth to a part of the questions, beside that of recall and
// that of popularity. The ranker must go by rows as they are served. Errors are those of ctx and of the
// disk.
func (q *Questions) Stand(ctx context.Context, ranker *rank.Ranker, part Part) (s Standing, err error) {
	list := q.part(part)
	if len(list) == 0 {
		return s, nil
	}
	var batch rank.Batch
	var rows rank.Rows
	var room []float32
	var own []float64
	at := 0 // of list: the question that is read
	end := func() {
		of := &list[at]
		gain, recalled := 0.0, 0.0
		if of.Wanted >= 0 {
			n := rows.Len()
			room, own = append(room[:0], make([]float32, n)...), append(own[:0], make([]float64, n)...)
			ranker.Score(&batch, &rows, 0, room, own)
			gain, recalled = gainAt(of.Wanted, own), gainOf(of.Wanted+1)
			s.Found++
		}
		s.Model, s.Recall, s.Popular, s.Makers = append(s.Model, gain), append(s.Recall, recalled), append(s.Popular, gainOf(of.Popular)), append(s.Makers, of.Maker)
		batch.Reset()
		rows.Reset()
		at++
	}
	last := &list[len(list)-1]
	err = q.Each(list[0].First, last.First+last.Rows, func(i int, sample *Sample) error {
		for i >= list[at].First+list[at].Rows {
			end()
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if i >= list[at].First && list[at].Wanted >= 0 {
			ranker.Schema().Encode(&batch, &sample.Row)
			rows.Append(&sample.Row)
		}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("questions: %w", err)
	}
	for at < len(list) {
		end()
	}
	return s, nil
}

// gainAt is the NDCG@QuestionK of a list by scores, equal ones in the order of rows, of which one is
// wanted.
func gainAt(wanted int, scores []float64) float64 {
	place := 1
	for i, s := range scores {
		if c := cmp.Compare(s, scores[wanted]); c > 0 || c == 0 && i < wanted {
			place++
		}
	}
	return gainOf(place)
}

// gainOf is the NDCG@QuestionK of a list with the one wanted item at a place, from 1; 0 is nowhere.
func gainOf(place int) float64 {
	if place < 1 || place > QuestionK {
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
