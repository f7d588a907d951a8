package online

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/rank"
)

// Name is the name of the workload.
const Name = "online"

// Kinds are the models that are updated, in the order in which they run.
func Kinds() []string { return []string{"lr", "fm", "deepfm"} }

// asked is how many rows a second are asked for, on one core.
const asked = 100_000

// The model: as many fields as a shop has, with vectors and a network of the usual size.
const (
	numbers = 24
	knots   = 16
	items   = 10_000
	dim     = 16
	places  = 10 // of a slate
)

// Options say what to measure. Now is required.
type Options struct {
	Slates int // of each kind, in [100, 10,000,000]
	Seed   uint64
	Now    func() time.Time // processor time of the process, so that other programs do not count
	Say    func(format string, args ...any)
}

// ErrOptions is wrapped by the errors of Run that are about its Options.
var ErrOptions = errors.New("bench online")

// Run measures each kind. It fails with ctx's error or with one that wraps ErrOptions.
func Run(ctx context.Context, o Options) (*bench.Result, error) {
	switch {
	case o.Now == nil:
		return nil, fmt.Errorf("%w: Options need Now", ErrOptions)
	case o.Slates < 100 || o.Slates > 10_000_000:
		return nil, fmt.Errorf("%w: slates is %d; it must be in 100 to 10000000", ErrOptions, o.Slates)
	}
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	result := &bench.Result{Bench: Name}
	for _, kind := range Kinds() {
		rate, counts, err := o.measure(ctx, kind)
		if err != nil {
			return nil, err
		}
		o.Say("%s: %d rows, %d positives, %d weights moved", kind, counts.Rows, counts.Positives, counts.Moved)
		result.Lines = append(result.Lines, bench.Against("update_"+kind, rate, "rows/s", false, "rows a second that are asked for, on one core", [2]float64{asked, asked}))
	}
	return result, nil
}

// measure tells an updater of slates, a tenth of whose items are clicked, and returns how many rows it
// took in a second.
func (o *Options) measure(ctx context.Context, kind string) (float64, fold.Learned, error) {
	ranker, rows, err := o.world(kind)
	if err != nil {
		return 0, fold.Learned{}, err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 2))
	u := learn.NewUpdater(learn.UpdaterOptions{Window: 2 * freshet.Minute, VisitorRows: 1 << 30, VisitorMoves: 1e9, ItemRows: 1 << 30, ItemMoves: 1e9})
	model, updates := fold.Model{Switch: fold.Switch{Name: kind, Version: 1}}, fold.Updates{}
	u.Rebase(&model, ranker, &updates)
	show := &fold.Show{Items: make([]uint32, places), Row: func(i int) *rank.Row { return nil }}
	clock, position := int64(1_700_000_000_000), freshet.Position(0)
	e := &freshet.Event{}
	tell := func(item uint32, signal freshet.Signal) {
		position++
		e.Time, e.Request = clock, show.Request
		u.Act(position, show.Visitor, item, signal, e)
	}
	began := o.Now()
	for n := range o.Slates {
		if n%1000 == 0 && ctx.Err() != nil {
			return 0, fold.Learned{}, ctx.Err()
		}
		clock += 50
		position++
		at := rng.IntN(len(rows) - places)
		show.Position, show.Time, show.Received, show.Request, show.Visitor = position, clock, clock, strconv.Itoa(n), uint32(1+rng.IntN(100_000))
		for i := range places {
			show.Items[i] = uint32(at + i + 1)
		}
		show.Row = func(i int) *rank.Row { return &rows[at+i] }
		u.Show(show)
		for _, item := range show.Items {
			tell(item, freshet.SignalImpression)
			if rng.IntN(10) == 0 {
				tell(item, freshet.SignalClick)
			}
		}
		if p := u.Proposal(); p != nil {
			if err := updates.Apply(p.Complete(updates.Patches), &model, position, clock); err != nil {
				return 0, fold.Learned{}, err
			}
			u.Published(&updates)
		}
	}
	took := o.Now().Sub(began)
	counts := u.Learned()
	return float64(counts.Rows) / max(took, 1).Seconds(), counts, nil
}

// world makes a ranker of a kind, and rows for it: of each item one.
func (o *Options) world(kind string) (*rank.Ranker, []rank.Row, error) {
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	var fields []rank.Field
	for i := range numbers {
		f := rank.Field{Name: "number." + strconv.Itoa(i), Kind: rank.Spread}
		for k := range knots {
			f.Knots = append(f.Knots, float64(k))
		}
		fields = append(fields, f)
	}
	lists := []struct {
		name  string
		words int // known
		of    int // in a row
	}{{"item.id", items, 1}, {"item.categories", 200, 2}, {"user.plan", 4, 1}, {"context.page", 8, 1}, {"feature.last", items, 10}}
	for _, l := range lists {
		f := rank.Field{Name: l.name, Kind: rank.Category}
		for w := range l.words {
			f.Tokens = append(f.Tokens, rank.TokenOf(strconv.Itoa(w)))
		}
		slices.Sort(f.Tokens)
		fields = append(fields, f)
	}
	schema, err := rank.NewSchema(fields)
	if err != nil {
		return nil, nil, err
	}
	rows := make([]rank.Row, items)
	for i := range rows {
		for range numbers {
			rows[i].Numbers = append(rows[i].Numbers, knots*rng.Float64())
		}
		for l := range lists {
			for range lists[l].of {
				word := rng.IntN(lists[l].words)
				if l == 0 {
					word = i
				}
				rows[i].Words = append(rows[i].Words, rank.TokenOf(strconv.Itoa(word)))
			}
			rows[i].End()
		}
	}
	return rank.Single("click", model(kind, schema, rng)), rows, nil
}

// model is one of a kind with small random weights.
func model(kind string, schema *rank.Schema, rng *rand.Rand) rank.Model {
	random := func(n int, by float64) []float32 {
		list := make([]float32, n)
		for i := range list {
			list[i] = float32(rng.NormFloat64() * by)
		}
		return list
	}
	lr := rank.LR{Fields: schema, Bias: -2, Weights: random(schema.Weights(), 0.01)}
	if kind == "lr" {
		return &lr
	}
	fm := rank.FM{LR: lr, Dim: dim, Vectors: random(dim*schema.Weights(), 0.02)}
	if kind == "fm" {
		return &fm
	}
	deep := &rank.DeepFM{FM: fm}
	for in, widths := dim*len(schema.Fields), []int{128, 64, 1}; len(widths) > 0; in, widths = widths[0], widths[1:] {
		deep.Layers = append(deep.Layers, rank.Layer{In: in, Out: widths[0], Weights: random(in*widths[0], 0.05), Bias: make([]float32, widths[0])})
	}
	return deep
}
