package learn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// said is the probability that the learner gives a row.
func said(o *Online, numbers ...float64) float64 {
	var rows rank.Rows
	one := row(numbers...)
	rows.Append(&one)
	scores := []float64{math.NaN()}
	o.Score(&rows, scores)
	return rank.Sigmoid(scores[0])
}

// TestOnlineLearnsAKnownWorld: having no opinion until its fields are fitted, it comes near the truth,
// and two with the same rows and seed are the same.
func TestOnlineLearnsAKnownWorld(t *testing.T) {
	run := func() (list []float64, off float64) {
		o := NewOnline(named("x", "noise"), "lr", 1)
		rng := rand.New(rand.NewPCG(7, 8))
		n := 0
		for i := range 40_000 {
			x := rng.Float64() * 10
			noise, p := rng.NormFloat64(), rank.Sigmoid(0.5*x-3)
			got := said(o, x, noise)
			if math.IsNaN(got) != (i < onlineFirst) {
				t.Fatalf("after %d rows it says %v", i, got)
			}
			if i >= 30_000 {
				off += math.Abs(got - p)
				list = append(list, got)
				n++
			}
			one := row(x, noise)
			if err := o.Learn(&one, rng.Float64() < p); err != nil {
				t.Fatal(err)
			}
		}
		return list, off / float64(n)
	}
	one, off := run()
	if off > 0.03 {
		t.Errorf("after 30,000 rows the score is off by %.3f on average", off)
	}
	if two, _ := run(); !slices.Equal(one, two) {
		t.Error("the same rows made another model")
	}
}

func TestOnlineRefusesARowOfAnotherForm(t *testing.T) {
	two := row(1, 2)
	if err := NewOnline(named("x"), "lr", 1).Learn(&two, true); err == nil {
		t.Error("a row of two values for one field was learned")
	}
}

// TestOnlineFollows: when the world turns around, so does the learner; that is what learning
// from every choice is for.
func TestOnlineFollows(t *testing.T) {
	o := NewOnline(named("x"), "lr", 1)
	rng := rand.New(rand.NewPCG(9, 9))
	learn := func(rows int, sign float64) {
		for range rows {
			x := rng.Float64()*2 - 1
			one := row(x)
			if err := o.Learn(&one, rng.Float64() < rank.Sigmoid(sign*3*x)); err != nil {
				t.Fatal(err)
			}
		}
	}
	learn(20_000, 1)
	before := said(o, 0.9)
	learn(60_000, -1)
	if after := said(o, 0.9); before < 0.85 || after > 0.5 {
		t.Errorf("the score of a high value goes from %.2f to %.2f, want from well above to below one half", before, after)
	}
}
