package learn

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/stream"
)

// always is a fold.Rankers that has one.
type always struct{ ranker *rank.Ranker }

func (a always) Ranker(string, int, string, string) *rank.Ranker { return a.ranker }

// holdWorld is a state whose live ranker, a factorization machine with vectors of 16, has so many words,
// and its updater.
func holdWorld(b *testing.B, words int) (*fold.State, *Updater) {
	b.Helper()
	u := NewUpdater(UpdaterOptions{MaxSize: 16 << 20, Pace: Pace{Admission: 1, L1: 1e-9}})
	live := &always{}
	state, err := fold.New(fold.Options{Updater: u, Rankers: live, Words: []string{"item.id"}})
	if err != nil {
		b.Fatal(err)
	}
	var fields []rank.Field
	for _, name := range state.RowNames().Numbers {
		fields = append(fields, rank.Field{Name: name, Kind: rank.Spread, Knots: []float64{0, 1}})
	}
	for _, name := range state.RowNames().Words {
		f := rank.Field{Name: name, Kind: rank.Category}
		for i := range words {
			f.Tokens = append(f.Tokens, rank.TokenOf(strconv.Itoa(i)))
		}
		slices.Sort(f.Tokens)
		fields = append(fields, f)
	}
	schema, err := rank.NewSchema(fields)
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	fm := &rank.FM{LR: rank.LR{Fields: schema, Weights: make([]float32, schema.Weights())}, Dim: 16, Vectors: make([]float32, 16*schema.Weights())}
	for i := range fm.Vectors {
		fm.Vectors[i] = float32(rng.NormFloat64() * 0.1)
	}
	live.ranker = rank.Single("click", fm)
	text, err := json.Marshal(&fold.Switch{Name: "fm", Version: 1, SHA256: "ab", By: fold.Promoted})
	if err != nil {
		b.Fatal(err)
	}
	state.Apply(&stream.Entry{Topic: "model", Position: 1, Model: text})
	if !u.Updating() {
		b.Fatal("nothing is updated")
	}
	return state, u
}

// move has every word that may learn.
func move(u *Updater, record uint64) {
	s := u.shadows[0]
	for at := s.words; int(at) < len(s.place); at++ {
		batch := rank.Batch{Index: []uint32{0, at}, Value: []float32{1, 1}, Ends: make([]uint32, s.fields)}
		for f := range batch.Ends {
			batch.Ends[f] = 1
		}
		batch.Ends[s.fields-1] = 2
		s.Learn(&batch, 0, 0.5, record)
	}
}

// BenchmarkPublicationHolds is a publication of 131,072 weights with vectors of 16, and the longest that
// any part of it holds the state: collecting what changed, with as many records as that takes; preparing
// it, which holds nothing; and applying its record. Of several publications the least is reported: what
// else runs on the machine makes all longer.
func BenchmarkPublicationHolds(b *testing.B) {
	state, u := holdWorld(b, 1<<17)
	gather, beside, apply := time.Hour, time.Hour, time.Hour
	moves := uint64(0)
	for b.Loop() {
		b.StopTimer()
		moves++
		move(u, moves)
		p := &state.Model
		number := state.Updates.Last.Number + 1 // and the position
		u.gathering = gathering{pub: &fold.Publication{Name: p.Name, Version: p.Version, SHA256: p.SHA256, Number: number, Verdict: fold.Published, Changes: make([][]rank.Patch, 1)}}
		b.StartTimer()
		longest := time.Duration(0)
		for u.propose == nil {
			longest = max(longest, timed(u.gather))
		}
		gather = min(gather, longest)
		var ready *fold.Prepared
		beside = min(beside, timed(func() {
			var err error
			if ready, err = fold.Prepare(state.Proposal(), state.Updates.Patches); err != nil {
				b.Fatal(err)
			}
		}))
		state.Expect(ready)
		apply = min(apply, timed(func() {
			state.Apply(&stream.Entry{Topic: "weights", Position: freshet.Position(number), Weights: ready.Text()})
		}))
		if state.Updates.Number != number || u.Learned().Diverged > 0 || state.Updates.Patches[0].Len() < 1<<16 {
			b.Fatalf("in force is publication %d: %+v", state.Updates.Number, u.Learned())
		}
	}
	b.ReportMetric(gather.Seconds()*1e3, "ms-gather")
	b.ReportMetric(beside.Seconds()*1e3, "ms-beside")
	b.ReportMetric(apply.Seconds()*1e3, "ms-apply")
}

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}
