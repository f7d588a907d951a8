package feature

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/expression"
)

// Definition is one feature as the configuration states it. It means the same in the
// stream, in serving and in every replay; see the package comment for the exact meaning.
// Its JSON form is the one the journal keeps.
type Definition struct {
	Name string `json:"name"`
	// Version is the definition's own, 1 when it is 0: the same name with another meaning needs
	// a higher one.
	Version int `json:"version,omitempty"`
	// Key says per what the feature is kept: user, item, item.<attribute>, user.<attribute>,
	// context.<name>, at most [MaxKeyParts] of them, or global alone. Order does not matter.
	Key []string `json:"key,omitempty"`
	// On lists the event names counted; empty means every event. Not for rate.
	On []string `json:"on,omitempty"`
	// Where is an expression over event, item, user and context; only events of which it is
	// true count. Empty is true.
	Where string `json:"where,omitempty"`
	// Agg is one of Aggs; empty for a derived feature.
	Agg string `json:"agg,omitempty"`
	// Of and Per are the event names of a rate's numerator and denominator.
	Of  []string `json:"of,omitempty"`
	Per []string `json:"per,omitempty"`
	// Field is what of the event is aggregated. A number for sum, mean, min, max and
	// decayed_sum: value, rank or context.<name>; decayed_sum adds 1 an event without it. For
	// last also item, query and texts of the context; for distinct these, user and
	// item.<attribute>. Events that lack the field are not counted.
	Field string `json:"field,omitempty"`
	// K is the length of a last_k, from 1 to [MaxK].
	K int `json:"k,omitempty"`
	// Window is the length W and Hop its step h, h | W; both zero means all time. Not for
	// decayed_sum.
	Window freshet.Duration `json:"window,omitempty"`
	Hop    freshet.Duration `json:"hop,omitempty"`
	// HalfLife is the age at which an event counts half in a decayed_sum.
	HalfLife freshet.Duration `json:"half_life,omitempty"`
	// Prior is [α, β] of a rate, each ≥ 0; [0, 0] is the plain ratio.
	Prior [2]float64 `json:"prior,omitzero"`
	// Expr is the expression of a derived feature, which has nothing else but a name and a
	// version.
	Expr string `json:"expr,omitempty"`
}

// The aggregates that exist.
const (
	Count      = "count"
	Sum        = "sum"
	Mean       = "mean"
	Min        = "min"
	Max        = "max"
	Rate       = "rate"
	DecayedSum = "decayed_sum"
	Last       = "last"
	LastTime   = "last_time"
	Age        = "age"
	Distinct   = "distinct"
	LastK      = "last_k"
)

// Aggs lists the names Definition.Agg may have; LaterAggs those that are planned.
var (
	Aggs      = []string{Count, Sum, Mean, Min, Max, Rate, DecayedSum, Last, LastTime, Age, Distinct, LastK}
	LaterAggs = []string{"top_k", "velocity"}
)

// What a key and a last_k may have at most.
const (
	MaxKeyParts = 4
	MaxK        = 1000
)

// MaxTiles bounds Window/Hop: the tiles kept per key.
const MaxTiles = 10_000

// Fault is what is wrong with one field of a definition, in the words of the file.
type Fault struct {
	Definition int    // place in the list of CheckAll; 0 from Check
	Field      string // the JSON name of the field at fault
	Code       string // bad_feature, missing or not_available
	Message    string
	Hint       string // what to write instead, "" when there is nothing to suggest
	// Line and Column are the place in the text of the field, both 1-based, columns in
	// characters; 0 when it is the field as a whole.
	Line, Column int
}

// expressionFault is an error of package expression as a fault of the field that holds it.
func (d *Definition) expressionFault(field string, err error) Fault {
	f := Fault{Field: field, Code: "bad_feature"}
	var in *expression.Error
	if !errors.As(err, &in) {
		panic(fmt.Sprintf("BUG: an expression fails with %v, which has no place", err))
	}
	f.Message = fmt.Sprintf("feature %q: %s: %s", d.Name, field, in.Message)
	f.Hint, f.Line, f.Column = in.Hint, in.Line, in.Column
	return f
}

// Check reports everything that is wrong with d taken alone, nil when it is sound. What an
// expression says of other features is for [CheckAll].
func (d *Definition) Check() []Fault {
	var faults []Fault
	add := func(field, code, format string, args ...any) {
		message := fmt.Sprintf("feature %q: ", d.Name) + fmt.Sprintf(format, args...)
		faults = append(faults, Fault{Field: field, Code: code, Message: message})
	}
	if err := freshet.CheckID(d.Name); err != nil {
		add("name", "bad_feature", "%v", err)
	}
	if d.Version < 0 {
		add("version", "bad_feature", "version is %d; it must be 1 or more", d.Version)
	}
	if d.Expr != "" {
		d.checkDerived(add)
		return faults
	}
	d.checkKey(add)
	if d.Where != "" {
		if _, err := expression.CompileWhere(d.Where); err != nil {
			faults = append(faults, d.expressionFault("where", err))
		}
	}
	switch {
	case d.Agg == "":
		add("agg", "missing", "agg is missing; one of %s", strings.Join(Aggs, ", "))
	case slices.Contains(LaterAggs, d.Agg):
		add("agg", "not_available", "aggregate %q is not available in this release (not_available); there are %s", d.Agg, strings.Join(Aggs, ", "))
	case !slices.Contains(Aggs, d.Agg):
		add("agg", "bad_feature", "unknown aggregate %q; one of %s", d.Agg, strings.Join(Aggs, ", "))
	default:
		d.checkAgg(add)
		d.checkWindow(add)
	}
	return faults
}

func (d *Definition) checkKey(add func(field, code, format string, args ...any)) {
	const words = "use user, item, item.<attribute>, user.<attribute>, context.<name>, or global alone"
	for i, part := range d.Key {
		switch {
		case part == "user", part == "item", part == "global":
		case attributePart(part):
		default:
			add("key", "bad_feature", "unknown key %q; %s", part, words)
			return
		}
		if slices.Contains(d.Key[:i], part) {
			add("key", "bad_feature", "key %v names %s twice", d.Key, part)
			return
		}
	}
	switch {
	case len(d.Key) == 0:
		add("key", "missing", "key is missing; such as [user] or [user, item.category], or [global] for one value over everything")
	case len(d.Key) > 1 && slices.Contains(d.Key, "global"):
		add("key", "bad_feature", "key %v: global stands alone", d.Key)
	case len(d.Key) > MaxKeyParts:
		add("key", "bad_feature", "key %v has %d parts; at most %d", d.Key, len(d.Key), MaxKeyParts)
	}
}

// attributePart reports that part is item.<attribute>, user.<attribute> or context.<name>.
func attributePart(part string) bool {
	of, name, ok := strings.Cut(part, ".")
	return ok && name != "" && (of == "item" || of == "user" || of == "context")
}

// The fields that aggregates take: numbers, and what else has values.
var (
	numberAggs = []string{Sum, Mean, Min, Max, DecayedSum}
	fieldAggs  = []string{Sum, Mean, Min, Max, DecayedSum, Last, Distinct}
)

func (d *Definition) checkAgg(add func(field, code, format string, args ...any)) {
	rate := d.Agg == Rate
	if rate && len(d.Of) == 0 {
		add("of", "missing", "a rate needs of: the event names it counts")
	}
	if rate && len(d.Per) == 0 {
		add("per", "missing", "a rate needs per: the event names it divides by")
	}
	if rate && len(d.On) > 0 {
		add("on", "bad_feature", "a rate takes of and per, not on")
	}
	if !rate && len(d.Of)+len(d.Per) > 0 {
		add("of", "bad_feature", "of and per belong to rate; %s takes on", d.Agg)
	}
	if d.Prior != [2]float64{} && !rate {
		add("prior", "bad_feature", "prior belongs to rate")
	}
	if d.Prior[0] < 0 || d.Prior[1] < 0 {
		add("prior", "bad_feature", "prior is [α, β], neither below 0")
	}
	d.checkField(add)
	if d.Agg == DecayedSum && d.HalfLife <= 0 {
		add("half_life", "missing", "decayed_sum needs a half_life above 0, such as 6h")
	}
	if d.Agg != DecayedSum && d.HalfLife != 0 {
		add("half_life", "bad_feature", "half_life belongs to decayed_sum")
	}
	switch {
	case d.Agg == LastK && d.K == 0:
		add("k", "missing", "last_k needs k: how many items it keeps, such as 20")
	case d.Agg == LastK && (d.K < 1 || d.K > MaxK):
		add("k", "bad_feature", "k is %d; it must be from 1 to %d", d.K, MaxK)
	case d.Agg != LastK && d.K != 0:
		add("k", "bad_feature", "k belongs to last_k")
	}
}

func (d *Definition) checkField(add func(field, code, format string, args ...any)) {
	of, name, _ := strings.Cut(d.Field, ".")
	number := d.Field == "value" || d.Field == "rank" || of == "context" && name != ""
	text := d.Field == "item" || d.Field == "query"
	const numbers = "value, rank or context.<name>"
	switch {
	case !slices.Contains(fieldAggs, d.Agg):
		if d.Field != "" {
			add("field", "bad_feature", "field belongs to %s; %s has none", strings.Join(fieldAggs, ", "), d.Agg)
		}
	case d.Field == "" && d.Agg != DecayedSum:
		example := numbers
		switch d.Agg {
		case Last:
			example += ", item or query"
		case Distinct:
			example += ", item, user, query or item.<attribute>"
		}
		add("field", "missing", "%s needs field: %s", d.Agg, example)
	case d.Field == "" || number:
	case slices.Contains(numberAggs, d.Agg):
		add("field", "bad_feature", "%s has no field %q; %s", d.Agg, d.Field, numbers)
	case d.Agg == Last && !text:
		add("field", "bad_feature", "last has no field %q; %s, item or query", d.Field, numbers)
	case d.Agg == Distinct && !text && d.Field != "user" && (of != "item" || name == ""):
		add("field", "bad_feature", "distinct has no field %q; %s, item, user, query or item.<attribute>", d.Field, numbers)
	}
}

func (d *Definition) checkWindow(add func(field, code, format string, args ...any)) {
	switch {
	case d.Window == 0 && d.Hop == 0:
	case d.Agg == DecayedSum:
		add("window", "bad_feature", "decayed_sum has a half_life and no window")
	case d.Window <= 0:
		add("window", "bad_feature", "window must be above 0")
	case d.Hop <= 0:
		add("hop", "bad_feature", "hop must be above 0 and divide the window of %s", d.Window)
	case d.Hop > d.Window:
		add("hop", "bad_feature", "hop %s is longer than the window of %s", d.Hop, d.Window)
	case d.Window%d.Hop != 0:
		add("hop", "bad_feature", "hop %s does not divide the window of %s", d.Hop, d.Window)
	case d.Window/d.Hop > MaxTiles:
		add("hop", "bad_feature", "window %s in hops of %s keeps %d tiles a key; at most %d", d.Window, d.Hop, d.Window/d.Hop, MaxTiles)
	}
}

// checkDerived says what a derived feature must not have.
func (d *Definition) checkDerived(add func(field, code, format string, args ...any)) {
	plain := Definition{Name: d.Name, Version: d.Version, Expr: d.Expr}
	if !reflect.DeepEqual(*d, plain) {
		add("expr", "bad_feature", "a feature with expr has only a name and a version beside it")
	}
}

// Hash names a list of definitions: equal lists, equal hash.
func Hash(defs []Definition) string {
	text, err := json.Marshal(defs)
	if err != nil {
		panic(fmt.Sprintf("BUG: definitions have no JSON form: %v", err))
	}
	return hashText(text)
}

func hashText(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
