package main

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Decayed sums agree within one of these; all other aggregates agree exactly.
const (
	decayedRelative = 1e-9
	decayedAbsolute = 1e-12
)

// outcome is what became of one cell, the value of one feature for one item of one row.
type outcome struct {
	row      int // its line
	item     int // 0-based in the row
	feature  string
	agg      string
	differs  bool
	relative float64 // relative error of a decayed sum, else 0
	text     string  // the difference, for people
}

// check compares every cell of every row with its recomputed value. The differences are
// sentences, in the order of the rows file.
func check(j *journal, rows []row) (summary, []string) {
	sum := newSummary(j, len(rows))
	var texts []string
	inForce := map[int32][]int{} // record of a generation -> the rows read under it
	for i, r := range rows {
		p, known := j.at[r.position]
		if !known {
			sum.UnknownPositions++
			texts = append(texts, fmt.Sprintf("row %d: position %q is not in the dump", r.line, r.position))
			continue
		}
		g := j.generationAt(p)
		inForce[g.at] = append(inForce[g.at], i)
	}
	for _, position := range j.lateDiffered {
		texts = append(texts, fmt.Sprintf("late flag of the event at %q is not the recomputed verdict", position))
	}

	var outcomes []outcome
	for _, at := range slices.Sorted(maps.Keys(inForce)) {
		g := j.generationAt(at)
		for _, f := range g.features {
			if f.unchecked != "" {
				sum.Unchecked[f.name] = f.unchecked
				continue
			}
			outcomes = append(outcomes, compareFeature(j, f, rows, inForce[at])...)
		}
		outcomes = append(outcomes, undefined(g, rows, inForce[at])...)
	}
	slices.SortStableFunc(outcomes, func(a, b outcome) int {
		return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.item, b.item), cmp.Compare(a.feature, b.feature))
	})
	for _, o := range outcomes {
		sum.add(o)
		if o.differs {
			texts = append(texts, o.text)
		}
	}
	return sum, texts
}

// compareFeature compares the cells of one feature in the chosen rows. Rows are shared
// out over the processors; each worker writes to the places of its own rows only, and the
// workers have ended when the call returns.
func compareFeature(j *journal, f feature, rows []row, chosen []int) []outcome {
	found := gather(j, f)
	perRow := make([][]outcome, len(chosen))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(chosen)) {
		wg.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= len(chosen) {
					return
				}
				perRow[n] = compareRow(j, f, found, rows[chosen[n]])
			}
		})
	}
	wg.Wait()
	return slices.Concat(perRow...)
}

// compareRow compares the cells of one feature in one row, one for each item.
func compareRow(j *journal, f feature, found index, r row) []outcome {
	p := j.at[r.position]
	reading := reading{feature: f, found: found, q: r.q, p: p, known: map[key]result{}}
	outcomes := make([]outcome, len(r.items))
	for i, answered := range r.items {
		o := outcome{row: r.line, item: i, feature: f.name, agg: f.agg, differs: true}
		want := reading.read(j.items, r.user, answered.item)
		served := "no value"
		if got, given := answered.values[f.name]; given {
			same, relative := agree(f.agg, got, want)
			o.differs, o.relative, served = !same, relative, got.String()
		}
		if o.differs {
			o.text = fmt.Sprintf("row %d: %s, user %q item %q, keys %q, q=%d p=%q: server %s, recomputed %s",
				r.line, f.name, r.user, answered.item, f.keysOf(j.items, r.user, answered.item, p), r.q, r.position, served, want)
		}
		outcomes[i] = o
	}
	return outcomes
}

// agree tells whether a served value is the recomputed one, and for a decayed sum how far
// they lie apart relative to the larger.
func agree(agg string, got, want result) (same bool, relative float64) {
	if got.null || want.null {
		return got.null == want.null, 0
	}
	if agg != "decayed_sum" || got.number == want.number {
		return got.number == want.number, 0
	}
	apart := math.Abs(got.number - want.number)
	if apart <= decayedAbsolute {
		return true, 0
	}
	relative = apart / max(math.Abs(got.number), math.Abs(want.number))
	if !(relative <= 2) {
		relative = 2 // infinite or no number: the worst that two finite numbers can reach
	}
	return relative <= decayedRelative, relative
}

// undefined lists the served values that no definition in force names: each differs.
func undefined(g generation, rows []row, chosen []int) []outcome {
	defined := map[string]bool{}
	for _, f := range g.features {
		defined[f.name] = true
	}
	var outcomes []outcome
	for _, i := range chosen {
		for item, answered := range rows[i].items {
			for _, name := range slices.Sorted(maps.Keys(answered.values)) {
				if !defined[name] {
					outcomes = append(outcomes, outcome{
						row: rows[i].line, item: item, feature: name, agg: "undefined", differs: true,
						text: fmt.Sprintf("row %d: %s, item %q, p=%q: server %s, but no definition in force has that name",
							rows[i].line, name, answered.item, rows[i].position, answered.values[name]),
					})
				}
			}
		}
	}
	return outcomes
}

// String is the value as JSON would have it.
func (r result) String() string {
	if r.null {
		return "null"
	}
	return fmt.Sprint(r.number)
}
