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
	row       int // its line
	item      int // 0-based in the row
	feature   string
	agg       string
	differs   bool
	filled    bool    // an event stands behind the recomputed value
	estimated bool    // the recomputed value is an estimate
	relative  float64 // relative error of a decayed sum, else 0
	undecided string  // why the cell was not compared, else ""
	text      string  // the difference, for people
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

	var differing []outcome
	for _, at := range slices.Sorted(maps.Keys(inForce)) {
		g := j.generationAt(at)
		for _, f := range g.features {
			outcomes, unchecked := compareFeature(j, f, rows, inForce[at])
			if unchecked != "" {
				sum.Unchecked[f.name] = unchecked
				continue
			}
			for _, o := range outcomes {
				if sum.add(o); o.differs {
					differing = append(differing, o)
				}
			}
		}
		for _, o := range undefined(g, rows, inForce[at]) {
			sum.add(o)
			differing = append(differing, o)
		}
	}
	slices.SortStableFunc(differing, func(a, b outcome) int {
		return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.item, b.item), cmp.Compare(a.feature, b.feature))
	})
	for _, o := range differing {
		texts = append(texts, o.text)
	}
	return sum, texts
}

// compareFeature compares the cells of one feature in the chosen rows, or says why it
// cannot. Rows are shared out over the processors; each worker writes to the places of its
// own rows only, and the workers have ended when the call returns.
func compareFeature(j *journal, f feature, rows []row, chosen []int) (outcomes []outcome, unchecked string) {
	if f.unchecked != "" {
		return nil, f.unchecked
	}
	compare := func(r row) []outcome { return compareDerived(j, f, r) }
	if f.derived == nil {
		found, err := gather(j, f)
		if err != nil {
			return nil, err.Error()
		}
		compare = func(r row) []outcome { return compareRow(j, f, found, r) }
	}
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
				perRow[n] = compare(rows[chosen[n]])
			}
		})
	}
	wg.Wait()
	return slices.Concat(perRow...), ""
}

// compareRow compares the cells of one feature in one row, one for each item.
func compareRow(j *journal, f feature, found index, r row) []outcome {
	p := j.at[r.position]
	reading := reading{feature: f, journal: j, found: found, q: r.q, p: p, known: map[string]result{}}
	outcomes := make([]outcome, len(r.items))
	for i, answered := range r.items {
		s := r.subject(answered.item, p)
		outcomes[i] = judge(f, r, i, reading.read(s), func() string {
			return fmt.Sprintf("user %q item %q, keys %q", r.visitor, answered.item, j.keysOf(f.parts, s))
		})
	}
	return outcomes
}

// compareDerived compares the cells of a derived feature in one row with what follows from
// the values that the row itself gives for the others, each of which has a cell of its own.
func compareDerived(j *journal, f feature, r row) []outcome {
	p := j.at[r.position]
	outcomes := make([]outcome, len(r.items))
	for i, answered := range r.items {
		want, err := f.derived.derive(scope{journal: j, subject: r.subject(answered.item, p), features: answered.values, q: r.q})
		if err != nil {
			want = result{undecided: err.Error()}
		}
		want.filled = want.kind != none
		outcomes[i] = judge(f, r, i, want, func() string {
			return fmt.Sprintf("user %q item %q, %s", r.visitor, answered.item, f.derived.text)
		})
	}
	return outcomes
}

// judge compares the i-th cell of a row with what it should be. about tells of whom it is.
func judge(f feature, r row, i int, want result, about func() string) outcome {
	o := outcome{
		row: r.line, item: i, feature: f.name, agg: f.agg, differs: true,
		filled: want.filled, estimated: want.estimated, undecided: want.undecided,
	}
	served := "no value"
	if got, given := r.items[i].values[f.name]; given {
		if want.undecided != "" {
			o.differs = false
			return o
		}
		same, relative := agree(f.agg, got, want)
		o.differs, o.relative, served = !same, relative, got.String()
	}
	o.undecided = "" // a cell that is missing differs from whatever it should be
	if o.differs {
		o.text = fmt.Sprintf("row %d: %s, %s, q=%d p=%q: server %s, recomputed %s", r.line, f.name, about(), r.q, r.position, served, want)
	}
	return o
}

// subject is what keys are looked up in for a request about one item.
func (r row) subject(item string, p int32) subject {
	return subject{visitor: r.visitor, item: item, context: r.context, at: p}
}

// agree tells whether a served value is the recomputed one, and for a decayed sum how far
// they lie apart relative to the larger.
func agree(agg string, got, want result) (same bool, relative float64) {
	if agg != "decayed_sum" || got.kind != numeric || want.kind != numeric || got.number == want.number {
		return got.same(want), 0
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
