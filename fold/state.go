package fold

import (
	"sync/atomic"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/audit"
	"github.com/freshet-rec/freshet/catalog"
	"github.com/freshet-rec/freshet/expression"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/internal/intern"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/store"
	"github.com/freshet-rec/freshet/stream"
)

// Options configure a State.
type Options struct {
	Kinds     freshet.EventKinds
	Features  []feature.Definition
	Routes    []Route
	MaxFuture freshet.Duration // how far ahead of the clock event times may be
	MaxKeys   int              // of features, 0 for no bound; see feature.Options
	// Words are the lists of words that rows have beside their numbers: item.id, item.category,
	// item.categories, item.tags and item.<attribute>; user.id, which is the visitor's, and
	// user.<attribute>; context.<name> of the request; feature.<name> of a feature that is a text or
	// a list of items, the newest first.
	Words    []string
	NewTable func(words int) store.Table
	// Bundles gives the contents of models that routes go by; nil has none of them at hand.
	Bundles Bundles
	// Updater learns from what the state is told; nil learns nothing.
	Updater Updater
	// Rankers gives the contents of rankers to the Updater; nil has none of them at hand.
	Rankers Rankers
	// Config is the hash of everything configured that shapes a slate.
	Config string
	// Watch keeps the raw events of one feature key in so many, a power of two, so that
	// values can be recomputed; 0 keeps none.
	Watch uint64
}

// maxWatched bounds the raw events that are kept: some 10 MB.
const maxWatched = 1 << 18

// State is everything that requests read. Its fields may be read under the lock that guards
// Apply (stream.Stream.View) and must not be changed.
type State struct {
	Items      *catalog.Catalog
	Visitors   *intern.Table // of freshet.Visitor
	Users      Users         // what is known of visitors beside events
	Features   *feature.Engine
	Histories  *recall.Histories
	Routes     []recall.Route // in configured order
	Alike      []recall.Alike // those of Routes that know how near items are
	Fallback   []recall.Route // what to show when no route answers: popular, then newest
	Newest     int64          // newest event time applied, Unix ms; 0 before the first
	Acts       Acts
	Model      Model          // which model ranks; Live has those of the other slots
	Updates    Updates        // what was published for Model
	Challenger Model          // which one is on trial beside it; Stage and Percent say how
	Arms       Arms           // what came of that trial
	Firsts     Firsts         // the same, by visitor; not packed
	Tally      Tally          // events by name
	Lately     Lately         // the slates served last
	Ledger     *recall.Ledger // what each route brought to them
	Watch      *audit.Oracle  // of some of the features' keys; nil without Options.Watch

	Definitions string // hash of the definitions that Features has
	Config      string // Options.Config, or that of the definitions that came after

	own      map[string]bool          // routes that go by what the visitor did
	vectors  Model                    // which embedding is live
	linear   Model                    // which weights from item to item are
	bundles  Bundles                  // Options.Bundles
	rankers  Rankers                  // Options.Rankers
	updater  Updater                  // Options.Updater
	prepared atomic.Pointer[Prepared] // the publication that is expected, nil for none
	rows     *RowBuilder              // for updater
	weights  map[string]float64       // of routes in the merge, for updater
	slack    int64                    // Options.MaxFuture
	kinds    freshet.EventKinds
	lastName string                 // of the event before
	lastKind freshet.EventKind      // what kinds says of it
	words    wordLists              // of rows
	texts    *recall.Texts          // what entries say; nil when no route asks
	dated    []recall.Dated         // of Routes and extra, those told of births
	readers  []recall.EntryReader   // likewise, of entries
	watchers []recall.ServedWatcher // likewise, of slates
	extra    []recall.Route         // routes of Fallback that are not among Routes: popular, then newest
	form     string                 // of what Pack writes
	kindsOf  []string               // the kinds of Routes and extra
	shown    shown
	run      run                         // scratch of ApplyAll
	act      recall.Act                  // the event under way, for routes: on its own it would take memory of its own
	defined  defined                     // what the journal says is defined
	warming  *Warming                    // is told what the state is told; nil is none
	begun    map[string]freshet.Position // where sections begin, by name; those from the journal's beginning are not in it
}

// New returns an empty State.
func New(o Options) (*State, error) {
	s := &State{
		Items: catalog.New(), Visitors: intern.New(), Histories: &recall.Histories{},
		kinds: o.Kinds, lastKind: o.Kinds.Of(""), own: map[string]bool{}, begun: map[string]freshet.Position{}, form: Form(&o), words: newWords(o.Words),
		Definitions: feature.Hash(o.Features), Config: o.Config, Watch: o.oracle(), bundles: o.Bundles, rankers: o.Rankers, updater: o.Updater, weights: kindWeights(o.Routes), slack: int64(o.MaxFuture),
	}
	s.Features = s.engine(&o, func(item uint32) string { return string(s.Items.ID(item)) })
	if err := s.addRoutes(&o); err != nil {
		return nil, err
	}
	var names []string
	for _, r := range s.Routes {
		names = append(names, r.Name())
	}
	s.Ledger = recall.NewLedger(names)
	return s, nil
}

// engine is one for the features of o. itemID gives the id of an item's number.
func (s *State) engine(o *Options, itemID func(uint32) string) *feature.Engine {
	return feature.New(o.Features, feature.Options{Slack: o.MaxFuture, NewTable: o.NewTable, ItemID: itemID, Born: s.Items.Born, MaxKeys: o.MaxKeys})
}

// oracle is the one of Options.Watch, nil for none.
func (o *Options) oracle() *audit.Oracle {
	if o.Watch == 0 {
		return nil
	}
	return audit.NewOracle(audit.Options{Features: o.Features, Slack: o.MaxFuture, OneIn: o.Watch, MaxFacts: maxWatched, Where: Where})
}

// Where compiles the filter of a feature, for an audit.Oracle.
func Where(text string) (func(e *freshet.Event, item *freshet.Item, user *freshet.User) bool, error) {
	where, err := expression.CompileWhere(text)
	if err != nil {
		return nil, err
	}
	return where.True, nil
}

// Apply implements stream.Fold.
func (s *State) Apply(e *stream.Entry) {
	switch {
	case e.Item != nil:
		s.upsert(e.Item, e.Received)
	case e.User != nil:
		s.upsertUser(e.User)
	case e.Served != nil:
		s.served(e)
	case e.Definitions != nil:
		s.define(e.Definitions, e.Position)
	case e.Model != nil:
		s.switched(e)
	case e.Weights != nil:
		s.published(e)
	case e.Event != nil:
		s.Tally.apply(e)
		if !e.Late {
			s.event(e.Event, e.Position)
		}
	}
	s.words.items.meet(s)
}

func (s *State) upsert(doc *freshet.Item, received int64) {
	item := s.meet(s.Items.Find(doc.ID), func() uint32 { return s.Items.Upsert(doc, received) })
	s.Features.Upsert(item, doc)
	s.words.items.put(item, doc)
	for _, r := range s.readers {
		r.Entry(item, doc)
	}
	if s.Watch != nil {
		s.Watch.Upsert(item, doc)
	}
	s.warm(told{item: item, doc: doc})
}

// upsertUser notes what is known of a user, who may have done nothing yet.
func (s *State) upsertUser(doc *freshet.User) {
	visitor := s.Visitors.Add(string(freshet.VisitorOf(doc.ID, "", "")))
	s.Users.put(visitor, doc)
	s.Features.UpsertUser(visitor, doc)
	if s.Watch != nil {
		s.Watch.User(visitor, doc)
	}
	s.warm(told{visitor: visitor, user: doc})
}

// meet lets note tell the catalogue of an item, and passes on a birth that this dates anew. item is
// its number, 0 when it has none yet.
func (s *State) meet(item uint32, note func() uint32) uint32 {
	had, was := item != 0 && int(item) < s.Items.Len(), int64(0)
	if had {
		was = s.Items.Born(item)
	}
	item = note()
	if !had || s.Items.Born(item) != was {
		for _, r := range s.dated {
			r.Upsert(item, was, had)
		}
	}
	return item
}

// event folds in one event that is not late. The order matters: features and routes see the
// visitor's history as it was before the event.
func (s *State) event(e *freshet.Event, p freshet.Position) {
	visitor := s.Visitors.Add(string(e.Visitor()))
	var item uint32
	if e.Item != "" {
		item = s.meet(s.Items.Find(e.Item), func() uint32 { return s.Items.Seen(e.Item, e.Time) })
	}
	s.Features.Apply(visitor, item, e)
	s.acted(visitor, item, e, p)
}

// acted is what comes of an event beside features.
func (s *State) acted(visitor, item uint32, e *freshet.Event, p freshet.Position) {
	s.Newest = max(s.Newest, e.Time)
	kind := s.kind(e.Name)
	act := &s.act
	*act = recall.Act{Visitor: visitor, Item: item, Time: e.Time, Name: e.Name, Query: e.Query, Signal: kind.Signal, Weight: kind.Weight}
	if s.Watch != nil {
		s.Watch.Event(visitor, item, e)
	}
	s.warm(told{visitor: visitor, item: item, event: e})
	for _, r := range s.Routes {
		r.Apply(act)
	}
	for _, r := range s.extra {
		r.Apply(act)
	}
	s.Histories.Apply(act)
	if kind.Signal.Positive() {
		s.Ledger.Clicked(visitor, item)
		s.wanted(visitor, e)
	}
	if s.updater != nil {
		s.updater.Act(p, visitor, item, kind.Signal, e)
	}
	s.Acts.apply(visitor, LastAct{Position: p, Name: e.Name, Newest: e.Time})
}

// kind is s.kinds.Of, which is seldom asked: an event nearly always has the name of the one before.
func (s *State) kind(name string) freshet.EventKind {
	if name != s.lastName {
		s.lastName, s.lastKind = name, s.kinds.Of(name)
	}
	return s.lastKind
}

// Visitor returns a visitor's number, 0 when nothing is known of them: no event, entry or slate came.
func (s *State) Visitor(v freshet.Visitor) uint32 { return s.Visitors.Find(string(v)) }

// LastAct is the last event of a visitor by journal order.
type LastAct struct {
	Position freshet.Position
	Name     string
	Newest   int64 // newest event time of any of the visitor's events, Unix ms
}

// Acts keeps the last act of every visitor.
type Acts struct{ last []LastAct }

func (a *Acts) apply(visitor uint32, act LastAct) {
	for int(visitor) >= len(a.last) {
		a.last = append(a.last, LastAct{})
	}
	act.Newest = max(act.Newest, a.last[visitor].Newest)
	a.last[visitor] = act
}

// Of returns a visitor's last act; Position is 0 when there is none.
func (a *Acts) Of(visitor uint32) LastAct {
	if visitor == 0 || int(visitor) >= len(a.last) {
		return LastAct{}
	}
	return a.last[visitor]
}
