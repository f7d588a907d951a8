package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/expression"
)

// routeKind is a kind of recall route, with the settings that only some kinds have.
type routeKind struct {
	name string
	text string     // for people: what it proposes
	keys []routeKey // its own settings, in the order in which they are printed

	check func(r *Route) (key, fault string) // what one setting makes wrong with another; nil: nothing can be
}

// recallKinds are the recall kinds of this release, one line each.
var recallKinds = []routeKind{
	{name: KindItemCF, text: "items seen together with the visitor's own", keys: []routeKey{
		wordOf("normalise", "how a pair is held against what its items are wanted alone: cosine, lift or bm25", func(r *Route) *string { return &r.Normalise }, NormaliseCosine, NormaliseLift, NormaliseBM25),
		halfLifeOf("the age at which a pair counts half, or 65,536 positive acts where those take longer", 60*freshet.Day), sessionOf,
	}},
	{name: KindSession, text: "what was wanted in sessions like the visitor's own", keys: []routeKey{halfLifeOf("the age at which a session's say is half", freshet.Day), sessionOf}},
	{name: KindPopular, text: "most wanted in a window", keys: []routeKey{windowOf("the span counted", freshet.Hour)}},
	{name: KindNew, text: "most recently published", keys: []routeKey{withinOf("the greatest age proposed", 72*freshet.Hour)}},
	{name: KindSimilar, text: "items whose title, tags, categories and text say what those of the visitor's last ones say"},
	{name: KindSearch, text: "items that match what the visitor searched for", keys: []routeKey{withinOf("how long a query counts", 30*freshet.Minute)}},
	{name: KindTrending, text: "wanted more than before", keys: []routeKey{windowOf("the span that is now", freshet.Hour), againstOf(freshet.Day)}, check: checkTrending},
	{name: KindGeo, text: "items near the position in the request's context", keys: []routeKey{distanceOf("the greatest distance proposed, such as 800m or 5km", 5000)}},
	{name: KindRule, text: "items for which a condition of yours holds", keys: []routeKey{ruleWhere, ruleOrder}},
	{name: KindEmbedding, text: "nearest to the visitor's last acts by vectors of items", keys: []routeKey{
		wordOf("source", "where the vectors are from: trained, by freshet train, or given, in the embedding of items", func(r *Route) *string { return &r.Source }, SourceTrained, SourceGiven),
		dimOf("the length of the vectors in the embedding of items that count, others being passed over; 0 is none, which source given does not go with"),
	}, check: checkEmbedding},
	{name: KindLinear, text: "what goes with the visitor's last acts by weights that freshet train has found"},
	{name: KindExternal, text: "what somebody else's HTTP service answers", keys: []routeKey{
		urlOf("who is asked, by POST"),
		timeoutOf("how long an answer is waited for; budget has no say in that", defaultTimeout),
		slotsOf("calls under way at once; while all are, the route is busy", defaultSlots),
	}},
	{name: KindExplore, text: "hardly shown to anybody so far"},
}

// laterRouteKinds are those designed but not built.
var laterRouteKinds = []string{"vector"}

// routeKey is one setting of a kind.
type routeKey struct {
	key     string
	text    string // for people: what it says for this kind
	read    func(d *decoder, r *Route) func(path string, n *node)
	missing func(r *Route)        // gives r its default; nil: the kind does not go without it
	print   func(r *Route) string // the value as a file has it
}

// windowOf is the setting window.
func windowOf(text string, otherwise freshet.Duration) routeKey {
	return spanKey("window", text, func(r *Route) *freshet.Duration { return &r.Window }, otherwise)
}

// withinOf is the setting within, as a time.
func withinOf(text string, otherwise freshet.Duration) routeKey {
	return spanKey("within", text, func(r *Route) *freshet.Duration { return &r.Within }, otherwise)
}

// The ways in which KindItemCF normalises.
const (
	NormaliseCosine = "cosine"
	NormaliseLift   = "lift"
	NormaliseBM25   = "bm25"
)

// halfLifeOf is the setting half_life.
func halfLifeOf(text string, otherwise freshet.Duration) routeKey {
	return spanKey("half_life", text, func(r *Route) *freshet.Duration { return &r.HalfLife }, otherwise)
}

// sessionOf is the setting session.
var sessionOf = spanKey("session", "the gap between two acts of a visitor from which on they are of different sessions",
	func(r *Route) *freshet.Duration { return &r.Session }, 30*freshet.Minute)

// againstOf is the setting against.
func againstOf(otherwise freshet.Duration) routeKey {
	return spanKey("against", "the span that it is held against, longer than window", func(r *Route) *freshet.Duration { return &r.Against }, otherwise)
}

func checkTrending(r *Route) (key, fault string) {
	if r.Against <= r.Window {
		return "against", fmt.Sprintf("is %s; it must be longer than window, which is %s", r.Against, r.Window)
	}
	return "", ""
}

// distanceOf is the setting within, as a distance in metres.
func distanceOf(text string, otherwise float64) routeKey {
	return routeKey{
		key: "within", text: text,
		read:    func(d *decoder, r *Route) func(string, *node) { return d.distance(&r.Distance) },
		missing: func(r *Route) { r.Distance = otherwise },
		print:   func(r *Route) string { return distanceText(r.Distance) },
	}
}

// ruleWhere is the setting where, without which there is no rule.
var ruleWhere = routeKey{
	key: "where", text: `an expression over item, user and context, such as item.author in user.follows; see docs/expressions.md`,
	read: func(d *decoder, r *Route) func(string, *node) {
		return func(path string, n *node) {
			before := d.total
			if d.expressionInto(&r.Where)(path, n); d.total > before {
				return
			}
			var fault *expression.Error
			if _, err := expression.CompileFilter(r.Where); errors.As(err, &fault) {
				d.add(n.inside(fault.Line, fault.Column), fault.Hint, "%s: %s", path, fault.Message)
			}
		}
	},
	print: func(r *Route) string { return scalar(r.Where) },
}

// The orders of a rule's items.
const (
	OrderNewest  = "newest"
	OrderPopular = "popular"
)

// ruleOrder is the setting order.
var ruleOrder = routeKey{
	key: "order", text: "which of them come first, newest or popular",
	read: func(d *decoder, r *Route) func(string, *node) {
		return d.oneOf(&r.Order, []string{OrderNewest, OrderPopular}, nil)
	},
	missing: func(r *Route) { r.Order = OrderNewest },
	print:   func(r *Route) string { return scalar(r.Order) },
}

// The sources of KindEmbedding.
const (
	SourceTrained = "trained" // the embedding that is live
	SourceGiven   = "given"   // items' own vectors
)

// maxDim is the longest vector that an item may bring.
const maxDim = 4096

// wordOf is a setting that is one of a few words, the first by default.
func wordOf(key, text string, of func(*Route) *string, words ...string) routeKey {
	return routeKey{
		key: key, text: text,
		read:    func(d *decoder, r *Route) func(string, *node) { return d.oneOf(of(r), words, nil) },
		missing: func(r *Route) { *of(r) = words[0] },
		print:   func(r *Route) string { return *of(r) },
	}
}

// dimOf is the setting dim.
func dimOf(text string) routeKey {
	return routeKey{
		key: "dim", text: text,
		read:    func(d *decoder, r *Route) func(string, *node) { return d.integer(&r.Dim, 0, maxDim) },
		missing: func(r *Route) { r.Dim = 0 },
		print:   func(r *Route) string { return strconv.Itoa(r.Dim) },
	}
}

func checkEmbedding(r *Route) (key, fault string) {
	if r.Source == SourceGiven && r.Dim == 0 {
		return "dim", "is 0 or missing, the length of the items' vectors, which source given does not go without"
	}
	return "", ""
}

// spanKey is a setting that is a time of 1 ms or more.
func spanKey(key, text string, of func(*Route) *freshet.Duration, otherwise freshet.Duration) routeKey {
	return routeKey{
		key: key, text: text,
		read: func(d *decoder, r *Route) func(string, *node) {
			return d.duration(of(r), freshet.Millisecond, freshet.MaxDuration)
		},
		missing: func(r *Route) { *of(r) = otherwise },
		print:   func(r *Route) string { return of(r).String() },
	}
}

// routeKinds are the names of the kinds of this release.
var routeKinds = func() (names []string) {
	for _, k := range recallKinds {
		names = append(names, k.name)
	}
	return names
}()

// kindOf is the kind of that name, nil when there is none in this release.
func kindOf(name string) *routeKind {
	if i := slices.Index(routeKinds, name); i >= 0 {
		return &recallKinds[i]
	}
	return nil
}

// own is the kind's setting of that key, nil when it has none.
func (k *routeKind) own(key string) *routeKey {
	for i := range k.keys {
		if k.keys[i].key == key {
			return &k.keys[i]
		}
	}
	return nil
}

// ownersOf are the kinds that have a setting.
func ownersOf(key string) (kinds []*routeKind) {
	for i := range recallKinds {
		if recallKinds[i].own(key) != nil {
			kinds = append(kinds, &recallKinds[i])
		}
	}
	return kinds
}

// kindsText says for people what each kind proposes.
func kindsText() string {
	var list []string
	for _, k := range recallKinds {
		list = append(list, k.name+": "+k.text+".")
	}
	return strings.Join(list, " ")
}

// ownText says for people what a setting means for each kind that has it.
func ownText(key string) string {
	var list []string
	for _, kind := range ownersOf(key) {
		k := kind.own(key)
		text := fmt.Sprintf("Of kind %s: %s", kind.name, k.text)
		if k.missing != nil {
			var r Route
			k.missing(&r)
			text += fmt.Sprintf(" (%s without it)", k.print(&r))
		}
		list = append(list, text+".")
	}
	return strings.Join(list, " ")
}
