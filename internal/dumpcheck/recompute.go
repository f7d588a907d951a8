package main

import (
	"iter"
	"math"
)

// result is the value of a cell: a number, or null where there is nothing to tell.
type result struct {
	null   bool
	number float64
}

// reading is one feature read for one row: at time q and position p. It remembers what
// each key gave, since the items of a row share keys.
type reading struct {
	feature
	found index
	q     int64
	p     int32
	known map[key]result
}

// read is the value for a user and a candidate item: the mean over the candidate's keys
// that have a value, the empty value when there is no key at all.
func (r reading) read(items catalogue, user, item string) result {
	keys := r.keysOf(items, user, item, r.p)
	if len(keys) == 0 {
		return r.value(nil)
	}
	total, n := 0.0, 0
	for _, k := range keys {
		one, seen := r.known[k]
		if !seen {
			one = r.value(r.found.byKey[k])
			r.known[k] = one
		}
		if !one.null {
			total += one.number
			n++
		}
	}
	if n == 0 {
		return result{null: true}
	}
	return result{number: total / float64(n)}
}

// value aggregates the events of one key, given in journal order.
func (r reading) value(events []entry) result {
	from, to := r.span(r.q)
	inView := func(yield func(entry) bool) {
		for _, e := range events {
			if e.at > r.p {
				return // journal order: nothing further is at or before p
			}
			if from <= e.ts && e.ts <= to && !yield(e) {
				return
			}
		}
	}
	switch r.agg {
	case "count":
		n := 0
		for range inView {
			n++
		}
		return result{number: float64(n)}

	case "sum": // of whole micro-units, each amount rounded half to even
		total := int64(0)
		for e := range inView {
			micro, ok := microUnits(e.amount)
			if !ok || (micro > 0 && total > math.MaxInt64-micro) || (micro < 0 && total < math.MinInt64-micro) {
				return result{number: math.NaN()} // beyond what a sum can hold: agrees with nothing
			}
			total += micro
		}
		return result{number: float64(total) / 1e6}

	case "rate":
		of, per := 0, 0
		for e := range inView {
			if e.of {
				of++
			}
			if e.per {
				per++
			}
		}
		return result{number: rate(of, per, r.prior)}

	case "decayed_sum":
		return result{number: r.decayed(inView)}

	case "last_time", "age": // ms; seconds from there to q, not below 0
		last, any := int64(math.MinInt64), false
		for e := range inView {
			last, any = max(last, e.ts), true
		}
		switch {
		case !any:
			return result{null: true}
		case r.agg == "age":
			return result{number: float64(max(0, r.q-last)) / 1000}
		}
		return result{number: float64(last)}
	}
	panic("BUG: aggregate " + r.agg + " passed compile")
}

// decayed is Σ amount · weight(q, ts). Reading many rows spends nearly all its time in
// Exp2, so where nothing can underflow the weights at the reference time are brought to q
// by one factor: 2^(-(q-ts)/H) = 2^(-(ref-ts)/H) · 2^((ref-q)/H). That holds for events up
// to q; those ahead of it weigh 1.
func (r reading) decayed(inView iter.Seq[entry]) float64 {
	factorPower := (float64(r.found.reference) - float64(r.q)) / float64(r.halfLife)
	total := 0.0
	if math.Abs(factorPower) > maxFactorPower {
		for e := range inView {
			total += e.amount * r.weight(r.q, e.ts)
		}
		return total
	}
	ahead := 0.0
	for e := range inView {
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
