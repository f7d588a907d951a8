package learn

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// tastes makes a history of visitors who each like one of so many groups of 40 items, and take a few of
// everything.
func tastes(visitors, groups int, seed uint64) *Takes {
	rng := rand.New(rand.NewPCG(seed, 1))
	t := NewTakes(freshet.BuiltinEvents())
	for v := range visitors {
		for n := range 10 + rng.IntN(20) {
			item := v%groups*40 + rng.IntN(40)
			if rng.IntN(5) == 0 {
				item = rng.IntN(groups * 40)
			}
			t.Apply(&stream.Entry{Event: &freshet.Event{User: freshet.UserID(fmt.Sprint("v", v)), Item: freshet.ItemID(fmt.Sprint("i", item)), Name: "click", Time: int64(n * 1000)}})
		}
	}
	return t
}

func TestTrainEmbedding(t *testing.T) {
	taken := tastes(300, 8, 1).Taken()
	model, report, err := TrainEmbedding(t.Context(), taken, RecallOptions{Seed: 1, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if report.Found.At20 < 2*report.Popular.At20 || report.Found.At20 < 0.2 || report.Found.At200 < report.Found.At20 {
		t.Errorf("found %+v, popular %+v", report.Found, report.Popular)
	}
	again, second, err := TrainEmbedding(t.Context(), tastes(300, 8, 1).Taken(), RecallOptions{Seed: 1, Workers: 1})
	if err != nil || second != report {
		t.Errorf("again %+v, %v; first %+v", second, err, report)
	}
	for row := range uint32(model.Len()) {
		for d, x := range model.Vector(row) {
			if y := again.Vector(row)[d]; x != y {
				t.Fatalf("number %d of row %d is %v, then %v", d, row, x, y)
			}
		}
	}
	t.Logf("%+v", report)
}

func TestTrainEmbeddingRefuses(t *testing.T) {
	if _, _, err := TrainEmbedding(t.Context(), tastes(5, 2, 1).Taken(), RecallOptions{}); !errors.Is(err, ErrTooLittle) {
		t.Errorf("of five visitors: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := TrainEmbedding(ctx, tastes(300, 8, 1).Taken(), RecallOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestTaken: who took what, by the newest event and the strongest, whatever order they came in.
func TestTaken(t *testing.T) {
	takes := NewTakes(freshet.BuiltinEvents())
	for _, e := range []stream.Entry{
		{Event: &freshet.Event{User: "ada", Item: "b", Name: "click", Time: 50}},
		{Event: &freshet.Event{User: "ada", Item: "a", Name: "click", Time: 40}},
		{Event: &freshet.Event{User: "ada", Item: "b", Name: "click", Time: 10}},
		{Event: &freshet.Event{User: "ada", Item: "c", Name: "click", Time: 50}},
		{Event: &freshet.Event{User: "ada", Item: "d", Name: "expose", Time: 60}},
		{Event: &freshet.Event{User: "ada", Item: "e", Name: "dislike", Time: 60}},
		{Event: &freshet.Event{User: "ada", Item: "f", Name: "click", Time: 60}, Late: true},
		{Event: &freshet.Event{Anonymous: "ada", Item: "a", Name: "purchase", Time: 1}},
		{Item: &freshet.Item{ID: "z"}},
	} {
		takes.Apply(&e)
	}
	taken := takes.Taken()
	got := ""
	for v, visitor := range taken.Visitors {
		rows, strength := taken.Of(v)
		got += visitor + ":"
		for i, row := range rows {
			got += fmt.Sprintf(" %s %g", taken.IDs.ID(row), strength[i])
		}
		got += "; "
	}
	if want := "u:ada: a 1 b 1 c 1; a:ada: a 1; "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestJudge holds what is found against lists that are sorted whole.
func TestJudge(t *testing.T) {
	taken := tastes(60, 4, 3).Taken()
	judge := NewJudge(taken, recall.MostTaken, 10)
	if judge.Judged() != 60 {
		t.Fatalf("%d are judged by", judge.Judged())
	}
	held := 0
	for v := range taken.Visitors {
		rows, _ := taken.Of(v)
		train := judge.Train.Row(v)
		held += len(rows) - len(train)
		for _, row := range rows[len(train):] {
			for _, other := range train {
				if other == row {
					t.Fatalf("visitor %d: row %d is held back and trained on", v, row)
				}
			}
		}
	}
	if held < 60 || held > taken.Pairs()/5 {
		t.Errorf("%d of %d pairs are held back", held, taken.Pairs())
	}
	f, err := judge.Measure(t.Context(), newPopular(judge.Train))
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for v := range taken.Visitors {
		rows, _ := taken.Of(v)
		train := judge.Train.Row(v)
		count := make([]int, taken.IDs.Len())
		for _, row := range judge.Train.Item {
			count[row]++
		}
		for _, row := range train {
			count[row] = -1
		}
		hits := 0
		for range 20 { // the most counted, the first of equals
			best := 0
			for row := range count {
				if count[row] > count[best] {
					best = row
				}
			}
			count[best] = -2
			for _, want := range rows[len(train):] {
				if int(want) == best {
					hits++
				}
			}
		}
		sum += float64(hits) / float64(len(rows)-len(train))
	}
	if want := sum / 60; f.At20 < want-1e-9 || f.At20 > want+1e-9 {
		t.Errorf("RecallAt(20) %v, want %v", f.At20, want)
	}
}
