package profile

import (
	"math"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
	"github.com/freshet-rec/freshet/internal/intern"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// Options say how profiles are made.
type Options struct {
	Kinds    freshet.EventKinds
	HalfLife freshet.Duration // of tastes; 0 is DefaultHalfLife
	// Named is how many values of an attribute a profile names; 0 is DefaultNamed. Of a visitor's tastes
	// there are never more than MostValues.
	Named int
}

const (
	DefaultHalfLife = 30 * freshet.Day
	DefaultNamed    = 10
)

// MaxTakes bounds the positive events that audiences are made of, at 8 bytes each.
const MaxTakes = 400_000_000

// Fold takes in a journal. Use New.
type Fold struct {
	Options
	// Newest is the time of the newest event that counted, Unix ms.
	Newest int64
	// Unaudienced is how many positive events are in no audience: those after MaxTakes.
	Unaudienced int

	items     *catalog.Catalog
	histories []history // by item number, as far as events came
	itemNames attributes

	visitors  *intern.Table
	people    []person // by visitor number
	userNames attributes
	values    *intern.Table // of all attributes of items

	takes []uint64 // item and visitor of positive events
	shown []place  // by rank, of all items
}

// person is a visitor.
type person struct {
	doc      *freshet.User // nil without an entry
	activity Activity
	days     days
	tastes   []tastes // by attribute, as in itemNames
	spending spending
}

// history is that of an item.
type history struct {
	activity Activity
	places   []place // by rank
}

// New returns a Fold of nothing.
func New(o Options) *Fold {
	if o.HalfLife == 0 {
		o.HalfLife = DefaultHalfLife
	}
	if o.Named == 0 {
		o.Named = DefaultNamed
	}
	return &Fold{Options: o, items: catalog.New(), itemNames: attributes{category, tags}, visitors: intern.New(), people: make([]person, 1), values: intern.New()}
}

// Apply takes in the next entry of the journal, and keeps its documents.
func (f *Fold) Apply(e *stream.Entry) {
	switch {
	case e.Item != nil:
		f.items.Upsert(e.Item, e.Received)
		f.itemNames = f.itemNames.meet(e.Item.Attributes)
	case e.User != nil:
		if visitor := freshet.VisitorOf(e.User.ID, "", ""); visitor != "" {
			f.person(visitor).doc = e.User
			f.userNames = f.userNames.meet(e.User.Attributes)
		}
	case e.Event != nil && !e.Late:
		f.event(e.Event)
	}
}

// person is that of a visitor, of whom nothing need be known.
func (f *Fold) person(v freshet.Visitor) *person {
	n := f.visitors.Add(string(v))
	if int(n) == len(f.people) {
		f.people = append(f.people, person{})
	}
	return &f.people[n]
}

func (f *Fold) event(e *freshet.Event) {
	kind := f.Kinds.Of(e.Name)
	f.Newest = max(f.Newest, e.Time)
	item := f.items.Seen(e.Item, e.Time)
	if item != 0 {
		f.itemEvent(item, kind.Signal, e)
	}
	visitor := e.Visitor()
	if visitor == "" {
		return
	}
	p := f.person(visitor)
	p.activity.add(kind.Signal, e.Time)
	p.days = p.days.add(e.Time)
	if item == 0 || !kind.Signal.Positive() {
		return
	}
	if len(f.takes) < MaxTakes {
		f.takes = append(f.takes, uint64(item)<<32|uint64(f.visitors.Find(string(visitor))))
	} else {
		f.Unaudienced++
	}
	if doc := f.items.Entry(item); doc != nil {
		f.take(p, doc, math.Log2(recall.Strength(kind.Weight))+f.halfLives(e.Time))
	}
}

// halfLives is how many half-lives after the epoch a time is.
func (f *Fold) halfLives(time int64) float64 { return float64(time) / float64(f.HalfLife) }

// itemEvent counts an event of an item.
func (f *Fold) itemEvent(item uint32, signal freshet.Signal, e *freshet.Event) {
	for int(item) >= len(f.histories) {
		f.histories = append(f.histories, history{})
	}
	h := &f.histories[item]
	h.activity.add(signal, e.Time)
	f.shown = count(f.shown, signal, e.Rank)
	h.places = count(h.places, signal, e.Rank)
}

// take adds an item that somebody took to their tastes and prices.
func (f *Fold) take(p *person, doc *freshet.Item, level float64) {
	for len(p.tastes) < len(f.itemNames) {
		p.tastes = append(p.tastes, nil)
	}
	for i, name := range f.itemNames {
		for _, text := range valuesOf(doc, name) {
			p.tastes[i] = p.tastes[i].add(f.values.Add(text), level)
		}
	}
	if doc.HasPrice {
		p.spending.add(doc.Price)
	}
}
