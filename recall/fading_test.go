package recall

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

const century = int64(36525 * freshet.Day)

// A sum of forward weights, seen from the newest event, is the sum of backward decayed ones,
// over however many centuries and rebasings, and stays finite.
func TestFadingAgreesWithBackwardDecay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const halfLife = int64(14 * freshet.Day)
		f := fading{halfLife: float64(halfLife)}
		span := rapid.SampledFrom([]int64{int64(freshet.Day), halfLife, 400 * halfLife, 600 * halfLife, 5 * century}).Draw(t, "span")
		at := rapid.Int64Range(0, 2*century).Draw(t, "start")
		newest := at
		var times []int64
		sum := 0.0
		for range rapid.IntRange(1, 30).Draw(t, "events") {
			at = newest + rapid.Int64Range(-span/4, span).Draw(t, "step")
			newest = max(newest, at)
			times = append(times, at)
			weight, rebase := f.weight(at)
			sum = sum*rebase + weight
			if math.IsInf(sum, 0) || math.IsNaN(sum) {
				t.Fatalf("after the event at %d the sum is %v", at, sum)
			}
			want := 0.0
			for _, e := range times {
				want += math.Exp2(-float64(newest-e) / float64(halfLife))
			}
			got := sum * math.Exp2(-float64(newest-f.landmark)/float64(halfLife))
			if math.Abs(got-want) > 1e-9*want {
				t.Fatalf("seen from %d (landmark %d) the sum is %v, want %v", newest, f.landmark, got, want)
			}
		}
	})
}

func TestFading(t *testing.T) {
	f := fading{halfLife: 10}
	steps := []struct {
		name           string
		t              int64
		weight, rebase float64
	}{
		{"the first event is the landmark", 1000, 1, 1},
		{"a half-life later counts double", 1010, 2, 1},
		{"one before counts half", 990, 0.5, 1},
		{"the last before rebasing", 1600, math.Exp2(60), 1},
		{"rebasing", 1610, 1, math.Exp2(-61)},
		{"from the new landmark on", 1620, 2, 1},
		{"what is older than a float64 can say adds nothing", 1610 - 20_000, 0, 1},
		{"a leap that leaves nothing of the rest", 200_000, 1, 0},
	}
	for _, s := range steps {
		if weight, rebase := f.weight(s.t); weight != s.weight || rebase != s.rebase {
			t.Errorf("%s: weight(%d) = %v, rebase %v; want %v, %v", s.name, s.t, weight, rebase, s.weight, s.rebase)
		}
	}
}
