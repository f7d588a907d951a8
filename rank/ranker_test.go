package rank_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/rank/modeltest"
)

// several is a ranker of three heads over one schema.
func several(t testing.TB) *rank.Ranker {
	s := modeltest.Schema(t)
	return &rank.Ranker{Heads: []rank.Head{
		{Signal: "click", Weight: 1, Model: makeLR(s, 1), Calibration: rank.Calibration{Slope: 0.5, Shift: -1}},
		{Signal: "like", Weight: 3, Model: makeFM(s, 2)},
		{Signal: "purchase", Weight: 0.5, Value: "log", Model: makeDeepFM(s, 3), Calibration: rank.Calibration{Knots: []float64{-2, 0, 1}, Odds: []float64{-3, -1, -1}}},
	}}
}

// TestScoreIsTheSumOverHeads holds Score against the sum as it is written down.
func TestScoreIsTheSumOverHeads(t *testing.T) {
	r := several(t)
	list := modeltest.Rows(rand.New(rand.NewPCG(4, 4)), 50)
	list[3].Numbers[4], list[4].Numbers[4] = math.Inf(1), 1e300
	var kept rank.Rows
	var b rank.Batch
	for i := range list {
		kept.Append(&list[i])
		r.Schema().Encode(&b, &list[i])
	}
	scores := make([]float64, len(list))
	r.Score(&b, &kept, 0, make([]float32, len(list)), scores)
	part := b.Part(len(r.Schema().Fields), 20, 50, nil)
	later := make([]float64, 30)
	r.Score(&part, &kept, 20, make([]float32, 30), later)
	if !slices.Equal(later, scores[20:]) {
		t.Errorf("as a part of the batch the rows have the scores\n%v, among all\n%v", later, scores[20:])
	}
	for i := range list {
		p := func(h int) float64 {
			return rank.Sigmoid(r.Heads[h].Calibration.Of(float64(modeltest.Predict(r.Heads[h].Model, list[i:i+1])[0])))
		}
		value := list[i].Numbers[4]
		if math.IsNaN(value) || math.IsInf(value, 0) || value < 0 {
			value = 0
		}
		want := p(0) + 3*p(1) + 0.5*p(2)*min(value, 1e12)
		if math.Abs(scores[i]-want) > 1e-9*want {
			t.Errorf("row %d has the score %v, want %v", i, scores[i], want)
		}
	}
	parts := make([]float32, 2*len(r.Schema().Fields))
	r.Explain(&b, &kept, []int{7, 9}, parts)
	for i, part := range parts {
		if math.IsNaN(float64(part)) || math.IsInf(float64(part), 0) {
			t.Errorf("part %d is %v", i, part)
		}
	}
}

// without makes no number of some rows.
type without struct {
	rank.Model
	odds []float32
}

func (w without) Predict(_ *rank.Batch, odds []float32) { copy(odds, w.odds) }

// TestScoreOfNoNumber: a row of which a model makes no number, or an infinite one, is the least likely.
func TestScoreOfNoNumber(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	odds := []float32{-3, nan, 2, inf, -inf, math.MaxFloat32}
	for _, r := range []*rank.Ranker{rank.Single("click", makeLR(modeltest.Schema(t), 1)), several(t)} {
		for i := range r.Heads {
			r.Heads[i].Model = without{r.Heads[i].Model, odds}
		}
		list := modeltest.Rows(rand.New(rand.NewPCG(6, 6)), len(odds))
		var kept rank.Rows
		var b rank.Batch
		for i := range list {
			list[i].Numbers[4] = 1
			kept.Append(&list[i])
			r.Schema().Encode(&b, &list[i])
		}
		scores := make([]float64, len(odds))
		if none := r.Score(&b, &kept, 0, make([]float32, len(odds)), scores); none != 3*len(r.Heads) {
			t.Errorf("%d heads: %d numbers are none, want 3 each", len(r.Heads), none)
		}
		if s := scores; !(s[1] == s[3] && s[3] == s[4] && s[4] < s[0] && s[0] < s[2] && s[2] < s[5]) {
			t.Errorf("%d heads: scores %v", len(r.Heads), s)
		}
	}
}

// TestPartsOfARankerSum: those of two rows differ by what their calibrated log-odds differ by.
func TestPartsOfARankerSum(t *testing.T) {
	for _, c := range []rank.Calibration{{}, {Slope: 0.3, Shift: 2}, {Knots: []float64{-3, -1, 0, 4}, Odds: []float64{-4, -2, -2, 1}}} {
		r := rank.Single("click", makeFM(modeltest.Schema(t), 1))
		r.Heads[0].Calibration = c
		list := modeltest.Rows(rand.New(rand.NewPCG(5, 5)), 40)
		var b rank.Batch
		for i := range list {
			r.Schema().Encode(&b, &list[i])
		}
		scores, fields := make([]float64, len(list)), len(r.Schema().Fields)
		r.Score(&b, nil, 0, make([]float32, len(list)), scores)
		parts := make([]float32, len(list)*fields)
		all := make([]int, len(list))
		for i := range all {
			all[i] = i
		}
		r.Explain(&b, nil, all, parts)
		first := 0.0
		for i := range list {
			sum := 0.0
			for _, part := range parts[i*fields : (i+1)*fields] {
				sum += float64(part)
			}
			if i == 0 {
				first = sum - scores[0]
			} else if math.Abs(sum-scores[i]-first) > 1e-4 {
				t.Errorf("%+v: the parts of row %d sum to %v, its score is %v; of row 0 the difference is %v", c, i, sum, scores[i], -first)
			}
		}
	}
}

// TestCalibrationKeepsTheOrder: whatever the knots, greater odds never become smaller ones, knots stand
// for what they say, and what is no number is least.
func TestCalibrationKeepsTheOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for range 300 {
		c := rank.Calibration{Slope: 2 * rng.Float64(), Shift: rng.NormFloat64()}
		for range rng.IntN(5) {
			c.Knots, c.Odds = append(c.Knots, 10*rng.NormFloat64()), append(c.Odds, 10*rng.NormFloat64())
		}
		slices.Sort(c.Knots)
		slices.Sort(c.Odds)
		for i, knot := range c.Knots {
			if got := c.Of(knot); math.Abs(got-c.Odds[i]) > 1e-9 {
				t.Fatalf("%+v: knot %d becomes %v", c, i, got)
			}
		}
		last := c.Of(math.NaN())
		for x := -1100.0; x <= 1100; x += 0.37 {
			got := c.Of(x)
			if !(got >= last) || got > rank.MaxOdds {
				t.Fatalf("%+v: %v becomes %v, and less became %v", c, x, got, last)
			}
			last = got
		}
	}
	if got := (&rank.Calibration{}).Of(3.25); got != 3.25 {
		t.Errorf("the zero calibration makes 3.25 %v", got)
	}
	if got := (&rank.Calibration{Slope: 0.5, Shift: 1}).Of(3); got != 2.5 {
		t.Errorf("half of 3 and 1 is %v", got)
	}
}

// TestCheckNamesWhatIsWrong breaks one thing of a ranker after the other.
func TestCheckNamesWhatIsWrong(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	deep := func(r *rank.Ranker) *rank.DeepFM { return r.Heads[2].Model.(*rank.DeepFM) }
	lr := func(r *rank.Ranker) *rank.LR { return r.Heads[0].Model.(*rank.LR) }
	for name, c := range map[string]struct {
		spoil func(r *rank.Ranker)
		want  error
	}{
		"no heads":               {func(r *rank.Ranker) { r.Heads = nil }, rank.ErrRange},
		"too many heads":         {func(r *rank.Ranker) { r.Heads = make([]rank.Head, rank.MaxHeads+1) }, rank.ErrRange},
		"the same signal twice":  {func(r *rank.Ranker) { r.Heads[1].Signal = "click" }, rank.ErrRange},
		"no signal":              {func(r *rank.Ranker) { r.Heads[1].Signal = "" }, rank.ErrRange},
		"a weight of nothing":    {func(r *rank.Ranker) { r.Heads[1].Weight = 0 }, rank.ErrRange},
		"a weight below nothing": {func(r *rank.Ranker) { r.Heads[1].Weight = -1 }, rank.ErrRange},
		"a weight that is none":  {func(r *rank.Ranker) { r.Heads[1].Weight = math.NaN() }, rank.ErrNonFinite},
		"an unknown value":       {func(r *rank.Ranker) { r.Heads[2].Value = "price" }, rank.ErrRange},
		"another schema":         {func(r *rank.Ranker) { r.Heads[1].Model = makeLR(modeltest.Schema(t), 1) }, rank.ErrRange},
		"a falling calibration":  {func(r *rank.Ranker) { r.Heads[0].Calibration.Slope = -1 }, rank.ErrRange},
		"an infinite shift":      {func(r *rank.Ranker) { r.Heads[0].Calibration.Shift = math.Inf(1) }, rank.ErrNonFinite},
		"knots out of order":     {func(r *rank.Ranker) { r.Heads[2].Calibration.Knots[1] = 3 }, rank.ErrRange},
		"odds that fall":         {func(r *rank.Ranker) { r.Heads[2].Calibration.Odds[2] = -2 }, rank.ErrRange},
		"a knot without odds":    {func(r *rank.Ranker) { r.Heads[2].Calibration.Odds = nil }, rank.ErrRange},
		"a bias that is none":    {func(r *rank.Ranker) { lr(r).Bias = nan }, rank.ErrNonFinite},
		"an infinite weight":     {func(r *rank.Ranker) { lr(r).Weights[9] = -inf }, rank.ErrNonFinite},
		"a huge weight":          {func(r *rank.Ranker) { lr(r).Weights[9] = 1e30 }, rank.ErrRange},
		"a weight too few":       {func(r *rank.Ranker) { lr(r).Weights = lr(r).Weights[1:] }, rank.ErrRange},
		"a vector that is none":  {func(r *rank.Ranker) { deep(r).Vectors[3] = nan }, rank.ErrNonFinite},
		"a huge vector":          {func(r *rank.Ranker) { deep(r).Vectors[3] = -51 }, rank.ErrRange},
		"vectors of nothing":     {func(r *rank.Ranker) { deep(r).Dim, deep(r).Vectors = 0, nil }, rank.ErrRange},
		"no layers":              {func(r *rank.Ranker) { deep(r).Layers = nil }, rank.ErrRange},
		"two outputs":            {func(r *rank.Ranker) { deep(r).Layers = deep(r).Layers[:1] }, rank.ErrRange},
		"layers that do not fit": {func(r *rank.Ranker) { deep(r).Layers[1].In++ }, rank.ErrRange},
		"a bias too few":         {func(r *rank.Ranker) { deep(r).Layers[0].Bias = nil }, rank.ErrRange},
		"a layer with a NaN":     {func(r *rank.Ranker) { deep(r).Layers[0].Weights[7] = nan }, rank.ErrNonFinite},
	} {
		r := several(t)
		c.spoil(r)
		if err := r.Check(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if _, err := r.Bytes(); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	if err := several(t).Check(); err != nil {
		t.Error(err)
	}
}
