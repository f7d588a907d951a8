package scoring

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/internal/bound"
	"github.com/freshet-rec/freshet/rank"
)

// measurement is one way to score the rows.
type measurement struct {
	name    string
	bound   string // what the program in C is told to do; "" is nothing
	goal    time.Duration
	beside  string // the measurement it is held against; "" is none
	slow    bool   // takes two turns alone
	odds    []float32
	before  func() // what does not count; nil is nothing
	do      func()
	took    []time.Duration    // of each pass
	program [2][]time.Duration // the least of each turn of the program, in both halves of the run
	turns   int
}

// The goal of what is no network.
const shallowGoal = 30 * time.Microsecond

// keptBytes is room for the halves of a few thousand items.
const keptBytes = 16 << 20

// explained is of how many rows it is told what each field did.
const explained = 10

// measurements lists all ways: each model, at once and in halves, from encoded rows and from rows as
// they stand; and what is at once on the other kernels of this machine.
func (w *world) measurements(o *Options) ([]*measurement, error) {
	var all []*measurement
	models := []struct {
		name  string
		model rank.Model
		goal  time.Duration
	}{{"deepfm", w.model, 0}, {"fm", &w.model.FM, shallowGoal}, {"lr", &w.model.LR, shallowGoal}}
	for k, kernel := range rank.Kernels() {
		for _, m := range models {
			model, odds := rank.On(kernel, m.model), make([]float32, o.Rows)
			kept, err := rank.NewHalves(model, partOf, keptBytes)
			if err != nil {
				return nil, err
			}
			unkept, err := rank.NewHalves(model, partOf, 0)
			if err != nil {
				return nil, err
			}
			warm, cold := kept.NewSlate(), unkept.NewSlate()
			add := func(s *rank.Slate) {
				s.Reset()
				for _, row := range w.rows {
					s.Add(row)
				}
			}
			add(warm)
			ways := []*measurement{{name: m.name, bound: m.name, goal: m.goal, do: func() { model.Predict(&w.batch, odds) }}}
			if m.name == "deepfm" {
				ways = append(ways,
					&measurement{name: "deepfm_shared", bound: "shared", before: func() { add(cold) }, do: func() { cold.Predict(odds) }},
					&measurement{name: "deepfm_halves", bound: "halves", do: func() { warm.Predict(odds) }})
			}
			if k > 0 {
				for _, way := range ways {
					way.beside, way.bound, way.goal = way.name, "", 0
					way.name += "_" + kernel
					way.slow = kernel == "go"
				}
			} else {
				var batch rank.Batch
				schema := w.model.Fields
				shown := make([]int, min(explained, o.Rows))
				for i := range shown {
					shown[i] = i * o.Rows / len(shown)
				}
				parts := make([]float32, len(shown)*o.Fields)
				rows := m.name + "_from_rows"
				ways = append(ways,
					&measurement{name: m.name + "_halves_from_rows", beside: rows, do: func() {
						add(warm)
						warm.Predict(odds)
					}},
					&measurement{name: m.name + "_explained", beside: m.name, do: func() { model.Explain(&w.batch, shown, parts) }},
					&measurement{name: rows, do: func() {
						batch.Reset()
						for _, row := range w.rows {
							schema.Encode(&batch, row)
						}
						model.Predict(&batch, odds)
					}})
			}
			for _, way := range ways {
				way.odds = odds
			}
			all = append(all, ways...)
		}
	}
	return all, nil
}

// turn measures a few passes, and as many of the program in C.
func (m *measurement) turn(ctx context.Context, o *Options, c *bound.Process) error {
	n := passes
	if m.slow {
		n = 1
	}
	for range n {
		if m.before != nil {
			m.before()
		}
		began := o.Now()
		m.do()
		m.took = append(m.took, o.Now().Sub(began))
	}
	if c != nil && m.bound != "" {
		least, _, err := c.Time(m.bound, passes)
		if err != nil {
			return err
		}
		half := 2 * m.turns / o.Turns
		m.program[half] = append(m.program[half], least)
	}
	m.turns++
	return ctx.Err()
}

// lines are the measurement's, against each of what it is held against.
func (m *measurement) lines(all []*measurement, compiled bool) []bench.Line {
	value := micros(slices.Min(m.took))
	slices.Sort(m.took)
	var lines []bench.Line
	against := func(what string, first, second time.Duration) {
		line := bench.Against(m.name, value, "µs", true, what, [2]float64{micros(first), micros(second)})
		p50, p99 := micros(m.took[len(m.took)/2])/1000, micros(m.took[len(m.took)*99/100])/1000
		line.P50, line.P99 = &p50, &p99
		lines = append(lines, line)
	}
	if m.bound != "" && compiled {
		against("a program in C that does the same", slices.Min(m.program[0]), slices.Min(m.program[1]))
	}
	if m.goal > 0 {
		against("the goal", m.goal, m.goal)
	}
	for _, other := range all {
		if other.name == m.beside {
			against(fmt.Sprintf("%s in the same run", other.name), slices.Min(other.took), slices.Min(other.took))
		}
	}
	if len(lines) == 0 {
		against("itself", slices.Min(m.took), slices.Min(m.took))
	}
	return lines
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
