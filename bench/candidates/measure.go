package candidates

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/freshet-rec/freshet/bench"
)

// times are how long calls of one work took, in the order of the calls.
type times []time.Duration

// alternate calls works one after the other, round by round, until d has passed and each was called
// least times: so what disturbs the machine disturbs all of them.
func (o *Options) alternate(ctx context.Context, d time.Duration, least int, works ...func(round int)) ([]times, error) {
	runtime.GC() // nobody pays for the garbage of what was before
	took := make([]times, len(works))
	began := o.Now()
	for round := 0; round < least || o.Now().Sub(began) < d; round++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i, work := range works {
			start := o.Now()
			work(round)
			took[i] = append(took[i], o.Now().Sub(start))
		}
	}
	return took, nil
}

// at is the smallest that a share of at least q does not exceed.
func (t times) at(q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(t))
	return sorted[min(max(int(math.Ceil(q*float64(len(t)))), 1), len(t))-1]
}

// halves are the medians of the first and of the second half: a bound before and after.
func (t times) halves() [2]float64 {
	return [2]float64{millis(t[:(len(t)+1)/2].at(0.5)), millis(t[len(t)/2:].at(0.5))}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// line relates the median of a work to that of a bound.
func (t times) line(metric, bound string, limit times) bench.Line {
	line := bench.Against(metric, millis(t.at(0.5)), "ms", true, bound, limit.halves())
	p50, p99 := millis(t.at(0.5)), millis(t.at(0.99))
	line.P50, line.P99 = &p50, &p99
	low, high := min(line.Limits[0], line.Limits[1]), max(line.Limits[0], line.Limits[1])
	if low > 0 && high/low-1 > bench.MaxSpread {
		line.Warning = fmt.Sprintf("the limits differ by %.0f %%: the machine was busy with something else", 100*(high/low-1))
	}
	return line
}

// promised relates a figure to one that is known.
func promised(metric string, value float64, unit string, less bool, limit float64) bench.Line {
	return bench.Against(metric, value, unit, less, "the promise", [2]float64{limit, limit})
}
