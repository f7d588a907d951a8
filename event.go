package freshet

// Event is one immutable fact: who did what to which item, and when. Those four are a whole
// event; everything else is optional.
//
// An Event that left package codec without problems is valid: its ids obey [CheckID], its
// time is in range and its numbers are finite.
type Event struct {
	ID        string // client's id, "" when unkeyed; makes a retry a duplicate
	User      UserID // at least one of User, Anonymous and Session is set
	Anonymous string
	Session   string
	Item      ItemID // "" only for events whose signal is context
	Name      string // what was done: "click", "like", …; one journal topic per name

	Time      int64   // event time, Unix milliseconds; the receive time when TimeAbsent
	TimeUnset bool    // the client sent no ts
	Value     float64 // amount, rating, seconds, …; meaningful when HasValue
	HasValue  bool

	Request string         // the recommend request that showed the item, "" if unknown
	Rank    int            // 1-based rank in that slate, 0 if unknown
	Query   string         // what was searched for
	Context map[string]any // free data as decoded JSON, numbers as json.Number; nil when absent. Not to be changed: events may share it
}

// MaxValue bounds |Event.Value|: one value in micro-units then fits an int64 nine times over.
const MaxValue = 1e12

// Visitor says who acted, in one comparable word, so that a known user, an anonymous visitor
// and a session with the same id stay three visitors. The strongest identity wins.
func (e *Event) Visitor() Visitor { return VisitorOf(e.User, e.Anonymous, e.Session) }

// Visitor is the identity under which histories and user features are kept: the kind of id
// (u, a or s), a colon, the id. The zero Visitor is nobody.
type Visitor string

// VisitorOf picks the strongest identity given: user, then anonymous id, then session.
func VisitorOf(user UserID, anonymous, session string) Visitor {
	kind, id := identity(user, anonymous, session)
	return Visitor(kind + id)
}

// AppendVisitor appends what VisitorOf returns to dst.
func AppendVisitor(dst []byte, user UserID, anonymous, session string) []byte {
	kind, id := identity(user, anonymous, session)
	return append(append(dst, kind...), id...)
}

func identity(user UserID, anonymous, session string) (kind, id string) {
	switch {
	case user != "":
		return "u:", string(user)
	case anonymous != "":
		return "a:", anonymous
	case session != "":
		return "s:", session
	}
	return "", ""
}

// Signal is what an event name means for learning and recall.
type Signal string

// The signals, weakest claim first. Positive ones are click, engage, intent and convert.
const (
	SignalContext    Signal = "context"    // something happened, no opinion on an item (search, page)
	SignalImpression Signal = "impression" // the item was on screen
	SignalView       Signal = "view"       // the item's page was seen
	SignalClick      Signal = "click"
	SignalEngage     Signal = "engage" // like, play, share, …
	SignalIntent     Signal = "intent" // cart, favorite
	SignalConvert    Signal = "convert"
	SignalNegative   Signal = "negative" // dislike, hide, refund
)

// Signals lists every signal.
func Signals() []Signal {
	return []Signal{SignalContext, SignalImpression, SignalView, SignalClick, SignalEngage, SignalIntent, SignalConvert, SignalNegative}
}

// Positive reports whether the signal says that the visitor wanted the item.
func (s Signal) Positive() bool {
	return s == SignalClick || s == SignalEngage || s == SignalIntent || s == SignalConvert
}

// EventKind is what the configuration says of an event name.
type EventKind struct {
	Signal Signal  `json:"signal"`
	Weight float64 `json:"weight"` // > 0; 1 unless configured
}

// EventKinds maps event names to their meaning. An unknown name has signal context.
type EventKinds map[string]EventKind

// Of returns the kind of an event name; unknown names are context of weight 1.
func (k EventKinds) Of(name string) EventKind {
	if kind, ok := k[name]; ok {
		return kind
	}
	return EventKind{Signal: SignalContext, Weight: 1}
}

// BuiltinEvents returns the names that need no configuration.
func BuiltinEvents() EventKinds {
	kinds := EventKinds{}
	for signal, names := range map[Signal][]string{
		SignalImpression: {"expose"},
		SignalClick:      {"click"},
		SignalView:       {"view"},
		SignalIntent:     {"cart", "favorite"},
		SignalConvert:    {"purchase"},
		SignalContext:    {"search", "page"},
		SignalEngage:     {"play", "progress", "dwell", "like", "rate", "share", "follow"},
		SignalNegative:   {"dislike", "hide", "uncart", "refund"},
	} {
		for _, name := range names {
			kinds[name] = EventKind{Signal: signal, Weight: 1}
		}
	}
	return kinds
}

// Topic is the journal topic of an event name.
func Topic(name string) string { return "user_behavior_" + name }

// The journal topics beside user_behavior_<event>.
const (
	TopicCatalog     = "catalog"
	TopicUsers       = "users"
	TopicServed      = "served"
	TopicDefinitions = "definitions"
	TopicModel       = "model"
	TopicWeights     = "weights"
	TopicClock       = "clock"
)
