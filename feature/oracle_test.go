package feature

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet"
)

// oracle keeps every event with the attributes its item had when it came, and recomputes
// each value from scratch. It is slow and says what the words of the package comment say.
type oracle struct {
	facts []fact
	items map[uint32]*freshet.Item
}

type fact struct {
	visitor, item uint32
	event         freshet.Event
	doc           *freshet.Item // nil: unknown then
}

func (o *oracle) upsert(item uint32, doc *freshet.Item) {
	if o.items == nil {
		o.items = map[uint32]*freshet.Item{}
	}
	o.items[item] = doc
}

func (o *oracle) apply(visitor, item uint32, e *freshet.Event) {
	o.facts = append(o.facts, fact{visitor, item, *e, o.items[item]})
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// read recomputes a feature. The second result is false for null.
func (o *oracle) read(d Definition, visitor, item uint32, q int64) (float64, bool) {
	attr := ""
	byUser, byItem := false, false
	for _, part := range d.Key {
		switch {
		case part == "user":
			byUser = true
		case part == "item":
			byItem = true
		default:
			attr = strings.TrimPrefix(part, "item.")
		}
	}
	matches := func(f fact) bool {
		if byUser && (f.visitor != visitor || visitor == 0) || byItem && (f.item != item || item == 0) {
			return false
		}
		if d.Window > 0 {
			tile, head := floorDiv(f.event.Time, int64(d.Hop)), floorDiv(q, int64(d.Hop))
			if tile > head || tile <= head-int64(d.Window/d.Hop) {
				return false
			}
		}
		switch d.Field {
		case "value":
			return f.event.HasValue
		case "rank":
			return f.event.Rank > 0
		}
		return true
	}
	if attr == "" {
		return o.aggregate(d, q, matches)
	}
	values := distinctValues(o.items[item], attr)
	if len(values) == 0 {
		return o.aggregate(d, q, func(fact) bool { return false })
	}
	sum, n := 0.0, 0
	for _, value := range values {
		v, ok := o.aggregate(d, q, func(f fact) bool {
			return matches(f) && slices.Contains(distinctValues(f.doc, attr), value)
		})
		if ok {
			sum += v
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	return sum / float64(n), true
}

func distinctValues(doc *freshet.Item, attr string) []string {
	if doc == nil {
		return nil
	}
	var raw []any
	switch attr {
	case "category":
		if len(doc.Categories) > 0 {
			raw = []any{doc.Categories[0]}
		}
	case "categories":
		for _, c := range doc.Categories {
			raw = append(raw, c)
		}
	case "id":
		raw = []any{string(doc.ID)}
	default:
		if list, ok := doc.Attributes[attr].([]any); ok {
			raw = list
		} else if v := doc.Attributes[attr]; v != nil {
			raw = []any{v}
		}
	}
	var out []string
	for _, v := range raw {
		if text := fmt.Sprintf("%T:%v", v, v); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

func (o *oracle) aggregate(d Definition, q int64, matches func(fact) bool) (float64, bool) {
	var n, of, per, micros, last int64
	decayed := 0.0
	for _, f := range o.facts {
		if !matches(f) {
			continue
		}
		if slices.Contains(d.Of, f.event.Name) {
			of++
		}
		if slices.Contains(d.Per, f.event.Name) {
			per++
		}
		if len(d.On) > 0 && !slices.Contains(d.On, f.event.Name) {
			continue
		}
		n++
		last = max(last, f.event.Time)
		amount := 1.0
		switch d.Field {
		case "value":
			amount = f.event.Value
		case "rank":
			amount = float64(f.event.Rank)
		}
		micros += roundHalfEven(amount)
		decayed += amount * math.Pow(0.5, float64(max(0, q-f.event.Time))/float64(d.HalfLife))
	}
	switch d.Agg {
	case Count:
		return float64(n), true
	case Sum:
		return float64(micros) / 1e6, true
	case Rate:
		over, under := float64(of)+d.Prior[0], float64(per)+d.Prior[0]+d.Prior[1]
		if over == 0 {
			return 0, true
		}
		if under == 0 {
			return 1, true
		}
		return math.Min(1, over/under), true
	case DecayedSum:
		return decayed, true
	case LastTime:
		return float64(last), n > 0
	case Age:
		return float64(max(0, q-last)) / 1000, n > 0
	}
	panic("unknown aggregate " + d.Agg)
}

// roundHalfEven is x in units of 10⁻⁶, by exact arithmetic on the double nearest to x·10⁶.
func roundHalfEven(x float64) int64 {
	r := new(big.Rat).SetFloat64(x * 1e6)
	down, rest := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	switch new(big.Int).Mul(rest, big.NewInt(2)).Cmp(r.Denom()) {
	case 1:
		down.Add(down, big.NewInt(1))
	case 0:
		if down.Bit(0) == 1 {
			down.Add(down, big.NewInt(1))
		}
	}
	return down.Int64()
}
