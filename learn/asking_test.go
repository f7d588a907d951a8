package learn_test

import (
	"cmp"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/sim"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/rank/modeltest"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// waiting is a question of the oracle that is not answered.
type waiting struct {
	learn.Question
	candidates []recall.Candidate
	popular    []uint32
	time       int64
	served     *fold.Served
}

// TestQuestionsOfSlates: where a journal tells of exposures, the questions are those that a slow oracle
// asks: at the first item on screen of each slate, before that is known of, and answered by what the
// visitor wanted next. They name whose order put that on screen, unless it stood there by lot; they read
// the same once they were sealed; and what orders are worth to them is what is counted by hand.
func TestQuestionsOfSlates(t *testing.T) {
	w := sim.New(sim.Options{Seed: 5, Items: 60, Visitors: 200, Days: 4, End: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)})
	disk, state := fsys.NewMem(), newState(t)
	h, err := learn.NewHistory(learn.HistoryOptions{State: newState(t), Kinds: freshet.BuiltinEvents(), Asks: asks, Slack: freshet.Minute, Seed: 1, Exposures: true, Questions: 1 << 20, Entries: 1}, disk, "rows")
	if err != nil {
		t.Fatal(err)
	}
	apply := func(e *stream.Entry) {
		t.Helper()
		if err := h.Apply(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		state.Apply(e)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	items := w.Items()
	for i := range items {
		apply(&stream.Entry{Item: &items[i]})
	}
	var want []learn.Question
	counts := make([]int, len(items)+1)
	open, asked := map[uint32]*waiting{}, map[uint32]int64{}
	byRequest, newest := map[string]*fold.Served{}, map[freshet.Visitor]*fold.Served{}
	shown, wantedAt := map[[2]uint32][]int64{}, map[[2]uint32]int64{}
	rows, events := 0, 0
	for e := range w.History() {
		request := e.Request
		if events++; events%3 == 0 {
			e.Request = "" // not everybody tells
		}
		if _, known := byRequest[request]; !known {
			byRequest[request] = nil
			if rng.IntN(2) == 0 {
				served := &fold.Served{Request: request, Visitor: e.Visitor(), Time: e.Time}
				if rng.IntN(2) == 0 {
					served.Model = &fold.ServedModel{Name: "lr", Version: 1, SHA256: "cafe"}
				}
				for i := range items {
					if rng.IntN(2) == 0 {
						served.Items = append(served.Items, fold.ServedItem{Item: items[i].ID, Explored: rng.IntN(3) == 0})
					}
				}
				text, err := json.Marshal(served)
				if err != nil {
					t.Fatal(err)
				}
				byRequest[request], newest[served.Visitor] = served, served
				apply(&stream.Entry{Served: text})
			}
		}
		visitor, item := state.Visitors.Add(string(e.Visitor())), state.Items.Find(e.Item)
		q := max(e.Time, state.Newest-int64(freshet.Minute))
		_, seen := state.Histories.Seen(visitor, item)
		switch signal := freshet.BuiltinEvents().Of(e.Name).Signal; {
		case visitor == 0 || item == 0:
		case signal == freshet.SignalImpression:
			if at, ok := wantedAt[[2]uint32{visitor, item}]; ok && at >= e.Time { // told after what it led to
				break
			}
			shown[[2]uint32{visitor, item}] = append(shown[[2]uint32{visitor, item}], e.Time)
			if at, ok := asked[visitor]; ok && q-at <= 30_000 {
				break
			}
			asked[visitor] = q
			candidates, err := state.Candidates(t.Context(), asks, state.Request(visitor, q))
			if err != nil {
				t.Fatal(err)
			}
			if len(candidates) < 2 {
				break
			}
			one := &waiting{Question: learn.Question{First: rows, Rows: len(candidates)}, candidates: candidates, time: e.Time, served: byRequest[e.Request]}
			if e.Request == "" {
				if one.served = newest[e.Visitor()]; one.served != nil && e.Time-one.served.Time > int64(30*freshet.Minute) {
					one.served = nil
				}
			}
			for other := range counts {
				if _, seen := state.Histories.Seen(visitor, uint32(other)); counts[other] > 0 && !seen && state.Items.Available(uint32(other)) {
					one.popular = append(one.popular, uint32(other))
				}
			}
			slices.SortStableFunc(one.popular, func(a, b uint32) int { return cmp.Compare(counts[b], counts[a]) })
			open[visitor], rows = one, rows+len(candidates)
		case signal.Positive() && !seen:
			one := open[visitor]
			if one == nil || e.Time > one.time+int64(30*freshet.Minute) {
				break
			}
			delete(open, visitor)
			one.Wanted = slices.IndexFunc(one.candidates, func(c recall.Candidate) bool { return c.Item == item })
			if one.Popular = 1 + slices.Index(one.popular, item); one.Popular > learn.QuestionK {
				one.Popular = 0
			}
			if slices.ContainsFunc(shown[[2]uint32{visitor, item}], func(at int64) bool { return at <= e.Time && e.Time-at <= int64(30*freshet.Minute) }) {
				one.Maker = learn.Elsewhere
			}
			if s := one.served; s != nil {
				if at := slices.IndexFunc(s.Items, func(it fold.ServedItem) bool { return it.Item == e.Item }); at >= 0 {
					switch {
					case s.Items[at].Explored:
						one.Maker = ""
					case s.Model != nil:
						one.Maker = s.Model.SHA256
					default:
						one.Maker = learn.ByRecall
					}
				}
			}
			want = append(want, one.Question)
		}
		if freshet.BuiltinEvents().Of(e.Name).Signal.Positive() {
			delete(asked, visitor)
			wantedAt[[2]uint32{visitor, item}] = max(wantedAt[[2]uint32{visitor, item}], e.Time)
			counts[item]++
		}
		apply(&stream.Entry{Event: &e})
	}
	slices.SortFunc(want, func(a, b learn.Question) int { return cmp.Compare(a.First, b.First) })
	if _, err := h.Questions(); err != nil {
		t.Fatal(err)
	}
	q, err := learn.OpenQuestions(disk, "rows")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(q.Asked, want) {
		for i := range want {
			if i >= len(q.Asked) || q.Asked[i] != want[i] {
				t.Fatalf("question %d of %d is not %+v of %d: %+v", i, len(q.Asked), want[i], len(want), q.Asked[i:min(i+2, len(q.Asked))])
			}
		}
		t.Fatalf("%d questions, want %d", len(q.Asked), len(want))
	}
	makers := map[string]int{}
	missed, popular := 0, 0
	for _, one := range want {
		makers[one.Maker]++
		if one.Wanted < 0 {
			missed++
		}
		if one.Popular > 0 {
			popular++
		}
	}
	if len(want) < 100 || len(makers) != 4 || popular == 0 || rows == len(q.Asked) {
		t.Errorf("too tame: %d questions, made by %v, %d missed, %d popular", len(want), makers, missed, popular)
	}
	stands(t, q)
}

// stands holds what an order is worth to questions against a count by hand.
func stands(t *testing.T, q *learn.Questions) {
	t.Helper()
	m := modeltest.LR(t, q.Names.Numbers, []float64{0, 0.5, 100}, 0, func(name string) []float32 {
		if strings.HasPrefix(name, "feature.") {
			return []float32{0, 1, 0, 2}
		}
		return nil
	})
	half := (len(q.Asked) + 1) / 2
	for part, list := range map[learn.Part][]learn.Question{learn.Choosing: q.Asked[:half], learn.Measuring: q.Asked[half:]} {
		s, err := q.Stand(t.Context(), m, part)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Model) != len(list) {
			t.Fatalf("%d questions, want %d", len(s.Model), len(list))
		}
		differs := 0
		for i, one := range list {
			gain := func(place int) float64 {
				if place < 1 || place > learn.QuestionK {
					return 0
				}
				return math.Log(2) / math.Log(float64(place)+1)
			}
			var odds []float64
			if err := q.Each(one.First, one.First+one.Rows, func(_ int, sample *learn.Sample) error {
				var batch rank.Batch
				m.Schema().Encode(&batch, &sample.Row)
				room := make([]float32, 1)
				m.Heads[0].Model.Predict(&batch, room)
				odds = append(odds, float64(room[0]))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			place := 0
			if one.Wanted >= 0 {
				place = 1
				for j, v := range odds {
					if v > odds[one.Wanted] || v == odds[one.Wanted] && j < one.Wanted {
						place++
					}
				}
			}
			if place != one.Wanted+1 {
				differs++
			}
			if math.Abs(s.Model[i]-gain(place)) > 1e-12 || math.Abs(s.Recall[i]-gain(one.Wanted+1)) > 1e-12 || math.Abs(s.Popular[i]-gain(one.Popular)) > 1e-12 || s.Makers[i] != one.Maker {
				t.Fatalf("question %+v: the orders are worth %v, %v and %v", one, s.Model[i], s.Recall[i], s.Popular[i])
			}
		}
		if differs == 0 {
			t.Error("too tame: the model orders as recall does")
		}
	}
}
