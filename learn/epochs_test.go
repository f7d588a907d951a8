package learn

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// drawn is a Source that draws its rows anew each time: two words, alike in a positive row nine
// times of ten.
type drawn struct {
	rows, at int
	seed     uint64
	rng      *rand.Rand
	resets   int
	label    func() float32 // nil is by the words
}

func (d *drawn) Names() rank.Names { return rank.Names{Words: []string{"a", "b"}} }

func (d *drawn) Reset() error {
	d.at, d.rng = 0, rand.New(rand.NewPCG(d.seed, 0))
	d.resets++
	return nil
}

func (d *drawn) Next(row *rank.Row) (label, weight float32, err error) {
	if d.at == d.rows {
		return 0, 0, io.EOF
	}
	d.at++
	row.Reset()
	a, b := rank.Token(d.rng.IntN(5)), rank.Token(d.rng.IntN(5))
	positive := a == b
	if d.rng.IntN(10) == 0 {
		positive = !positive
	}
	row.Words = append(row.Words, a)
	row.End()
	row.Words = append(row.Words, b)
	row.End()
	if positive {
		label = 1
	}
	if d.label != nil {
		label = d.label()
	}
	return label, 1, nil
}

func (d *drawn) schema(t testing.TB) (*rank.Schema, [][]uint32) {
	t.Helper()
	f, err := FitFields(d.Names(), d.rows, func(visit func(*rank.Row)) error { return Each(d, visit) }, FieldOptions{MinCount: 1})
	if err != nil {
		t.Fatal(err)
	}
	schema, err := rank.NewSchema(f.Fields)
	if err != nil {
		t.Fatal(err)
	}
	return schema, f.Counts
}

func TestTrainEpochs(t *testing.T) {
	train, valid := &drawn{rows: 3000, seed: 1}, &drawn{rows: 1000, seed: 2}
	schema, counts := train.schema(t)
	var models [2][]byte
	for i := range models {
		var best, last Progress
		least := math.Inf(1)
		trained, err := TrainEpochs(t.Context(), NewFM(schema, FMOptions{Seed: 1, Dim: 4}), schema, counts, train, valid, EpochOptions{Seed: 5, Progress: func(_ int, p Progress) {
			if last = p; p.LogLoss < least {
				best, least = p, p.LogLoss
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		if trained.AUC < 0.8 || trained.LogLoss > 0.36 {
			t.Errorf("trained: %+v", trained.Progress)
		}
		if trained.LogLoss != best.LogLoss || trained.AUC != best.AUC {
			t.Errorf("the best look found %+v, the last %+v, and %+v is returned", best, last, trained.Progress)
		}
		// What is returned is the model of then, and not of the end.
		var odds []float64
		var labels []bool
		var weights []float32
		err = EachPredicted(valid, trained.Model, schema, func(x, label, weight float32) {
			odds, labels, weights = append(odds, float64(x)), append(labels, label > 0), append(weights, weight)
		})
		if loss := meanLogLoss(odds, labels, weights, &trained.Calibrated); err != nil || math.Abs(loss-trained.LogLoss) > 1e-6 {
			t.Errorf("the model returned has a loss of %v, and had %v: %v", loss, trained.LogLoss, err)
		}
		models[i] = bytesOf(t, trained.Model)
	}
	if string(models[0]) != string(models[1]) {
		t.Error("equal seeds gave different models")
	}
}

// TestTrainEpochsStreams counts what is held of rows that do not fit a block.
func TestTrainEpochsStreams(t *testing.T) {
	train, valid := &drawn{rows: 2*mixedRows + 10, seed: 1}, &drawn{rows: 500, seed: 2}
	schema, counts := train.schema(t)
	before := train.resets
	e := &epochs{learner: NewLR(schema, LROptions{}), schema: schema, train: train, valid: valid, rng: rand.New(rand.NewPCG(1, 1)), hiding: newHiding(schema, counts)}
	for range 2 {
		if err := e.begin(); err != nil {
			t.Fatal(err)
		}
		for more := true; more; {
			var err error
			if more, err = e.learn(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := len(e.mixed.labels); n > mixedRows {
				t.Fatalf("%d rows are held", n)
			}
		}
	}
	if e.all || train.resets != before+2 || e.learned != 2*uint64(train.rows) {
		t.Errorf("%d rows were learned in %d readings", e.learned, train.resets-before)
	}
}

// broken is a Learner whose weights are no numbers.
type broken struct{ LR }

func (b *broken) Learn(*rank.Batch, []float32, []float32) float64 { return math.NaN() }

// TestTrainBestPassesOverWhatDiverges: one trial that leads nowhere leaves the others.
func TestTrainBestPassesOverWhatDiverges(t *testing.T) {
	train, valid := &drawn{rows: 300, seed: 1}, &drawn{rows: 100, seed: 2}
	schema, counts := train.schema(t)
	lr := func(schema *rank.Schema, _ uint64) Learner { return NewLR(schema, LROptions{}) }
	wild := Trial{"wild", func(schema *rank.Schema, _ uint64) Learner { return &broken{*NewLR(schema, LROptions{})} }}
	for _, trials := range [][]Trial{{wild, {"tame", lr}}, {{"tame", lr}, wild}} {
		best, by, err := TrainBest(t.Context(), trials, schema, counts, train, valid, EpochOptions{})
		if err != nil || best.Model == nil || by.Settings != "tame" {
			t.Errorf("the best is %q, %v", by.Settings, err)
		}
	}
	if _, _, err := TrainBest(t.Context(), []Trial{wild, wild}, schema, counts, train, valid, EpochOptions{}); !errors.Is(err, ErrDiverged) {
		t.Errorf("where all diverge: %v", err)
	}
}

func TestTrainEpochsRefuses(t *testing.T) {
	train, valid := &drawn{rows: 300, seed: 1}, &drawn{rows: 100, seed: 2}
	schema, counts := train.schema(t)
	learn := func(ctx context.Context, l Learner, train, valid Source) error {
		_, err := TrainEpochs(ctx, l, schema, counts, train, valid, EpochOptions{})
		return err
	}
	lr := func() *LR { return NewLR(schema, LROptions{}) }
	if err := learn(t.Context(), &broken{*lr()}, train, valid); !errors.Is(err, ErrDiverged) {
		t.Errorf("a loss that is no number: %v", err)
	}
	if err := learn(t.Context(), lr(), &drawn{}, valid); !errors.Is(err, ErrTooLittle) {
		t.Errorf("no rows: %v", err)
	}
	if err := learn(t.Context(), lr(), train, &drawn{rows: 50, label: func() float32 { return 1 }}); !errors.Is(err, ErrTooLittle) {
		t.Errorf("validation rows of one label: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := learn(ctx, lr(), train, valid); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestBatchRows(t *testing.T) {
	for rows, want := range map[int]int{10: 32, 6400: 32, 6401: 64, 202_005: 1024, 10_000_000: 1024} {
		if got := BatchRows(rows); got != want {
			t.Errorf("%d rows in batches of %d, want %d", rows, got, want)
		}
	}
}
