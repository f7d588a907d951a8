package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// result is the value of a cell. Its kind is none where there is nothing to tell.
type result struct {
	kind      kind // none, numeric, textual or listed
	number    float64
	text      string
	picks     []pick // of a last_k, newest first
	filled    bool   // an event stands behind it
	estimated bool   // by the estimate of a distinct
	undecided string // why the definition does not tell the value
}

// pick is one element of a last_k.
type pick struct {
	ItemID string `json:"item_id"`
	TSMS   int64  `json:"ts_ms"`
}

func number(n float64) result { return result{kind: numeric, number: n} }

// reading is one feature read for one row: at time q and position p. It remembers what
// each key gave, since the items of a row share keys.
type reading struct {
	feature
	journal *journal
	found   index
	q       int64
	p       int32
	known   map[string]result
}

// read is the value for a subject: the mean over the combinations of the key's values that
// have one, the empty value when there is no combination at all. What is no number is that
// of the first combination that has it.
func (r reading) read(s subject) result {
	keys := r.journal.keysOf(r.parts, s)
	if len(keys) == 0 {
		return r.value(nil)
	}
	var mean, first result
	n := 0.0
	for _, k := range keys {
		one, seen := r.known[k]
		if !seen {
			one = r.value(r.found.byKey[k])
			r.known[k] = one
		}
		if one.undecided != "" {
			return one
		}
		mean.filled = mean.filled || one.filled
		mean.estimated = mean.estimated || one.estimated
		switch {
		case one.kind == numeric:
			mean.kind = numeric
			mean.number += one.number
			n++
		case one.kind != none && first.kind == none:
			first = one
		}
	}
	switch {
	case n > 0 && first.kind != none:
		return result{undecided: "numbers under some combinations of the key and texts under others"}
	case n > 0:
		mean.number /= n
		return mean
	}
	return first
}

// value aggregates what stands under one key.
func (r reading) value(p *pile) result {
	from, to := r.span(r.q)
	if r.agg == "distinct" {
		return r.distinct(p, from, to)
	}
	seen := p.view(r.p, from, to)
	v := r.aggregate(seen)
	v.filled = !seen.empty()
	return v
}

// aggregate is the value over what a read sees.
func (r reading) aggregate(seen view) result {
	switch r.agg {
	case "count":
		return number(float64(seen.count()))
	case "rate":
		of, per := seen.sides()
		return number(rate(of, per, r.prior))
	case "decayed_sum":
		return number(r.decayed(seen))
	case "sum":
		total, ok := seen.micro()
		if !ok {
			return result{undecided: "a sum beyond an int64 of millionths"}
		}
		return number(float64(total) / 1e6)
	}
	if seen.empty() {
		return result{}
	}
	switch r.agg {
	case "mean":
		total, ok := seen.micro()
		if !ok {
			return result{undecided: "a sum beyond an int64 of millionths"}
		}
		return number(float64(total) / 1e6 / float64(seen.count()))
	case "min", "max":
		low, high := seen.extremes()
		if r.agg == "min" {
			return number(low)
		}
		return number(high)
	case "last_k":
		v := result{kind: listed}
		for _, e := range seen.newest(r.journal, r.k) {
			v.picks = append(v.picks, pick{r.journal.events[e.event].item, e.ts})
		}
		return v
	}
	newest := seen.newest(r.journal, 1)[0]
	switch r.agg {
	case "last":
		v := r.journal.fieldOf(r.field, &r.journal.events[newest.event])
		return result{kind: v.kind, number: v.number, text: v.text}
	case "last_time":
		return number(float64(newest.ts))
	case "age":
		return number(float64(max(0, r.q-newest.ts)) / 1000)
	}
	panic("BUG: aggregate " + r.agg + " passed compile")
}

// distinct counts the values that have an event in sight.
func (r reading) distinct(p *pile, from, to int64) result {
	if p == nil {
		return number(0)
	}
	var words []string
	for word, entries := range p.values {
		for _, e := range entries {
			if e.at > r.p {
				break
			}
			if from <= e.ts && e.ts <= to {
				words = append(words, word)
				break
			}
		}
	}
	n, estimated := distinctCount(words)
	return result{kind: numeric, number: n, filled: n > 0, estimated: estimated}
}

// decayed is Σ amount · weight(q, ts). Reading many rows spends nearly all its time in
// Exp2, so where nothing can underflow the weights at the reference time are brought to q
// by one factor: 2^(-(q-ts)/H) = 2^(-(ref-ts)/H) · 2^((ref-q)/H). That holds for events up
// to q; those ahead of it weigh 1.
func (r reading) decayed(seen view) float64 {
	factorPower := (float64(r.found.reference) - float64(r.q)) / float64(r.halfLife)
	total, ahead := 0.0, 0.0
	if math.Abs(factorPower) > maxFactorPower {
		for _, p := range seen.pieces {
			for _, e := range p.sorted[p.lo:p.hi] {
				total += e.amount * r.weight(r.q, e.ts)
			}
		}
		for _, e := range seen.loose {
			total += e.amount * r.weight(r.q, e.ts)
		}
		return total
	}
	for _, p := range seen.pieces { // whole blocks, there being no window
		split := len(p.sorted)
		if r.q < math.MaxInt64 {
			split = p.firstFrom(r.q + 1)
		}
		total += p.weighted[split]
		ahead += p.amounts[split]
	}
	for _, e := range seen.loose {
		if e.ts > r.q {
			ahead += e.amount
		} else {
			total += e.amount * e.weight
		}
	}
	return total*math.Exp2(factorPower) + ahead
}

// maxFactorPower bounds how many half-lives q may lie from the reference time. Within it a
// weight that underflows at the reference (below 2^-1022) is below 2^-500 at q.
const maxFactorPower = 500

// weight is 2^(-age/half-life) at time q of an event at ts; no age is below 0.
func (f feature) weight(q, ts int64) float64 {
	age := max(0, float64(q)-float64(ts))
	return math.Exp2(-age / float64(f.halfLife))
}

// span is the first and last event time, in ms, of a read at q. With a window it solves
// tile(q) - W/h < tile(ts) <= tile(q) for ts; without one it is all of time.
func (f feature) span(q int64) (from, to int64) {
	if f.window == 0 {
		return math.MinInt64, math.MaxInt64
	}
	head := tile(q, f.hop)
	return (head - f.window/f.hop + 1) * f.hop, (head+1)*f.hop - 1
}

// tile is floor(t/hop), also before 1970.
func tile(t, hop int64) int64 {
	n := t / hop
	if t%hop < 0 {
		n--
	}
	return n
}

// rate is min(1, (c+α)/(e+α+β)) for c events over e, with the prior [α, β]. Over nothing
// it is 0 when there is nothing above either, else 1.
func rate(c, e int, prior [2]float64) float64 {
	above := float64(c) + prior[0]
	below := float64(e) + prior[0] + prior[1]
	switch {
	case below != 0:
		return min(1, above/below)
	case above == 0:
		return 0
	}
	return 1
}

// microUnits is an amount in millionths, half to even, or false beyond an int64.
func microUnits(amount float64) (int64, bool) {
	micro := math.RoundToEven(amount * 1e6)
	if !(math.Abs(micro) < 1<<63) {
		return 0, false
	}
	return int64(micro), true
}

// String is the value as JSON would have it.
func (r result) String() string {
	switch {
	case r.undecided != "":
		return "undecided: " + r.undecided
	case r.kind == numeric:
		return fmt.Sprint(r.number)
	case r.kind == textual:
		return fmt.Sprintf("%q", r.text)
	case r.kind == listed:
		var all []string
		for _, p := range r.picks {
			all = append(all, fmt.Sprintf("%q at %d", p.ItemID, p.TSMS))
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	return "null"
}

// same tells whether two values are exactly equal. A last_k without elements may be
// answered as null or as an empty list.
func (r result) same(other result) bool {
	empty := func(r result) bool { return r.kind == none || r.kind == listed && len(r.picks) == 0 }
	if empty(r) || empty(other) {
		return empty(r) && empty(other)
	}
	return r.kind == other.kind && r.number == other.number && r.text == other.text && slices.Equal(r.picks, other.picks)
}
