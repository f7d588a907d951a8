package main

import (
	"math"
	"slices"
)

// A block is blockLength entries that follow one another in the journal, sorted from the
// oldest to the newest, with sums from the oldest on. Reading a key with millions of events
// thousands of times would take days from the bare list. A read takes of every block the
// part that its window sees, which is one piece of it, and looks at the events of the block
// that its position cuts, and of those behind the last whole block, one by one. Of 4,096:
// long enough for few blocks, short enough that the one by one stays cheap; a guess.
const blockLength = 4096

// extremeLength is how many entries stand behind one of a block's smallest and largest.
const extremeLength = 64

type block struct {
	sorted    []entry
	of, per   []int32   // [i] of the first i: how many are counted above, below
	micro     []int64   // [i] of the first i: their sum in millionths
	amounts   []float64 // [i] of the last len-i: their plain sum
	weighted  []float64 // [i] of the first i: their sum by weight at the reference time
	low, high []float64 // [i] of the i-th extremeLength entries
	last      int32     // the record of its last entry in the journal
}

// chop makes blocks of a pile that is worth it. Sums near the end of an int64 are left to
// the one-by-one way, which finds where they leave it.
func (p *pile) chop(j *journal, f feature) {
	if len(p.entries) < 2*blockLength {
		return
	}
	all := 0.0
	for _, e := range p.entries {
		if e.huge {
			return
		}
		all += math.Abs(float64(e.micro))
	}
	if all > 1<<62 {
		return
	}
	for rest := p.entries; len(rest) >= blockLength; rest = rest[blockLength:] {
		p.blocks = append(p.blocks, newBlock(j, f, rest[:blockLength]))
	}
}

func newBlock(j *journal, f feature, entries []entry) block {
	b := block{sorted: slices.Clone(entries), last: entries[len(entries)-1].at}
	slices.SortFunc(b.sorted, j.newer)
	switch n := len(entries) + 1; f.agg {
	case "rate":
		b.of, b.per = make([]int32, n), make([]int32, n)
	case "sum", "mean":
		b.micro = make([]int64, n)
	case "decayed_sum":
		b.amounts, b.weighted = make([]float64, n), make([]float64, n)
	}
	for i, e := range b.sorted {
		switch f.agg {
		case "rate":
			b.of[i+1], b.per[i+1] = b.of[i], b.per[i]
			if e.of {
				b.of[i+1]++
			}
			if e.per {
				b.per[i+1]++
			}
		case "sum", "mean":
			b.micro[i+1] = b.micro[i] + e.micro
		case "decayed_sum":
			b.weighted[i+1] = b.weighted[i] + e.amount*e.weight
		case "min", "max":
			if i%extremeLength == 0 {
				b.low, b.high = append(b.low, e.amount), append(b.high, e.amount)
			}
			b.low[i/extremeLength] = min(b.low[i/extremeLength], e.amount)
			b.high[i/extremeLength] = max(b.high[i/extremeLength], e.amount)
		}
	}
	if f.agg == "decayed_sum" {
		for i := len(b.sorted) - 1; i >= 0; i-- {
			b.amounts[i] = b.amounts[i+1] + b.sorted[i].amount
		}
	}
	return b
}

// piece is the part of a block that a read sees: the entries from lo to before hi.
type piece struct {
	*block
	lo, hi int
}

// view is what a read sees of a pile, each entry in one of both.
type view struct {
	pieces []piece
	loose  []entry
}

// view is what of a pile lies at or before a position and within a span of event times.
func (p *pile) view(at int32, from, to int64) view {
	var v view
	if p == nil {
		return v
	}
	rest := p.entries
	for i := range p.blocks {
		b := &p.blocks[i]
		if b.last > at {
			break
		}
		rest = rest[blockLength:]
		lo, hi := b.firstFrom(from), len(b.sorted)
		if to < math.MaxInt64 {
			hi = b.firstFrom(to + 1)
		}
		if lo < hi {
			v.pieces = append(v.pieces, piece{b, lo, hi})
		}
	}
	end, _ := slices.BinarySearchFunc(rest, at, func(e entry, at int32) int {
		if e.at <= at {
			return -1
		}
		return 1
	})
	if rest = rest[:end]; from == math.MinInt64 && to == math.MaxInt64 {
		v.loose = rest
		return v
	}
	for _, e := range rest {
		if from <= e.ts && e.ts <= to {
			v.loose = append(v.loose, e)
		}
	}
	return v
}

// firstFrom is the index of the first entry at or after a time.
func (b *block) firstFrom(ts int64) int {
	i, _ := slices.BinarySearchFunc(b.sorted, ts, func(e entry, ts int64) int {
		if e.ts < ts {
			return -1
		}
		return 1
	})
	return i
}

func (v view) empty() bool { return len(v.pieces) == 0 && len(v.loose) == 0 }

func (v view) count() int {
	n := len(v.loose)
	for _, p := range v.pieces {
		n += p.hi - p.lo
	}
	return n
}

// sides counts what is above and below of a rate.
func (v view) sides() (of, per int) {
	for _, p := range v.pieces {
		of += int(p.of[p.hi] - p.of[p.lo])
		per += int(p.per[p.hi] - p.per[p.lo])
	}
	for _, e := range v.loose {
		if e.of {
			of++
		}
		if e.per {
			per++
		}
	}
	return of, per
}

// micro is the sum in millionths, or false beyond an int64.
func (v view) micro() (int64, bool) {
	total := int64(0)
	for _, p := range v.pieces { // far from the end of an int64, see chop
		total += p.micro[p.hi] - p.micro[p.lo]
	}
	for _, e := range v.loose {
		if e.huge || e.micro > 0 && total > math.MaxInt64-e.micro || e.micro < 0 && total < math.MinInt64-e.micro {
			return 0, false
		}
		total += e.micro
	}
	return total, true
}

// extremes are the smallest and the largest amount of a view that is not empty.
func (v view) extremes() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	one := func(e entry) { low, high = min(low, e.amount), max(high, e.amount) }
	for _, p := range v.pieces {
		for i := p.lo; i < p.hi; {
			if i%extremeLength == 0 && i+extremeLength <= p.hi {
				low, high = min(low, p.low[i/extremeLength]), max(high, p.high[i/extremeLength])
				i += extremeLength
				continue
			}
			one(p.sorted[i])
			i++
		}
	}
	for _, e := range v.loose {
		one(e)
	}
	return low, high
}

// newest are the newest k entries, the newest first.
func (v view) newest(j *journal, k int) []entry {
	var best []entry
	offer := func(e entry) (taken bool) {
		place, _ := slices.BinarySearchFunc(best, e, func(a, b entry) int { return j.newer(b, a) })
		if place >= k {
			return false
		}
		best = slices.Insert(best, place, e)
		best = best[:min(k, len(best))]
		return true
	}
	for _, p := range v.pieces {
		for i := p.hi - 1; i >= p.lo && offer(p.sorted[i]); i-- {
		}
	}
	for _, e := range v.loose {
		offer(e)
	}
	return best
}
