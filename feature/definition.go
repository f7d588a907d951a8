package feature

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet"
)

// Definition is one feature as the configuration states it. It means the same in the
// stream, in serving and in every replay; see the package comment for the exact meaning.
// Its JSON form is the one the journal keeps.
type Definition struct {
	Name string `json:"name"`
	// Key says per what the feature is kept: user, item, item.category (the first category),
	// item.categories (each of them), item.id, or item.<attribute>; alone or user with one
	// of the others. Order does not matter.
	Key []string `json:"key"`
	// On lists the event names counted; empty means every event. Not for rate.
	On []string `json:"on,omitempty"`
	// Agg is count, sum, rate, decayed_sum, last_time or age.
	Agg string `json:"agg"`
	// Of and Per are the event names of a rate's numerator and denominator.
	Of  []string `json:"of,omitempty"`
	Per []string `json:"per,omitempty"`
	// Field is the number summed: value or rank. Required for sum; decayed_sum adds 1 an
	// event without it. Events that lack the field are not counted.
	Field string `json:"field,omitempty"`
	// Window is the length W and Hop its step h, h | W; both zero means all time. For
	// count, sum and rate.
	Window freshet.Duration `json:"window,omitempty"`
	Hop    freshet.Duration `json:"hop,omitempty"`
	// HalfLife is the age at which an event counts half in a decayed_sum.
	HalfLife freshet.Duration `json:"half_life,omitempty"`
	// Prior is [α, β] of a rate, each ≥ 0; [0, 0] is the plain ratio.
	Prior [2]float64 `json:"prior,omitzero"`
}

// The aggregates that exist.
const (
	Count      = "count"
	Sum        = "sum"
	Rate       = "rate"
	DecayedSum = "decayed_sum"
	LastTime   = "last_time"
	Age        = "age"
)

// Aggs lists the names Definition.Agg may have; LaterAggs those that are planned.
var (
	Aggs      = []string{Count, Sum, Rate, DecayedSum, LastTime, Age}
	LaterAggs = []string{"mean", "min", "max", "last", "distinct", "last_k", "top_k", "velocity"}
)

// MaxTiles bounds Window/Hop: the tiles kept per key.
const MaxTiles = 10_000

// Fault is what is wrong with one field of a definition, in the words of the file.
type Fault struct {
	Field   string // the JSON name of the field at fault
	Code    string // bad_feature, missing or not_available
	Message string
}

// Check reports everything that is wrong with d taken alone, nil when it is sound.
func (d *Definition) Check() []Fault {
	var faults []Fault
	add := func(field, code, format string, args ...any) {
		faults = append(faults, Fault{field, code, fmt.Sprintf("feature %q: ", d.Name) + fmt.Sprintf(format, args...)})
	}
	if err := freshet.CheckID(d.Name); err != nil {
		add("name", "bad_feature", "%v", err)
	}
	d.checkKey(add)
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
	users, items := 0, 0
	for _, part := range d.Key {
		switch attr, isItem := strings.CutPrefix(part, "item."); {
		case part == "user":
			users++
		case part == "item", isItem && attr != "":
			items++
		case strings.HasPrefix(part, "user."), strings.HasPrefix(part, "context."), strings.HasPrefix(part, "ctx."):
			add("key", "not_available", "keys on %q are not available in this release (not_available); use user, item, item.category or item.<attribute>", part)
			return
		default:
			add("key", "bad_feature", "unknown key %q; use user, item, item.category or item.<attribute>", part)
			return
		}
	}
	switch {
	case len(d.Key) == 0:
		add("key", "missing", "key is missing; such as [user] or [user, item.category]")
	case users > 1 || items > 1:
		add("key", "bad_feature", "key %v names user or the item side twice; use at most one of each", d.Key)
	}
}

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
	switch {
	case d.Agg == Sum && d.Field == "":
		add("field", "missing", "sum needs field: value or rank")
	case d.Field != "" && d.Agg != Sum && d.Agg != DecayedSum:
		add("field", "bad_feature", "field belongs to sum and decayed_sum")
	case d.Field != "" && d.Field != "value" && d.Field != "rank":
		add("field", "bad_feature", "unknown field %q; value or rank", d.Field)
	}
	if d.Agg == DecayedSum && d.HalfLife <= 0 {
		add("half_life", "missing", "decayed_sum needs a half_life above 0, such as 6h")
	}
	if d.Agg != DecayedSum && d.HalfLife != 0 {
		add("half_life", "bad_feature", "half_life belongs to decayed_sum")
	}
}

func (d *Definition) checkWindow(add func(field, code, format string, args ...any)) {
	windowed := d.Agg == Count || d.Agg == Sum || d.Agg == Rate
	switch {
	case d.Window == 0 && d.Hop == 0:
	case !windowed:
		add("window", "bad_feature", "%s has no window; window and hop belong to count, sum and rate", d.Agg)
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
