package lives

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/snapshot"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

// oneRanker is always at hand.
type oneRanker struct{ has *rank.Ranker }

// Ranker implements fold.Rankers.
func (r oneRanker) Ranker(string, int, string, string) *rank.Ranker { return r.has }

const lifeItems = 10

// learning is a state that updates a ranker of the kind, and that ranker.
func learning(t testing.TB, kind string) (*fold.State, *learn.Updater) {
	t.Helper()
	u := learn.NewUpdater(learn.UpdaterOptions{Window: 5 * freshet.Minute, Every: freshet.Second, VisitorMoves: 20, Pace: learn.Pace{Admission: 1},
		Gate: learn.GateOptions{Rows: 40, Positives: 4, Alpha: 0.2, Horizon: 10 * freshet.Minute, Settle: freshet.Second, Off: 1}})
	o := fold.Options{Kinds: freshet.BuiltinEvents(), MaxFuture: freshet.Minute, NewTable: mem.New, Features: definitions, Words: []string{"item.id"}, Updater: u,
		Routes: []fold.Route{{Name: "hot", Kind: "popular", Window: freshet.Hour}}}
	empty, err := fold.New(o)
	if err != nil {
		t.Fatal(err)
	}
	var fields []rank.Field
	for _, name := range empty.RowNames().Numbers {
		fields = append(fields, rank.Field{Name: name, Kind: rank.Spread, Knots: []float64{0, 1, 10}})
	}
	words := rank.Field{Name: "item.id", Kind: rank.Category}
	for i := range lifeItems {
		words.Tokens = append(words.Tokens, rank.TokenOf(fmt.Sprintf("i-%d", i)))
	}
	slices.Sort(words.Tokens)
	schema, err := rank.NewSchema(append(fields, words))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	fm := &rank.FM{LR: rank.LR{Fields: schema, Bias: -2, Weights: make([]float32, schema.Weights())}, Dim: 4, Vectors: make([]float32, 4*schema.Weights())}
	for i := range fm.Vectors {
		fm.Vectors[i] = float32(rng.NormFloat64() / 50)
	}
	o.Rankers = oneRanker{rank.Single("click", fm)}
	if kind == "lr" {
		o.Rankers = oneRanker{rank.Single("click", &fm.LR)}
	}
	state, err := fold.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return state, u
}

// TestGoalOnlineLives: a machine that learns is killed, again and again, also while it publishes, and
// goes on from a snapshot and the journal, or the journal alone. In the end it knows what a fold of its
// journal from the beginning makes, to the bit, and every publication of the journal is what was learned.
func TestGoalOnlineLives(t *testing.T) {
	g := goal.Begin(t, "G26", "0 states differ from a replay of their journal", goal.Sizes{Quick: 12, CI: 150})
	kills, publications, midway := 0, 0, 0
	for g.More() {
		seed := uint64(g.N())
		rng := rand.New(rand.NewPCG(seed, 27))
		kind := []string{"lr", "fm"}[g.N()%2]
		clock := t0
		now := func() time.Time { return time.UnixMilli(t0) }
		boot := func(disk *fsys.Mem) (*machine, *learn.Updater) {
			state, u := learning(t, kind)
			return bootState(t, disk, now, state), u
		}
		m, u := boot(fsys.NewMem())
		if _, err := m.stream.Switch(t.Context(), clock, fmt.Appendf(nil, `{"model":%q,"version":1,"sha256":"aa","by":"promoted"}`, kind)); err != nil {
			t.Fatal(err)
		}
		for n := range 220 {
			clock += rng.Int64N(3000)
			visitor, request := rng.IntN(30), fmt.Sprintf("r-%d", n)
			rec := fold.Served{Request: request, Visitor: freshet.VisitorOf(freshet.UserID(fmt.Sprintf("u-%d", visitor)), "", ""), Time: clock}
			for _, item := range rng.Perm(lifeItems)[:4] {
				rec.Items = append(rec.Items, fold.ServedItem{Item: freshet.ItemID(fmt.Sprintf("i-%d", item))})
			}
			text, err := json.Marshal(&rec)
			if err == nil {
				err = m.stream.Served(t.Context(), clock, text)
			}
			if err != nil {
				t.Fatal(err)
			}
			var events []freshet.Event
			for _, it := range rec.Items {
				e := freshet.Event{User: freshet.UserID(fmt.Sprintf("u-%d", visitor)), Item: it.Item, Name: "expose", Time: clock, Request: request}
				events = append(events, e)
				if it.Item == "i-3" || rng.IntN(25) == 0 {
					e.Name, e.Value, e.HasValue = "click", freshet.MaxValue, true
					events = append(events, e, e)
				}
			}
			if _, err := m.stream.Events(t.Context(), stream.SourceHTTP, clock, events, nil); err != nil {
				t.Fatal(err)
			}
			var proposal *fold.Publication
			var before []rank.Patch
			m.stream.View(func(freshet.Position) { proposal, before = m.state.Proposal(), m.state.Updates.Patches })
			done := make(chan error, 1)
			publishing := proposal != nil && rng.IntN(3) > 0
			if publishing {
				publications++
				expected := rng.IntN(3) > 0 // otherwise it is worked out as its record is applied
				go func() {
					ready, err := fold.Prepare(proposal, before)
					if err == nil && expected {
						m.state.Expect(ready)
					}
					if err == nil {
						_, err = m.stream.Publish(t.Context(), clock, ready.Text())
					}
					done <- err
				}()
			}
			var image *fsys.Mem
			if rng.IntN(25) == 0 {
				image = m.disk.Clone() // what a kill at this moment leaves, the publication written or not
			}
			if publishing {
				if err := <-done; err != nil {
					t.Fatal(err)
				}
			}
			switch {
			case image != nil:
				kills++
				if publishing {
					midway++
				}
				m.down()
				m, u = boot(image)
			case rng.IntN(40) == 0:
				m.snap(t)
			}
		}
		if err := m.stream.WaitApplied(t.Context(), m.log.Last()); err != nil {
			t.Fatal(err)
		}
		got := m.packed()
		counts := u.Learned()
		anew, u := learning(t, kind)
		alone := m.disk.Clone()
		if err := snapshot.Keep(alone, 0); err != nil {
			t.Fatal(err)
		}
		again := bootState(t, alone, now, anew)
		if !bytes.Equal(again.packed(), got) || u.Learned() != counts || counts.Diverged != 0 {
			t.Fatalf("seed %d, %s: after %d kills it is another than its journal makes: %+v and %+v", seed, kind, kills, counts, u.Learned())
		}
		for _, p := range again.state.Updates.Patches {
			for _, w := range append(p.Weights, p.Vectors...) {
				if math.IsNaN(float64(w)) || math.IsInf(float64(w), 0) {
					t.Fatalf("seed %d, %s: a weight of %v is published", seed, kind, w)
				}
			}
		}
		again.down()
		m.down()
		g.Add(1)
	}
	if publications == 0 || midway == 0 {
		t.Errorf("%d publications, %d kills while one was written", publications, midway)
	}
	g.End("0 differ, %d kills, %d while publishing, %d publications", kills, midway, publications)
}
