package trial

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/eval"
)

// fewWorlds is below how many worlds an interval that draws worlds is too narrow to be believed.
const fewWorlds = 5

// compared are the ways whose differences are told, the better one first.
var compared = [][2]string{{"recall", "category"}, {"slate", "recall"}, {"online", "recall"}, {"online", "slate"}}

// rates adds up the lives, by delay and way.
func (w *World) rates(ways []way, delays []freshet.Duration, lives [][]*life) (*eval.Rates, error) {
	out := &eval.Rates{Protocol: "world"}
	if n := len(lives); n < fewWorlds {
		out.Warnings = append(out.Warnings, eval.Warning{Code: eval.FewGroups, Text: fmt.Sprintf("%d worlds are few: intervals of gaps and differences, which draw worlds, say too little", n)})
	}
	for d, delay := range delays {
		rows := make([]eval.Rate, len(ways))
		for i, way := range ways {
			rows[i] = eval.Rate{World: w.Name, Delay: delay, Name: way.name, K: w.K}
			if err := w.add(&rows[i], lives, d*len(ways)+i); err != nil {
				return nil, err
			}
		}
		low, high := &rows[0], &rows[len(rows)-1] // popular and oracle
		for i := range rows {
			w.gap(&rows[i].Share, &low.Share, &high.Share)
			w.gap(&rows[i].Late, &low.Late, &high.Late)
		}
		out.Differences = append(out.Differences, w.differences(rows)...)
		if d > 0 {
			out.Differences = append(out.Differences, w.costs(out.Rows[:len(ways)], rows)...)
		}
		out.Rows = append(out.Rows, rows...)
	}
	return out, nil
}

// add sums up one way at one delay over all worlds.
func (w *World) add(row *eval.Rate, lives [][]*life, which int) error {
	var sums []float64
	var counts []int
	for _, place := range lives {
		l := place[which]
		n := len(l.earned)
		if n == 0 {
			return ErrNobodyCame
		}
		share := func(from int) float64 {
			clicks := 0.0
			for _, c := range l.earned[from:] {
				clicks += c
			}
			return clicks / float64((n-from)*w.K)
		}
		row.N += n
		row.BySeed, row.Late.BySeed = append(row.BySeed, share(0)), append(row.Late.BySeed, share(n/2))
		row.CTR += float64(n) * share(0)
		row.Late.CTR += share(n/2) / float64(len(lives))
		for _, g := range l.order {
			sums, counts = append(sums, g.clicks), append(counts, g.shown)
		}
	}
	row.CTR /= float64(row.N)
	row.CI = eval.Bootstrap(sums, counts, resamples, level, rand.New(rand.NewPCG(w.Seed, 0)))
	return nil
}

// paired is an interval over the worlds; all draw the same ones.
func (w *World) paired(n int, statistic func(drawn []int) float64) eval.Interval {
	return eval.Paired(n, resamples, level, rand.New(rand.NewPCG(w.Seed, 1)), statistic)
}

// gap sets how much of the gap between two lines a way closes.
func (w *World) gap(way, low, high *eval.Share) {
	n := len(way.BySeed)
	closed := func(drawn []int) float64 { return eval.GapClosed(way.BySeed, low.BySeed, high.BySeed, drawn) }
	way.Gap, way.GapCI = closed(eval.Everything(n)), w.paired(n, closed)
}

// differences compares ways at one delay by the gap they close, over all slates and over the
// second half.
func (w *World) differences(rows []eval.Rate) (list []eval.Difference) {
	of := func(name string) *eval.Rate {
		for i := range rows {
			if rows[i].Name == name {
				return &rows[i]
			}
		}
		return nil
	}
	low, high := &rows[0], &rows[len(rows)-1]
	for _, names := range compared {
		one, other := of(names[0]), of(names[1])
		if one == nil || other == nil {
			continue
		}
		for _, part := range []struct {
			name                  string
			one, other, low, high []float64
		}{
			{"all", one.BySeed, other.BySeed, low.BySeed, high.BySeed},
			{"second_half", one.Late.BySeed, other.Late.BySeed, low.Late.BySeed, high.Late.BySeed},
		} {
			more := func(drawn []int) float64 {
				return eval.GapClosed(part.one, part.low, part.high, drawn) - eval.GapClosed(part.other, part.low, part.high, drawn)
			}
			n := len(part.one)
			list = append(list, eval.Difference{World: w.Name, Delay: one.Delay, Part: part.name, Measure: "gap_closed", Name: names[0], Than: names[1],
				Value: more(eval.Everything(n)), CI: w.paired(n, more)})
		}
	}
	return list
}

// costs compares each way at a delay with itself at the first one, by what is clicked.
func (w *World) costs(first, rows []eval.Rate) (list []eval.Difference) {
	for i := range rows {
		more := func(drawn []int) float64 {
			sum := 0.0
			for _, k := range drawn {
				sum += rows[i].BySeed[k] - first[i].BySeed[k]
			}
			return sum / math.Max(1, float64(len(drawn)))
		}
		n := len(rows[i].BySeed)
		list = append(list, eval.Difference{World: w.Name, Delay: rows[i].Delay, Part: "all", Measure: "ctr", Name: rows[i].Name,
			Than: fmt.Sprintf("%s at %s", rows[i].Name, first[i].Delay), Value: more(eval.Everything(n)), CI: w.paired(n, more)})
	}
	return list
}
