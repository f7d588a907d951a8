package feature

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet"
)

// oracle keeps every event with the documents that its item and its user had when it came, and
// recomputes each value from scratch, by the words of the package comment. What each feature
// counts is listed by key, so that a read looks at the events of its keys alone.
type oracle struct {
	defs  []Definition
	where []func(*fact) bool     // by feature; nil is true
	kept  []map[string][]counted // by feature, then by key
	items map[uint32]*freshet.Item
	users map[uint32]*freshet.User
	count int64
}

// fact is one event as it was applied.
type fact struct {
	visitor, item uint32
	event         *freshet.Event
	doc           *freshet.Item // nil: unknown then
	user          *freshet.User // nil: unknown then
	position      int64
	fault         bool // it came the way that the workload is about
}

// counted is an event that counts in a feature, with what its field says.
type counted struct {
	*fact
	values []string // of the field, each with the letter of its kind in front
	amount float64  // of a number, else 1
	micros int64    // amount in units of 10⁻⁶
}

func newOracle(defs []Definition) *oracle {
	o := &oracle{defs: defs, items: map[uint32]*freshet.Item{}, users: map[uint32]*freshet.User{}}
	for _, d := range defs {
		o.kept = append(o.kept, map[string][]counted{})
		o.where = append(o.where, conditions[d.Where])
	}
	return o
}

func (o *oracle) apply(visitor, item uint32, e *freshet.Event, fault bool) {
	o.count++
	f := &fact{visitor, item, e, o.items[item], o.users[visitor], o.count, fault}
	for i := range o.defs {
		d := &o.defs[i]
		if !named(d, e.Name) || o.where[i] != nil && !o.where[i](f) {
			continue
		}
		c := counted{f, f.field(d), 1, 0}
		if d.Field != "" && len(c.values) == 0 {
			continue // it lacks the field
		}
		if d.Agg == LastK && e.Item == "" {
			continue
		}
		if len(c.values) > 0 && c.values[0][0] == 'n' {
			c.amount = number(c.values[0])
			c.micros = roundHalfEven(c.amount)
		}
		for _, key := range keys(d, visitor, item, f.doc, f.user, e.Context) {
			o.kept[i][key] = append(o.kept[i][key], c)
		}
	}
}

// named reports that the definition counts events of the name.
func named(d *Definition, name string) bool {
	if d.Agg == Rate {
		return slices.Contains(d.Of, name) || slices.Contains(d.Per, name)
	}
	return len(d.On) == 0 || slices.Contains(d.On, name)
}

// keys are those of all combinations of the parts' values, the values of the later parts varying
// fastest. There is none when a part has no value.
func keys(d *Definition, visitor, item uint32, doc *freshet.Item, user *freshet.User, context map[string]any) []string {
	combinations := []string{""}
	for _, part := range inOrder(d.Key) {
		var longer []string
		for _, head := range combinations {
			for _, value := range values(part, visitor, item, doc, user, context) {
				longer = append(longer, head+strconv.Quote(value))
			}
		}
		combinations = longer
	}
	return combinations
}

// inOrder sorts the parts of a key: user, item, item.…, user.…, context.…, and by name.
func inOrder(key []string) []string {
	place := func(part string) int {
		of, _, dotted := strings.Cut(part, ".")
		return slices.Index([]string{"global.false", "user.false", "item.false", "item.true", "user.true", "context.true"}, fmt.Sprintf("%s.%t", of, dotted))
	}
	return slices.SortedFunc(slices.Values(key), func(a, b string) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
	})
}

// values are the different values of one part of a key.
func values(part string, visitor, item uint32, doc *freshet.Item, user *freshet.User, context map[string]any) []string {
	of, name, dotted := strings.Cut(part, ".")
	switch {
	case part == "global":
		return []string{""}
	case !dotted:
		if number := map[string]uint32{"user": visitor, "item": item}[part]; number != 0 {
			return []string{fmt.Sprint(number)}
		}
		return nil
	case of == "item":
		return valuesOfItem(doc, name)
	case of == "user":
		if user == nil {
			return nil
		}
		return elements(user.Attributes[name])
	}
	return elements(context[name])
}

func valuesOfItem(doc *freshet.Item, name string) []string {
	if doc == nil {
		return nil
	}
	texts := func(list []string) (values []any) {
		for _, text := range list {
			values = append(values, text)
		}
		return values
	}
	switch name {
	case "id":
		return elements(string(doc.ID))
	case "category":
		return elements(texts(doc.Categories[:min(1, len(doc.Categories))]))
	case "categories":
		return elements(texts(doc.Categories))
	case "tags":
		return elements(texts(doc.Tags))
	}
	return elements(doc.Attributes[name])
}

// elements are the different texts, numbers and truth values of v or, if it is a list, of its
// elements, each with the letter of its kind in front.
func elements(v any) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []string
	for _, element := range list {
		text := ""
		switch v := element.(type) {
		case string:
			text = "t" + v
		case bool:
			text = fmt.Sprintf("b%t", v)
		case json.Number:
			f, err := v.Float64()
			if err != nil {
				continue
			}
			text = fmt.Sprintf("n%g", f)
		default:
			continue
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// field are the values that the event has in the definition's field, each with the letter of its
// kind in front, and none of a kind that the aggregate does not take. Only an item's attribute
// can have several.
func (f *fact) field(d *Definition) []string {
	var values []string
	switch of, name, _ := strings.Cut(d.Field, "."); of {
	case "value":
		if f.event.HasValue {
			values = []string{fmt.Sprintf("n%g", f.event.Value)}
		}
	case "rank":
		if f.event.Rank > 0 {
			values = []string{fmt.Sprintf("n%d", f.event.Rank)}
		}
	case "query":
		if f.event.Query != "" {
			values = []string{"t" + f.event.Query}
		}
	case "user":
		if f.visitor != 0 {
			values = []string{"t" + string(f.event.Visitor())}
		}
	case "item":
		if name != "" {
			values = valuesOfItem(f.doc, name)
		} else if f.item != 0 {
			values = []string{"t" + string(f.event.Item)}
		}
	case "context":
		if _, list := f.event.Context[name].([]any); !list {
			values = elements(f.event.Context[name])
		}
	}
	return slices.DeleteFunc(values, func(value string) bool {
		switch d.Agg {
		case Distinct:
			return false
		case Last:
			return value[0] == 'b' || beyond(value)
		}
		return value[0] != 'n' || beyond(value)
	})
}

// beyond reports a number that is larger than the value of an event may be.
func beyond(value string) bool { return value[0] == 'n' && math.Abs(number(value)) > 1e12 }

// number is the number that a field's value stands for.
func number(value string) float64 {
	f, err := strconv.ParseFloat(value[1:], 64)
	if err != nil {
		panic(fmt.Sprintf("BUG: %q is no number: %v", value, err))
	}
	return f
}

// answer is what a value should be.
type answer struct {
	Value
	magnitude float64 // Σ |amount|·weight of a decayed_sum: what its rounding goes by
	text      bool    // Text is the value
	fault     bool    // an event that came with the workload's fault is under the key
}

// read recomputes the feature at place i.
func (o *oracle) read(i int, visitor, item uint32, q int64, context map[string]any) answer {
	d := &o.defs[i]
	combinations := keys(d, visitor, item, o.items[item], o.users[visitor], context)
	if len(combinations) == 0 {
		return aggregate(d, nil, q)
	}
	all := make([]answer, len(combinations))
	for n, key := range combinations {
		all[n] = aggregate(d, o.kept[i][key], q)
	}
	if len(all) == 1 {
		return all[0]
	}
	return together(d, all)
}

// together is what the values of several combinations are as one.
func together(d *Definition, all []answer) answer {
	var out answer
	n := 0.0
	for _, one := range all {
		out.Events += one.Events
		out.Updated = max(out.Updated, one.Updated)
		out.fault = out.fault || one.fault
		if one.Null || one.text || d.Agg == LastK {
			continue
		}
		out.Value.Value += one.Value.Value
		out.magnitude += one.magnitude
		n++
	}
	out.Value.Value /= max(1, n)
	out.magnitude /= max(1, n)
	out.Null = n == 0 && d.Agg != LastK
	for _, one := range all {
		if one.text || len(one.List) > 0 {
			out.Text, out.text, out.List, out.Null = one.Text, one.text, one.List, false
			break
		}
	}
	return out
}

// aggregate is the feature's value at q over the events of one key.
func aggregate(d *Definition, facts []counted, q int64) answer {
	var span []*counted // those that count at q, newest first for whom it matters
	out := answer{Value: Value{}}
	newest := int64(0)
	for i := range facts {
		f := &facts[i]
		newest = max(newest, f.event.Time)
		out.fault = out.fault || f.fault
		if tile, head := floorDiv(f.event.Time, int64(d.Hop)), floorDiv(q, int64(d.Hop)); d.Window == 0 ||
			head-int64(d.Window/d.Hop) < tile && tile <= head {
			span = append(span, f)
		}
	}
	out.Events = int64(len(span))
	switch d.Agg {
	case Last, LastTime, Age, LastK:
		slices.SortFunc(span, func(a, b *counted) int { return newer(b.fact, a.fact) })
	}
	if d.Agg == LastK {
		out.Events = min(out.Events, int64(d.K))
	}
	if out.Events > 0 {
		out.Updated = newest
	}
	if len(span) == 0 {
		switch d.Agg {
		case Mean, Min, Max, Last, LastTime, Age:
			out.Null = true
			return out
		}
	}
	out.measure(d, span, q)
	return out
}

// newer orders facts from the oldest to the newest.
func newer(a, b *fact) int {
	return cmp.Or(
		cmp.Compare(a.event.Time, b.event.Time),
		cmp.Compare(a.event.Item, b.event.Item),
		cmp.Compare(a.event.ID, b.event.ID),
		cmp.Compare(a.position, b.position))
}

// measure sets the value over the facts of the span, of which there is one where null is another
// answer.
func (out *answer) measure(d *Definition, span []*counted, q int64) {
	to := &out.Value.Value
	switch d.Agg {
	case Count:
		*to = float64(len(span))
	case Sum, Mean:
		var micros int64
		for _, f := range span {
			micros += f.micros
		}
		if *to = float64(micros) / 1e6; d.Agg == Mean {
			*to /= float64(len(span))
		}
	case Min, Max:
		*to = span[0].amount
		for _, f := range span {
			if d.Agg == Min {
				*to = min(*to, f.amount)
			} else {
				*to = max(*to, f.amount)
			}
		}
	case Rate:
		over, under := d.Prior[0], d.Prior[0]+d.Prior[1]
		for _, f := range span {
			if slices.Contains(d.Of, f.event.Name) {
				over++
			}
			if slices.Contains(d.Per, f.event.Name) {
				under++
				if slices.Contains(d.Of, f.event.Name) {
					out.Events++ // is in both counts
				}
			}
		}
		if over > 0 { // nothing of nothing is nothing
			*to = min(1, over/under)
		}
	case DecayedSum:
		for _, f := range span {
			weight := math.Exp2(-float64(max(0, q-f.event.Time)) / float64(d.HalfLife))
			*to += f.amount * weight
			out.magnitude += math.Abs(f.amount) * weight
		}
	case Last:
		if value := span[0].values[0]; value[0] == 't' {
			out.Text, out.text = value[1:], true
		} else {
			*to = span[0].amount
		}
	case LastTime:
		*to = float64(span[0].event.Time)
	case Age:
		*to = float64(max(0, q-span[0].event.Time)) / 1000
	case Distinct:
		*to = float64(howMany(span))
	case LastK:
		for _, f := range span[:min(len(span), d.K)] {
			out.List = append(out.List, Entry{Item: f.item, Time: f.event.Time})
		}
	default:
		panic("unknown aggregate " + d.Agg)
	}
}

// howMany is the number of different values of the field, an estimate beyond 128 of them.
func howMany(span []*counted) int {
	hashes := map[uint64]bool{}
	for _, f := range span {
		for _, value := range f.values {
			hashes[hash(value)] = true
		}
	}
	if len(hashes) <= 128 {
		return len(hashes)
	}
	return estimate(maps.Keys(hashes))
}

// hash is FNV-1a of the text and then the finalizer of SplitMix64.
func hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never fails
	x := h.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// estimate is the improved raw estimate of Ertl (2017), section 4, of a HyperLogLog with 2^p
// registers that saw the hashes.
func estimate(hashes func(func(uint64) bool)) int {
	const p, m, q = 11, 1 << 11, 64 - 11
	var registers [m]int
	for h := range hashes {
		rank := min(bits.LeadingZeros64(h<<p), q) + 1
		registers[h>>q] = max(registers[h>>q], rank)
	}
	var having [q + 2]float64 // registers by their rank
	for _, rank := range registers {
		having[rank]++
	}
	z := m * tau(1-having[q+1]/m)
	for rank := q; rank >= 1; rank-- {
		z = (z + having[rank]) / 2
	}
	z += m * sigma(having[0]/m)
	return int(math.Round(m * m / (2 * math.Ln2 * z)))
}

// sigma is x + Σ x^(2^k)·2^(k−1) over k ≥ 1.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	sum, factor := x, 1.0
	for before := -1.0; sum != before; factor *= 2 {
		x *= x
		before, sum = sum, sum+x*factor
	}
	return sum
}

// tau is (1 − x − Σ (1 − x^(2^−k))²·2^−k over k ≥ 1) / 3.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	sum, factor := 1-x, 0.5
	for before := -1.0; sum != before; factor /= 2 {
		x = math.Sqrt(x)
		before, sum = sum, sum-(1-x)*(1-x)*factor
	}
	return sum / 3
}

// floorDiv is ⌊a/b⌋, and 0 when b is.
func floorDiv(a, b int64) int64 {
	if b == 0 {
		return 0
	}
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
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
