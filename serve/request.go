package serve

import (
	"fmt"
	"strconv"
	"time"

	"github.com/freshet-rec/freshet"
)

// Bounds of a request.
const (
	DefaultN   = 10
	MaxN       = 500
	MaxTimeout = 10 * time.Second // a longer timeout is cut to this
	MaxWait    = 10 * time.Second // a longer wait is cut to this
	MaxRecent  = 100              // recent acts and seed items, each
	MaxExclude = 10_000
)

// Request asks for a slate. The zero Request is for nobody, in scene home.
type Request struct {
	ID          string // "" makes one
	Scene       string // "" is home
	User        freshet.UserID
	Anonymous   string
	Session     string
	N           int              // 0 is DefaultN
	Seeds       []freshet.ItemID // items the visitor is looking at
	Recent      []Recent         // acts for this slate only: used and not stored
	Context     map[string]any   // of the request: free data as decoded JSON, numbers as json.Number; not to be changed
	Exclude     []freshet.ItemID
	SeenWithin  *freshet.Duration // filter only what was seen within this; nil is ever
	Purchased   bool              // leave out what was purchased, whenever that was
	Fields      []string          // item fields to return
	MinPosition freshet.Position  // wait until this is applied
	Wait        time.Duration     // for MinPosition, at most
	Timeout     time.Duration     // for the slate; 0 is the scene's budget
	At          int64             // q, Unix ms; 0 is now
	DryRun      bool              // leave no served record
	Diff        bool              // compare with the last slate the visitor got
}

// Recent is an act that a request brings along.
type Recent struct {
	Event string
	Item  freshet.ItemID
	Time  int64 // Unix ms; 0 is the time of the slate
}

// Problem is why a request cannot be answered.
type Problem struct {
	Code    string // unknown_scene, unknown_item, unknown_user, unknown_feature, too_old, unknown_model, unfit_model, damaged_model
	Pointer string // JSON pointer to what is at fault
	Message string
	Hint    string
}

// Error makes a Problem an error.
func (p *Problem) Error() string { return fmt.Sprintf("%s: %s", p.Code, p.Message) }

// quote shows a piece of a request, shortened and printable.
func quote(s string) string {
	if len(s) > freshet.MaxIDBytes {
		return strconv.QuoteToASCII(s[:freshet.MaxIDBytes]) + "…"
	}
	return strconv.Quote(s)
}

// Reply is a slate with what is to be said about it.
type Reply struct {
	Request   string
	Scene     string
	Position  freshet.Position // the earliest position any part was read at
	Time      int64            // q
	Items     []Placed
	N         int  // asked for
	Fallback  int  // of Items, those filled in from the fallback list
	Reflected bool // MinPosition was applied
	Last      *LastAct
	Model     *Model // what ranked; nil when the recall score did
	Degraded  []string
	Shortfall []Shortfall // why there are fewer than N; nil when there are not
	Previous  string      // with Diff: the request the ranks before come from, "" if none
	Took      time.Duration
}

// Placed is one place of the slate.
type Placed struct {
	Item    freshet.ItemID
	Doc     *freshet.Item // nil when only events named the item; not to be changed
	Score   float64       // the probability of a positive when a model ranked, else the merged score of recall
	Reason  freshet.Reason
	Liked   *freshet.Item // the entry of Reason.Item, nil if none
	Routes  []freshet.RouteScore
	Was     int            // with Diff: rank in the last slate, 0 when it was not there
	Row     string         // fold.RowHash of its row
	Demoted float64        // the share of its score, or with a model of its odds, that the visitor's dislikes took off
	Dislike freshet.ItemID // with Demoted: the disliked item that it is most like
	Strong  []Contribution // what spoke most for it among the candidates, strongest first; nil without a model

	Explored   bool    // it has one of the places kept for routes that explore
	Propensity float64 // its probability to be in the slate, where the scene explores; else 0
}

// Model says which model ranked a slate.
type Model struct {
	Name        string
	Version     int
	SHA256      string
	Publication int              // of what was learned online, 0 for none
	Position    freshet.Position // where the rows were read
	Created     string           // RFC 3339
}

// LastAct is the visitor's last event by journal order.
type LastAct struct {
	Event    string
	Position freshet.Position
	Newest   int64         // newest event time of any of the visitor's events, Unix ms
	Effect   time.Duration // from arrival until applied; negative when not known
}

// Shortfall says how many items one stage kept from the slate.
type Shortfall struct {
	Stage   string // recall or filter
	Reason  string // refused, seen, excluded, unavailable; or few_items
	Removed int
}
