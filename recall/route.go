package recall

import (
	"context"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
)

// Route proposes items.
type Route interface {
	// Name is the configured name, unique among the routes.
	Name() string
	// Apply folds in one event that is not late, before the visitor's history has it. a is the caller's
	// again afterwards.
	Apply(a *Act)
	// Recall returns up to n proposals, best first, no item twice, none that req.Skip
	// refuses. It looks at ctx often enough to return within a millisecond of its end,
	// with ctx's error. A route that has nothing to say returns no proposals and no error. The list
	// is the caller's, who may Release it.
	Recall(ctx context.Context, req *Request, n int) ([]Proposal, error)
	// Pack writes the route's tables, and Unpack fills those of a new route of the same
	// settings with them: from then on both answer alike, bit for bit. items is one more than
	// the highest item number. Unpack's errors are the Reader's.
	Pack(w *pack.Writer)
	Unpack(r *pack.Reader, items int)
}

// Dated is a route that is told when items were born.
type Dated interface {
	Route
	// Upsert tells of an item that the catalogue has just learnt of or dates anew. was is when
	// it was born by what the catalogue knew before, if had is set.
	Upsert(item uint32, was int64, had bool)
}

// EntryReader goes by what entries of the catalogue say. What it keeps of them must follow from
// the newest ones alone: of a state that is unpacked it is told those, by item number, before the
// routes' Unpack.
type EntryReader interface {
	// Entry tells of an entry that the catalogue has just taken in; it must not be changed.
	Entry(item uint32, doc *freshet.Item)
}

// ServedWatcher is a route that is told what slates held.
type ServedWatcher interface {
	Route
	// Served tells of one place of a slate that was served.
	Served(item uint32)
}

// Personal reports whether a kind of route goes by what the visitor did.
func Personal(kind string) bool {
	switch kind {
	case "itemcf", "session", KindEmbedding, KindLinear, "similar", "search":
		return true
	}
	return false
}

// Explores reports whether a kind of route proposes what is not known to be wanted yet.
func Explores(kind string) bool { return kind == "new" || kind == "explore" }

// Act is one event in numbers.
type Act struct {
	Visitor uint32 // who, 0 for nobody
	Item    uint32 // to what, 0 for nothing
	Time    int64  // event time, Unix ms
	Name    string // event name
	Query   string // what was searched for, "" for nothing
	Signal  freshet.Signal
	Weight  float64 // > 0
}

// Request is what a route may know of a request.
type Request struct {
	Time    int64  // q, Unix ms
	Newest  int64  // newest event time applied, Unix ms; 0 when there is none
	Recent  []Past // the visitor's last positive acts, newest first
	Skip    func(item uint32) bool
	Visitor uint32
	Seed    uint64 // SeedOf the request: what is drawn by lot is drawn with it; the same for the same request

	Disliked []Past                // the visitor's last negative acts, newest first, one per item
	Queries  []Query               // what the visitor searched for lately, newest first
	External map[string][]External // what was said outside, by the name of the route that asked there
	Context  map[string]any        // of the request: free data as decoded JSON, numbers as json.Number; not to be changed
}

// SeedOf is the seed of a request: FNV-1a, 64 bits, of a text that names it.
func SeedOf(text string) uint64 {
	sum := uint64(14695981039346656037)
	for i := range len(text) {
		sum = (sum ^ uint64(text[i])) * 1099511628211
	}
	return sum
}

// Query is a search.
type Query struct {
	Text string
	Time int64 // event time, Unix ms
}

// Proposal is an item with the route's own score and reason.
type Proposal struct {
	Item    uint32
	Score   float64 // the route's unit, higher is better
	Because Because
}

// Because is a reason in numbers; see freshet.Reason.
type Because struct {
	Code   string
	Item   uint32
	Event  string
	Time   int64
	Window int64
	Query  string
}

// The reasons' codes.
const (
	Similar    = "similar"     // says what something says that the visitor did lately
	Searched   = "searched"    // matches what the visitor searched for
	Trending   = "trending"    // is wanted more than it was
	Ruled      = "rule"        // the operator's rule says so
	Nearby     = "nearby"      // is not far from where the visitor is
	Explored   = "explore"     // hardly anybody was shown it yet
	LikeRecent = "like_recent" // goes with something the visitor did lately
	Popular    = "popular"     // many wanted it
	Newcomer   = "new"         // lately published
	Catalogued = "catalogue"   // nothing better is known
	Elsewhere  = "external"    // somebody outside proposed it
)

// checkEvery is how many steps of work a route does between two looks at its context; about
// 50 µs for the loops here.
const checkEvery = 4096
