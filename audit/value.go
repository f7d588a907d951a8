package audit

import (
	"cmp"
	"math"
	"math/big"
	"slices"

	"github.com/freshet-rec/freshet/feature"
)

// Value is a value as it should be.
type Value struct {
	feature.Value
	// Within is how far from it a value may be: 0, except for decayed sums, whose floats may be
	// added in another order, so that they agree within 10⁻⁹ of what is added.
	Within float64
	// Oldest is the time of the oldest event that counts, Unix ms; math.MaxInt64 without any.
	Oldest int64
	text   bool // Text is the value
}

// decayedRelative is the rounding granted to decayed sums, decayedLeast that of amounts next to the
// least float64, which have fewer digits.
const (
	decayedRelative = 1e-9
	decayedLeast    = 1e-290
)

// Number is the value in a row of numbers: NaN stands for null and for what is no number.
func (v Value) Number() float64 {
	if v.Null || v.text || v.List != nil {
		return math.NaN()
	}
	return v.Value.Value
}

// Same reports that a value is the recomputed one: an equal number, text or list, or null when
// that is null.
func Same(got feature.Value, want Value) bool {
	switch {
	case got.Null != want.Null || got.Text != want.Text || !slices.Equal(got.List, want.List):
		return false
	case want.text || want.List != nil:
		return true
	case want.Null:
		return true
	}
	return near(got.Value, want.Value.Value, want.Within)
}

// SameNumber is Same of a value in a row of numbers.
func SameNumber(got float64, want Value) bool {
	number := want.Number()
	if math.IsNaN(got) || math.IsNaN(number) {
		return math.IsNaN(got) && math.IsNaN(number)
	}
	return near(got, number, want.Within)
}

func near(got, want, within float64) bool { return got == want || math.Abs(got-want) <= within }

// value is the feature's value at q over the events of one key.
func (c *column) value(k *facts, q int64) Value {
	var span []fact
	more := false // the facts go on about an event that counts
	v := Value{Oldest: math.MaxInt64}
	for _, f := range k.list {
		if f.lanes&laneMore == 0 {
			if more = c.covers(q, f.time); more {
				v.Events++
				v.Oldest = min(v.Oldest, f.time)
			}
		}
		if more {
			span = append(span, f)
		}
	}
	if c.def.Agg == feature.LastK {
		v.Events = min(v.Events, int64(c.def.K))
	}
	if v.Events > 0 {
		v.Updated = k.lastTime
	}
	switch c.def.Agg {
	case feature.Count, feature.Rate, feature.Sum, feature.DecayedSum, feature.Distinct:
		c.measure(&v, span, q)
	case feature.LastK:
		v.List = []feature.Entry{}
		for _, f := range newest(span, c.def.K) {
			v.List = append(v.List, feature.Entry{Item: f.item, Time: f.time})
		}
	default:
		if v.Null = len(span) == 0; !v.Null {
			c.measure(&v, span, q)
		}
	}
	return v
}

// covers reports that an event of time t counts at q.
func (c *column) covers(q, t int64) bool {
	hop := int64(c.def.Hop)
	return c.def.Window == 0 || tile(q, hop)-int64(c.def.Window)/hop < tile(t, hop) && tile(t, hop) <= tile(q, hop)
}

// measure sets a value over the facts of the span.
func (c *column) measure(v *Value, span []fact, q int64) {
	to := &v.Value.Value
	switch c.def.Agg {
	case feature.Count:
		*to = float64(len(span))
	case feature.Sum:
		*to = sum(span)
	case feature.Mean:
		*to = sum(span) / float64(len(span))
	case feature.Min:
		*to = slices.MinFunc(span, byNumber).number()
	case feature.Max:
		*to = slices.MaxFunc(span, byNumber).number()
	case feature.Rate:
		*to = share(lane(span, laneOf)+c.def.Prior[0], lane(span, lanePer)+c.def.Prior[0]+c.def.Prior[1])
	case feature.DecayedSum:
		for _, f := range span {
			amount := f.number() * math.Pow(2, -float64(max(0, q-f.time))/float64(c.def.HalfLife))
			*to += amount
			v.Within += math.Abs(amount) * decayedRelative
		}
		v.Within += decayedLeast
	case feature.Last:
		last := newest(span, 1)[0]
		if v.text = last.lanes&laneText != 0; v.text {
			v.Text = last.words.text
		} else {
			*to = last.number()
		}
	case feature.LastTime:
		*to = float64(slices.MaxFunc(span, byTime).time)
	case feature.Age:
		*to = float64(max(0, q-slices.MaxFunc(span, byTime).time)) / 1000
	case feature.Distinct:
		seen := map[uint64]bool{}
		for _, f := range span {
			seen[f.value] = true
		}
		*to = float64(howMany(seen))
	}
}

// number is the value as a number.
func (f fact) number() float64 { return math.Float64frombits(f.value) }

func byNumber(a, b fact) int { return cmp.Compare(a.number(), b.number()) }
func byTime(a, b fact) int   { return cmp.Compare(a.time, b.time) }

// sum is Σ field, each in units of 10⁻⁶; it stops at the ends of int64.
func sum(span []fact) float64 {
	micros := new(big.Int)
	for _, f := range span {
		micros.Add(micros, halfEven(f.number()))
	}
	if !micros.IsInt64() {
		return math.Copysign(1<<63, float64(micros.Sign())) / 1e6
	}
	return float64(micros.Int64()) / 1e6
}

// lane is how many of the facts are in a lane.
func lane(span []fact, bit uint8) float64 {
	n := 0.0
	for _, f := range span {
		if f.lanes&bit != 0 {
			n++
		}
	}
	return n
}

// newest are the newest k facts, newest first: of equal times that of the greater item, then of the
// greater event id, then the one that came last.
func newest(span []fact, k int) []fact {
	slices.Reverse(span)
	slices.SortStableFunc(span, func(a, b fact) int {
		return cmp.Or(cmp.Compare(b.time, a.time), cmp.Compare(b.words.item, a.words.item), cmp.Compare(b.words.id, a.words.id))
	})
	return span[:min(len(span), k)]
}

// together is the value over several combinations of the parts' values: the mean of those that are
// numbers; of others the first one.
func (c *column) together(all []Value) Value {
	if len(all) == 1 {
		return all[0]
	}
	out := Value{Oldest: math.MaxInt64}
	n := 0.0
	first := -1 // of those that are no number
	for i, v := range all {
		out.Events += v.Events
		out.Oldest = min(out.Oldest, v.Oldest)
		out.Updated = max(out.Updated, v.Updated)
		switch {
		case v.Null:
		case v.text || v.List != nil:
			if first < 0 && (v.text || len(v.List) > 0) {
				first = i
			}
		default:
			out.Value.Value += v.Value.Value
			out.Within += v.Within
			n++
		}
	}
	switch {
	case first >= 0:
		out.Value.Value, out.Within = 0, 0
		out.Text, out.List, out.text = all[first].Text, all[first].List, all[first].text
	case n > 0:
		out.Value.Value /= n
		out.Within /= n
	case c.def.Agg == feature.LastK:
		out.List = []feature.Entry{}
	default:
		out.Null = true
	}
	return out
}

// share is over/under, never above 1; nothing of nothing is 0.
func share(over, under float64) float64 {
	if over == 0 {
		return 0
	}
	return math.Min(1, over/under)
}

// tile is ⌊t/h⌋.
func tile(t, h int64) int64 {
	n := t / h
	if t%h < 0 {
		n--
	}
	return n
}

// halfEven is x in units of 10⁻⁶, half to even: exact arithmetic on the double nearest to x·10⁶.
func halfEven(x float64) *big.Int {
	r := new(big.Rat).SetFloat64(x * 1e6)
	if r == nil {
		return new(big.Int) // not finite; no accepted event has such a field
	}
	down, rest := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	switch rest.Lsh(rest, 1).Cmp(r.Denom()) {
	case 1:
		down.Add(down, big.NewInt(1))
	case 0:
		if down.Bit(0) == 1 {
			down.Add(down, big.NewInt(1))
		}
	}
	return down
}
