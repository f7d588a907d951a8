package learn

import (
	"bytes"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// learnerSchema has a field of each form that a batch can have: of numbers with two entries, of
// words with any number.
func learnerSchema(t testing.TB) *rank.Schema {
	t.Helper()
	words := func(n int) (tokens []rank.Token) {
		for i := range n {
			tokens = append(tokens, rank.Token(10*i+10))
		}
		return tokens
	}
	schema, err := rank.NewSchema([]rank.Field{
		{Name: "spread", Kind: rank.Spread, Knots: []float64{-1, 0, 1}},
		{Name: "scaled", Kind: rank.Scaled, Mean: 1, Scale: 0.5},
		{Name: "one", Kind: rank.Category, Tokens: words(6)},
		{Name: "some", Kind: rank.Sequence, Half: 2, Tokens: words(4)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// drawBatch draws rows with labels, in between ones too, and weights.
func drawBatch(schema *rank.Schema, rows int, rng *rand.Rand) (b *rank.Batch, labels, weights []float32) {
	b = &rank.Batch{}
	for range rows {
		r := rank.Row{Numbers: []float64{rng.NormFloat64(), rng.NormFloat64()}}
		if rng.IntN(8) == 0 {
			r.Numbers[0] = math.NaN()
		}
		r.Words = append(r.Words, rank.Token(10*rng.IntN(7)))
		r.End()
		for range rng.IntN(4) {
			r.Words = append(r.Words, rank.Token(10*rng.IntN(5)))
		}
		r.End()
		schema.Encode(b, &r)
		label := float32(rng.IntN(2))
		if rng.IntN(8) == 0 {
			label = 0.25
		}
		labels, weights = append(labels, label), append(weights, rng.Float32()*2)
	}
	return b, labels, weights
}

// oracleFM is the log-odds of a row by Rendle's equation 1, pair by pair, in float64.
func oracleFM(m *rank.FM, b *rank.Batch, row int) float64 {
	index, value := b.Row(len(m.Fields.Fields), row)
	odds := float64(m.Bias)
	for i, at := range index {
		odds += float64(m.Weights[at]) * float64(value[i])
		for j := range i {
			for d := range m.Dim {
				odds += float64(m.Vectors[int(at)*m.Dim+d]) * float64(m.Vectors[int(index[j])*m.Dim+d]) * float64(value[i]) * float64(value[j])
			}
		}
	}
	return odds
}

// oracleLoss is the weighted log-loss of probabilities, as it is defined.
func oracleLoss(odds, label, weight float64) float64 {
	p := 1 / (1 + math.Exp(-odds))
	return -weight * (label*math.Log(p) + (1-label)*math.Log(1-p))
}

func learners(schema *rank.Schema, workers int) map[string]Learner {
	return map[string]Learner{
		"lr":     NewLR(schema, LROptions{}),
		"fm":     NewFM(schema, FMOptions{Seed: 3, Dim: 5}),
		"deepfm": NewDeepFM(schema, DeepFMOptions{Seed: 3, Dim: 5, Hidden: []int{12, 7}, Workers: workers}),
	}
}

// TestSameSeedSameBytes trains each kind twice, on one processor and on several.
func TestSameSeedSameBytes(t *testing.T) {
	schema := learnerSchema(t)
	run := func(procs int) map[string][]byte {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		models := map[string][]byte{}
		for kind, l := range learners(schema, procs) {
			rng := rand.New(rand.NewPCG(1, 1))
			for range 5 {
				b, labels, weights := drawBatch(schema, 700, rng)
				l.Learn(b, labels, weights)
			}
			models[kind] = bytesOf(t, l.Model())
		}
		return models
	}
	one, three := run(1), run(3)
	for kind := range one {
		if !bytes.Equal(one[kind], three[kind]) {
			t.Errorf("%s: on three processors another model comes out than on one", kind)
		}
	}
}

// TestModelPredictsAsTheLearner holds what serving says against what training says.
func TestModelPredictsAsTheLearner(t *testing.T) {
	schema := learnerSchema(t)
	rng := rand.New(rand.NewPCG(2, 1))
	for kind, l := range learners(schema, 2) {
		for range 30 {
			b, labels, weights := drawBatch(schema, 100, rng)
			l.Learn(b, labels, weights)
		}
		b, labels, _ := drawBatch(schema, 50, rng)
		own, served := make([]float32, len(labels)), make([]float32, len(labels))
		l.Predict(b, own)
		m := l.Model()
		m.Predict(b, served)
		before := bytesOf(t, m)
		for i := range own {
			if math.Abs(float64(own[i]-served[i])) > 1e-4 {
				t.Fatalf("%s: row %d has log-odds of %v in training and of %v served", kind, i, own[i], served[i])
			}
		}
		l.Learn(b, labels, nil)
		if !bytes.Equal(before, bytesOf(t, m)) {
			t.Errorf("%s: a model changed with what was learned after it", kind)
		}
	}
}

// TestLearnersLearn has each kind learn rows whose labels follow from a pair of words.
func TestLearnersLearn(t *testing.T) {
	schema := learnerSchema(t)
	for kind, l := range learners(schema, 2) {
		rng := rand.New(rand.NewPCG(3, 1))
		first, last := 0.0, 0.0
		for step := range 150 {
			b, labels, _ := drawBatch(schema, 128, rng)
			for row := range labels {
				index, _ := b.Entries(4, row, 2)
				labels[row] = float32(index[0] % 2)
			}
			loss := l.Learn(b, labels, nil) / 128
			if step == 0 {
				first = loss
			}
			last = loss
		}
		if last > first/3 {
			t.Errorf("%s: a loss of %.3f became %.3f", kind, first, last)
		}
	}
}

// TestFMGradient holds the step of an FM against the slope of the loss in each of its numbers.
func TestFMGradient(t *testing.T) {
	schema := learnerSchema(t)
	rng := rand.New(rand.NewPCG(4, 1))
	const decay, rate = 0.1, 1e-4
	for range 20 {
		l := NewFM(schema, FMOptions{Seed: rng.Uint64(), Dim: 3, Rate: rate, Decay: decay, Spread: 0.5})
		before := l.Model().(*rank.FM)
		b, labels, weights := drawBatch(schema, 1, rng)
		loss := func(m *rank.FM) float64 {
			sum := oracleLoss(oracleFM(m, b, 0), float64(labels[0]), float64(weights[0]))
			for _, at := range b.Index {
				sum += decay / 2 * float64(weights[0]) * float64(m.Weights[at]*m.Weights[at])
				for _, v := range m.Vectors[int(at)*m.Dim:][:m.Dim] {
					sum += decay / 2 * float64(weights[0]) * float64(v*v)
				}
			}
			return sum
		}
		seen := map[uint32]int{}
		for _, at := range b.Index {
			seen[at]++
		}
		l.Learn(b, labels, weights)
		for at, n := range seen {
			if n > 1 {
				continue // a word that is there twice moves twice
			}
			squares := float64(fmBegin)
			slopes := make([]float64, before.Dim)
			for d := range slopes {
				slopes[d] = slope(&before.Vectors[int(at)*before.Dim+d], func() float64 { return loss(before) })
				squares += slopes[d] * slopes[d] / float64(before.Dim)
			}
			for d, want := range slopes {
				moved := float64(l.records[int(at)*l.stride+fmVector+d] - before.Vectors[int(at)*before.Dim+d])
				if got := -moved / rate * math.Sqrt(squares); math.Abs(got-want) > 5e-3*(1+math.Abs(want)) {
					t.Fatalf("number %d of vector %d moved by a gradient of %v, want %v", d, at, got, want)
				}
			}
		}
	}
}

// slope is the derivative of a function in a number, by central differences.
func slope(at *float32, of func() float64) float64 {
	const step = 1.0 / 256 // exact, so that what is divided by is what was added
	was := *at
	*at = was + step
	up, high := of(), float64(*at)
	*at = was - step
	down, low := of(), float64(*at)
	*at = was
	return (up - down) / (high - low)
}

// bytesOf is the file of a model.
func bytesOf(t *testing.T, m rank.Model) []byte {
	t.Helper()
	data, err := rank.Single("click", m).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}
