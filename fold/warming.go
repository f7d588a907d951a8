package fold

import (
	"errors"
	"fmt"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/audit"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/stream"
)

// Warming is a second set of features on its way to take the place of a state's own, which goes on
// meanwhile. It is a fold of the same records in the same order, so that at the swap its values are
// those of a state that had the definitions from the beginning:
//
//	w := state.NewWarming(options, text) // text is the definitions record to come
//	w.Number(entries); w.Fold()          // each stretch of the journal
//	w.Attach()                           // near the end: from here on the state tells it
//	w.Level(most)                        // the stretch up to there folded: until it is level
//	the definitions record               // at its position the state swaps
//
// Numbers of items and visitors are those of the state, which has met everybody the warming can
// meet and never gives a number away. Number is for within View; Attach, Detach and Level for
// within Hold; Fold for without either, and for one goroutine.
type Warming struct {
	state       *State
	text        string
	ids         []freshet.ItemID // of items by number, those met so far; the state's own are not to be read without its lock
	features    *feature.Engine
	watch       *audit.Oracle
	definitions string
	config      string

	chunk []told // to be folded next
	acts  []feature.Act

	behind  []told           // what the state was told since Attach, and this was not yet; guarded by the state's lock, as what follows
	level   bool             // it is told as soon as the state
	err     error            // why it was given up
	swapped freshet.Position // where it took over, 0 before
}

// told is what features are told of one record.
type told struct {
	visitor, item uint32
	event         *freshet.Event
	doc           *freshet.Item
	user          *freshet.User
}

// maxBehind bounds what a Warming may be behind once it is attached: at some 400 bytes an event,
// 100 MB.
const maxBehind = 1 << 18

// NewWarming returns a Warming without events for the features of o, whose other settings are those
// of the state. text is the definitions record at whose position they come into force.
func (s *State) NewWarming(o Options, text []byte) *Warming {
	w := &Warming{state: s, text: string(text), definitions: feature.Hash(o.Features), config: o.Config, watch: o.oracle()}
	w.features = s.engine(&o, w.itemID)
	return w
}

// itemID is the id of an item's number. Once w is level it is asked under the state's lock.
func (w *Warming) itemID(item uint32) string {
	if w.level {
		return string(w.state.Items.ID(item))
	}
	return string(w.ids[item])
}

// find returns the number of an item that the state has met.
func (w *Warming) find(id freshet.ItemID) uint32 {
	item := w.state.Items.Find(id)
	w.name(item)
	return item
}

// name notes the id of an item.
func (w *Warming) name(item uint32) {
	for int(item) >= len(w.ids) {
		w.ids = append(w.ids, "")
	}
	if w.ids[item] == "" && item != 0 {
		w.ids[item] = w.state.Items.ID(item)
	}
}

// Number prepares the entries for Fold: which items and visitors they are about. The state must
// have applied them.
func (w *Warming) Number(entries []stream.Entry) {
	w.chunk = w.chunk[:0]
	for i := range entries {
		switch e := &entries[i]; {
		case e.Item != nil:
			w.chunk = append(w.chunk, told{item: w.find(e.Item.ID), doc: e.Item})
		case e.User != nil:
			w.chunk = append(w.chunk, told{visitor: w.state.Visitor(freshet.VisitorOf(e.User.ID, "", "")), user: e.User})
		case e.Event != nil && !e.Late:
			one := told{visitor: w.state.Visitor(e.Event.Visitor()), event: e.Event}
			if e.Event.Item != "" {
				one.item = w.find(e.Event.Item)
			}
			w.chunk = append(w.chunk, one)
		}
	}
}

// Fold folds in what was prepared. After an error, which wraps stream.ErrPanicked, the warming is of
// no use.
func (w *Warming) Fold() (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("%w: folding an event into the new features: %v", stream.ErrPanicked, value)
		}
	}()
	w.acts = w.acts[:0]
	for i := range w.chunk {
		one := &w.chunk[i]
		if one.event != nil {
			w.acts = append(w.acts, feature.Act{Visitor: one.visitor, Item: one.item, Event: one.event})
			if w.watch != nil {
				w.watch.Event(one.visitor, one.item, one.event)
			}
			continue
		}
		w.features.ApplyAll(w.acts)
		w.acts = w.acts[:0]
		switch {
		case one.user != nil:
			w.features.UpsertUser(one.visitor, one.user)
			if w.watch != nil {
				w.watch.User(one.visitor, one.user)
			}
		default:
			w.features.Upsert(one.item, one.doc)
			if w.watch != nil {
				w.watch.Upsert(one.item, one.doc)
			}
		}
	}
	w.features.ApplyAll(w.acts)
	clear(w.acts)
	clear(w.chunk)
	w.acts, w.chunk = w.acts[:0], w.chunk[:0]
	return nil
}

// Attach lets the state tell w what it is told from the next record on.
func (w *Warming) Attach() { w.state.warming = w }

// Detach ends that.
func (w *Warming) Detach() {
	if w.state.warming == w {
		w.state.warming, w.behind = nil, nil
	}
}

var errBehind = errors.New("events come faster than they can be folded in a second time")

// warm passes on what the state is told.
func (s *State) warm(one told) {
	w := s.warming
	if w == nil {
		return
	}
	if !w.level {
		if len(w.behind) == maxBehind {
			w.err = errBehind
			w.Detach()
			return
		}
		w.behind = append(w.behind, one)
		return
	}
	w.chunk = append(w.chunk, one)
	if err := w.Fold(); err != nil {
		w.err = err
		w.Detach()
	}
}

// Level takes over what w is behind. When that is no more than most, it is folded in at once, and
// from then on w is level with the state; else it is for Fold. The error says why w was given up.
func (w *Warming) Level(most int) (level bool, err error) {
	if w.err != nil {
		return false, w.err
	}
	if w.level {
		return true, nil
	}
	w.chunk, w.behind = append(w.chunk[:0], w.behind...), nil
	for i := range w.chunk {
		w.name(w.chunk[i].item)
	}
	if len(w.chunk) > most {
		return false, nil
	}
	if err := w.Fold(); err != nil {
		w.err = err
		w.Detach()
		return false, err
	}
	w.level, w.ids, w.chunk, w.acts = true, nil, nil, nil
	return true, nil
}

// TakeOver puts w in the place of the state's features at once, for a state that nobody reads and
// that has applied nothing that w has not. There is no record then.
func (w *Warming) TakeOver() {
	w.level, w.ids, w.chunk, w.acts = true, nil, nil, nil
	w.replace()
}

// replace puts the features in the place of the state's. They have all that they count, wherever those
// before them began.
func (w *Warming) replace() {
	s := w.state
	s.Features, s.Watch, s.Definitions, s.Config = w.features, w.watch, w.definitions, w.config
	delete(s.begun, "features")
	delete(s.begun, "watched")
}

// Swapped is the position where w took over, 0 before. Like Err it is for within View.
func (w *Warming) Swapped() freshet.Position { return w.swapped }

// Err is why w was given up by the state, nil when it was not.
func (w *Warming) Err() error { return w.err }

// Keys is how many keys w has. It is for whoever calls Fold.
func (w *Warming) Keys() int { return w.features.Keys() }
