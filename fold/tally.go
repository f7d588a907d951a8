package fold

import (
	"slices"
	"strings"

	"github.com/freshet-rec/freshet/stream"
)

// MaxNames bounds the event names that a Tally tells apart; events of further names are
// counted together.
const MaxNames = 1000

// Tally counts the events of the journal by name, late ones included, so that a name that
// means nothing to the configuration, or has ceased to arrive, can be seen. The zero Tally is
// empty and ready to use.
type Tally struct {
	names    map[string]*NameCount
	last     *NameCount // of names, the one that came last; nil before
	others   uint64
	imported uint64
}

// NameCount is what is known of one event name.
type NameCount struct {
	Name   string
	Count  uint64 // events in the journal
	Late   uint64 // of Count, those that came too late to change anything
	Joined uint64 // of Count, those that name the request whose slate they answer
	Newest int64  // newest event time of those that were not late, Unix ms; 0 when all were
}

func (t *Tally) apply(e *stream.Entry) {
	if stream.Imported(e.Source) {
		t.imported++
	}
	n := t.last
	if n == nil || n.Name != e.Event.Name {
		n = t.names[e.Event.Name]
	}
	if n == nil {
		if len(t.names) == MaxNames {
			t.others++
			return
		}
		if t.names == nil {
			t.names = map[string]*NameCount{}
		}
		n = &NameCount{Name: e.Event.Name}
		t.names[n.Name] = n
	}
	t.last = n
	n.Count++
	if e.Event.Request != "" {
		n.Joined++
	}
	if e.Late {
		n.Late++
	} else {
		n.Newest = max(n.Newest, e.Event.Time)
	}
}

// Names lists the names that came, sorted, at most [MaxNames]. The caller owns the list.
func (t *Tally) Names() []NameCount {
	list := make([]NameCount, 0, len(t.names))
	for _, n := range t.names {
		list = append(list, *n)
	}
	slices.SortFunc(list, func(a, b NameCount) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Others is the number of events whose names are not in Names.
func (t *Tally) Others() uint64 { return t.others }

// Imported is the number of events, of whatever name, that an import brought.
func (t *Tally) Imported() uint64 { return t.imported }
