package feature

import (
	"fmt"
	"math"
	"testing"

	"github.com/freshet-rec/freshet"
)

// everyKind is a definition of every aggregate, windowed and not, under every kind of key, and derived
// features over them; with texts some of those go by texts.
func everyKind(texts bool) []Definition {
	var defs []Definition
	for k, key := range keyKinds {
		for a, agg := range Aggs {
			all := shapes(agg)
			d := all[(k+a)%len(all)]
			d.Name, d.Key = fmt.Sprintf("k%d_%s", k, agg), key
			defs = append(defs, d)
		}
	}
	defs = append(defs,
		Definition{Name: "later", Expr: "log1p(max(own, 0)) + (item_mean ?? 7)"}, // of what comes behind it
		Definition{Name: "own", Key: []string{"user", "item"}, Agg: Count},
		Definition{Name: "item_mean", Key: []string{"item"}, Agg: Mean, Field: "value"},
		Definition{Name: "place", Key: []string{"user"}, Agg: Last, Field: "query"},
		Definition{Name: "of_the_item", Expr: `item.category == "sea" ? 1 : 0`},
		Definition{Name: "a_text", Expr: "cross(item.id, own)"},
		Definition{Name: "nothing", Expr: "sqrt(-1 - own)"},
	)
	if texts {
		defs = append(defs, Definition{Name: "by_text", Expr: `place == "boots" ? own : 1 - own`}, Definition{Name: "same_text", Expr: "place ?? 'none'"})
	}
	return defs
}

// TestRowsAreRows: many items read at once, by the numbers, are those items read one by one: in
// whatever order and number, some twice, some unknown, some nobody.
func TestRowsAreRows(t *testing.T) {
	for _, texts := range []bool{false, true} {
		defs := everyKind(texts)
		for _, name := range []string{"ahead of time", "changed documents", "a crowd"} {
			t.Run(fmt.Sprintf("%s, by texts: %v", name, texts), func(t *testing.T) {
				p := newPlay(defs, seedOf(name), faults[name])
				if (p.engine.derived.texts) != texts {
					t.Fatalf("that some go by texts is %v", !texts)
				}
				turn, numbers := 0, 0
				p.run(func() bool {
					if turn++; turn%9 != 0 {
						return true
					}
					n := p.sameRows(t)
					numbers += n
					return !t.Failed()
				})
				if numbers < 1000 && !t.Failed() {
					t.Errorf("only %d values that are numbers of events", numbers)
				}
			})
		}
	}
}

// sameRows compares, and returns how many values had events behind them.
func (p *play) sameRows(t *testing.T) (numbers int) {
	t.Helper()
	p.flush()
	ask := p.ask()
	var items []uint32
	for range []int{0, 1, rowsAtOnce - 1, rowsAtOnce, rowsAtOnce + 1, 3 * rowsAtOnce, (2*aheadOf+1)*rowsAtOnce - 1}[p.rng.IntN(7)] {
		items = append(items, uint32(p.rng.IntN(p.fault.items+3)))
	}
	rows := make([]float64, len(items)*len(p.defs))
	p.reader.Start(ask.visitor, ask.q, ask.context)
	p.reader.Rows(items, rows)
	other := p.engine.Reader()
	other.Start(ask.visitor, ask.q, ask.context)
	for i, item := range items {
		other.Row(item, p.row)
		for place := range p.row {
			v := &p.row[place]
			got, want := rows[i*len(p.defs)+place], v.Number()
			if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Errorf("%+v\nof item %d, number %d of %d: %v among rows, %+v alone", p.defs[place], item, i, len(items), got, *v)
				return numbers
			}
			if v.Events > 0 && !math.IsNaN(want) {
				numbers++
			}
		}
	}
	return numbers
}

// TestRowsOfAFewAllocateNothing pins the path of a request without distincts and lists.
func TestRowsOfAFewAllocateNothing(t *testing.T) {
	defs := []Definition{
		{Name: "a", Key: []string{"item"}, Agg: Count, Window: freshet.Hour, Hop: freshet.Minute},
		{Name: "b", Key: []string{"user", "item"}, Agg: DecayedSum, HalfLife: freshet.Hour},
		{Name: "c", Key: []string{"user"}, Agg: Count, Window: freshet.Hour, Hop: freshet.Minute},
		{Name: "d", Expr: "log1p(a) + b"},
	}
	g := newEngine(defs)
	var items []uint32
	for i := range uint32(100) {
		items = append(items, i+1)
		g.Apply(1, i+1, &freshet.Event{Name: "click", Time: 1_700_000_000_000 + int64(i)})
	}
	r, rows := g.Reader(), make([]float64, len(items)*len(defs))
	if n := testing.AllocsPerRun(50, func() {
		r.Start(1, 1_700_000_001_000, nil)
		r.Rows(items, rows)
	}); n != 0 {
		t.Errorf("%v allocations for %d rows", n, len(items))
	}
}
