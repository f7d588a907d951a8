package learn

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// knownRow draws a row of a world in which the odds rise by 0.5 with every unit of x and the
// noise says nothing.
func knownRow(rng *rand.Rand) (row []float64, label bool, p float64) {
	x := rng.Float64() * 10
	p = rank.Sigmoid(0.5*x - 3)
	return []float64{x, rng.NormFloat64()}, rng.Float64() < p, p
}

// TestOnlineLearnsAKnownWorld: having no opinion until its knots are placed, it comes near the
// truth, and two with the same rows and seed are the same.
func TestOnlineLearnsAKnownWorld(t *testing.T) {
	run := func() (*Online, float64) {
		o := NewOnline(named("x", "noise"), Options{Seed: 1})
		rng := rand.New(rand.NewPCG(7, 8))
		off, n := 0.0, 0
		for i := range 60_000 {
			row, label, p := knownRow(rng)
			if (o.Model() == nil) != (i < onlineFirst) {
				t.Fatalf("after %d rows there is a model: %v", i, o.Model() != nil)
			}
			if i >= 50_000 {
				off += math.Abs(chanceOf(o.Model(), row...) - p)
				n++
			}
			if err := o.Learn(of(row...), label); err != nil {
				t.Fatal(err)
			}
		}
		return o, off / float64(n)
	}
	one, off := run()
	if off > 0.03 {
		t.Errorf("after 50,000 rows the score is off by %.3f on average", off)
	}
	two, _ := run()
	if !bytes.Equal(bytesOf(t, one.Model()), bytesOf(t, two.Model())) {
		t.Error("the same rows made another model")
	}
}

func TestOnlineRefusesARowOfAnotherForm(t *testing.T) {
	if err := NewOnline(named("x"), Options{}).Learn(of(1, 2), true); err == nil {
		t.Error("a row of two values for one field was learned")
	}
}

// TestOnlineFollows: when the world turns around, so does the learner; that is what learning
// from every choice is for.
func TestOnlineFollows(t *testing.T) {
	o := NewOnline(named("x"), Options{Seed: 1})
	rng := rand.New(rand.NewPCG(9, 9))
	learn := func(rows int, sign float64) {
		for range rows {
			x := rng.Float64()*2 - 1
			if err := o.Learn(of(x), rng.Float64() < rank.Sigmoid(sign*3*x)); err != nil {
				t.Fatal(err)
			}
		}
	}
	learn(20_000, 1)
	before := chanceOf(o.Model(), 0.9)
	learn(60_000, -1)
	if after := chanceOf(o.Model(), 0.9); before < 0.85 || after > 0.5 {
		t.Errorf("the score of a high value goes from %.2f to %.2f, want from well above to below one half", before, after)
	}
}
