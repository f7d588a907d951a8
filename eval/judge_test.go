package eval_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/eval"
)

// gauc is the grouped AUC by its definition.
func gauc(scores []float64, labels []bool, groups []int) (value float64, ok bool) {
	sum, rows := 0.0, 0
	for g := range slices.Max(append([]int{-1}, groups...)) + 1 {
		var s []float64
		var l []bool
		for i := range scores {
			if groups[i] == g {
				s, l = append(s, scores[i]), append(l, labels[i])
			}
		}
		if auc, both := pairs(s, l); both {
			sum += float64(len(s)) * auc
			rows += len(s)
		}
	}
	return sum / float64(max(1, rows)), rows > 0
}

func TestGAUC(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for range 300 {
		n, most := rng.IntN(60), 1+rng.IntN(9)
		scores, labels, groups := make([]float64, n), make([]bool, n), make([]int, n)
		for i := range scores {
			scores[i], labels[i], groups[i] = float64(rng.IntN(7)), rng.IntN(3) == 0, rng.IntN(most)
		}
		want, wantOK := gauc(scores, labels, groups)
		got, ok := eval.GAUC(scores, labels, groups)
		if ok != wantOK || ok && !close(got.Value, want) || got.Rows+got.Skipped != n {
			t.Fatalf("%+v, %v, want %v, %v of %v %v %v", got, ok, want, wantOK, scores, labels, groups)
		}
		if ok {
			sums, rows := got.ByGroup()
			ci := eval.Bootstrap(sums, rows, 100, 0.95, rng)
			if ci[0] > got.Value+1e-12 && got.Groups == 1 {
				t.Fatalf("one group gives %v around %v", ci, got.Value)
			}
		}
	}
	if _, ok := eval.GAUC([]float64{1, math.NaN()}, []bool{true, false}, []int{0, 0}); ok {
		t.Error("a score that is no number has a place")
	}
	// Scores that compare within groups only: the grouped AUC is 1, the AUC over all is not.
	scores, labels, groups := []float64{1, 2, 11, 12}, []bool{false, true, false, true}, []int{0, 0, 1, 1}
	if g, _ := eval.GAUC(scores, labels, groups); g.Value != 1 || g.Groups != 2 {
		t.Errorf("%+v", g)
	}
}

// TestAUCError: the error is that of AUCs of many samples of one truth.
func TestAUCError(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	var aucs, stated []float64
	for range 400 {
		var scores []float64
		var labels []bool
		for i := range 200 {
			positive := i%5 == 0
			s := math.Round(rng.NormFloat64() * 4) // some ties
			if positive {
				s += 4
			}
			scores, labels = append(scores, s), append(labels, positive)
		}
		auc, _ := eval.AUC(scores, labels)
		se, ok := eval.AUCError(scores, labels)
		if !ok {
			t.Fatal("no error")
		}
		aucs, stated = append(aucs, auc), append(stated, se)
	}
	mean := func(list []float64) (sum float64) {
		for _, x := range list {
			sum += x / float64(len(list))
		}
		return sum
	}
	middle, variance := mean(aucs), 0.0
	for _, a := range aucs {
		variance += (a - middle) * (a - middle) / float64(len(aucs)-1)
	}
	if want, got := math.Sqrt(variance), mean(stated); math.Abs(got-want) > 0.1*want {
		t.Errorf("stated error %.4f, that of the samples %.4f", got, want)
	}
	for _, labels := range [][]bool{{true, false}, {true, true, false}, nil} {
		if _, ok := eval.AUCError(make([]float64, len(labels)), labels); ok {
			t.Errorf("labels %v have an error", labels)
		}
	}
}

// TestWilson: the ends are the shares that are just as far off as the level allows.
func TestWilson(t *testing.T) {
	const z = 1.959963984540054
	for _, c := range [][2]int{{0, 10}, {1, 10}, {5, 10}, {10, 10}, {46, 10_000}, {3, 1_000_000}} {
		k, n := float64(c[0]), float64(c[1])
		ci := eval.Wilson(c[0], c[1], 0.95)
		far := func(p float64) float64 { return math.Abs(k/n-p) - z*math.Sqrt(p*(1-p)/n) } // ≤ 0 is not refused
		bisect := func(in, out float64) float64 {
			for range 200 {
				if m := (in + out) / 2; far(m) <= 0 {
					in = m
				} else {
					out = m
				}
			}
			return in
		}
		if low, high := bisect(k/n, 0), bisect(k/n, 1); math.Abs(ci[0]-low) > 1e-9 || math.Abs(ci[1]-high) > 1e-9 {
			t.Errorf("%v: %v, want %v to %v", c, ci, low, high)
		}
	}
	if ci := eval.Wilson(0, 0, 0.95); ci != (eval.Interval{0, 1}) {
		t.Errorf("of nothing: %v", ci)
	}
}

func TestCalibrate(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for range 200 {
		n, bins, levels := 1+rng.IntN(80), 1+rng.IntN(12), 1+rng.IntN(30)
		p, labels := make([]float64, n), make([]bool, n)
		for i := range p {
			p[i] = float64(rng.IntN(levels+1)) / float64(levels)
			labels[i] = rng.Float64() < p[i]
		}
		c, ok := eval.Calibrate(p, labels, bins, 0.95)
		if !ok || c.N != n || len(c.Bins) > bins {
			t.Fatalf("%v, %d bins of %d", ok, len(c.Bins), bins)
		}
		// Each row is in the one bin whose range holds it; what the bins say follows from them.
		rows, ece, brier, sum, positives := 0, 0.0, 0.0, 0.0, 0
		for k, bin := range c.Bins {
			in, predicted, came := 0, 0.0, 0.0
			for i := range p {
				if p[i] >= bin.Low && p[i] <= bin.High {
					in++
					predicted += p[i]
					if labels[i] {
						came++
					}
				}
			}
			if in != bin.N || !close(predicted/float64(in), bin.Predicted) || !close(came/float64(in), bin.Observed) || k > 0 && bin.Low <= c.Bins[k-1].High {
				t.Fatalf("bin %+v behind %+v: %d rows, %v predicted, %v came true", bin, c.Bins[max(k-1, 0)], in, predicted, came)
			}
			rows += in
			ece += float64(in) / float64(n) * math.Abs(bin.Predicted-bin.Observed)
		}
		for i := range p {
			outcome := 0.0
			if labels[i] {
				outcome = 1
				positives++
			}
			sum += p[i]
			brier += (p[i] - outcome) * (p[i] - outcome) / float64(n)
		}
		if rows != n || !close(ece, c.ECE) || !close(brier, c.Brier) || c.Positives != positives || !close(sum/float64(n), c.Predicted) {
			t.Fatalf("%+v: %d rows, ece %v, brier %v, %d positives", c, rows, ece, brier, positives)
		}
		shuffled := rng.Perm(n)
		p2, l2 := make([]float64, n), make([]bool, n)
		for to, from := range shuffled {
			p2[to], l2[to] = p[from], labels[from]
		}
		if other, _ := eval.Calibrate(p2, l2, bins, 0.95); !close(other.ECE, c.ECE) || len(other.Bins) != len(c.Bins) {
			t.Fatalf("another order of rows gives %+v, want %+v", other, c)
		}
	}
	for _, bad := range [][]float64{{}, {-0.1}, {1.1}, {math.NaN()}} {
		if _, ok := eval.Calibrate(bad, make([]bool, len(bad)), 5, 0.95); ok {
			t.Errorf("%v was calibrated", bad)
		}
	}
	if text, err := json.Marshal(must(eval.Calibrate([]float64{0.5, 0.5}, make([]bool, 2), 5, 0.95))); err != nil || !strings.Contains(string(text), `"ratio":null`) {
		t.Errorf("nothing came true: %s, %v", text, err)
	}
}

func must(c eval.Calibration, ok bool) eval.Calibration {
	if !ok {
		panic("no calibration")
	}
	return c
}

// TestCalibrationByChance: probabilities that are the truth have about the error that is said to
// come by chance, and intervals that hold; those that promise twice as much are found out.
func TestCalibrationByChance(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	ece, chance, held := 0.0, 0.0, 0
	const worlds = 200
	for range worlds {
		p, labels := make([]float64, 2000), make([]bool, 2000)
		for i := range p {
			p[i] = 0.2 * rng.Float64()
			labels[i] = rng.Float64() < p[i]
		}
		c, _ := eval.Calibrate(p, labels, 10, 0.95)
		ece += c.ECE / worlds
		chance += c.ByChance / worlds
		if c.RatioCI[0] <= 1 && 1 <= c.RatioCI[1] {
			held++
		}
		for i := range p {
			p[i] *= 2
		}
		if c, _ := eval.Calibrate(p, labels, 10, 0.95); c.RatioCI[0] <= 1 || c.ECE < 2*c.ByChance {
			t.Fatalf("twice the truth: %+v", c)
		}
	}
	if math.Abs(ece-chance) > 0.1*ece || held < worlds*9/10 {
		t.Errorf("ece %.4f, by chance %.4f, %d of %d intervals hold 1", ece, chance, held, worlds)
	}
}

func TestNovelty(t *testing.T) {
	var v eval.Novelty
	if got := v.Bits(3, 8); got != 3 {
		t.Errorf("one of eight that nobody took: %v bits, want 3", got)
	}
	for range 7 {
		v.Take(1)
	}
	v.Take(2)
	for item, want := range map[uint32]float64{1: math.Log2(16.0 / 8), 2: math.Log2(16.0 / 2), 5: 4} {
		if got := v.Bits(item, 8); !close(got, want) {
			t.Errorf("item %d: %v bits, want %v", item, got, want)
		}
	}
	sum := 0.0
	for item := range uint32(8) {
		sum += math.Exp2(-v.Bits(item, 8))
	}
	if !close(sum, 1) {
		t.Errorf("the shares behind the bits add up to %v", sum)
	}
	var none eval.Novelty
	if none.Bits(0, 0) != 0 || none.Bits(0, 1) != 0 {
		t.Error("the only item there is, is a surprise")
	}
}

func TestScarce(t *testing.T) {
	for _, c := range []struct{ positives, rows, want int }{{99, 1000, 1}, {100, 1000, 0}, {950, 1000, 1}, {0, 0, 1}} {
		if got := eval.Scarce(c.positives, c.rows); len(got) != c.want || c.want > 0 && got[0].Code != eval.FewPositives {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
