package recall

import (
	"slices"

	"github.com/freshet-rec/freshet"
)

// Bounds of a visitor's history.
const (
	maxRecent = 50     // positive acts kept, newest by event time
	maxSeen   = 10_000 // items remembered as seen; beyond it the longest unseen tenth is forgotten
)

// Past is something a visitor did.
type Past struct {
	Item uint32
	Time int64 // event time, Unix ms
	Name string
}

// Histories keeps, per visitor, the last positive acts and all items seen. An item is seen
// when the visitor did anything with it but have it on screen.
type Histories struct {
	visitors []history // by visitor number
}

type history struct {
	recent []Past           // oldest first, one per item
	seen   map[uint32]int64 // item to newest event time
	bought map[uint32]bool  // items of seen with an event that converts; nil before the first
}

// Apply folds in one event that is not late.
func (h *Histories) Apply(a *Act) {
	if a.Visitor == 0 || a.Item == 0 || a.Signal == freshet.SignalImpression || a.Signal == freshet.SignalContext {
		return
	}
	for int(a.Visitor) >= len(h.visitors) {
		h.visitors = append(h.visitors, history{})
	}
	v := &h.visitors[a.Visitor]
	if v.seen == nil {
		v.seen = map[uint32]int64{}
	}
	v.seen[a.Item] = max(v.seen[a.Item], a.Time)
	if a.Signal == freshet.SignalConvert {
		if v.bought == nil {
			v.bought = map[uint32]bool{}
		}
		v.bought[a.Item] = true
	}
	if len(v.seen) > maxSeen {
		v.forget(maxSeen / 10) // after bought: what was done long ago may be forgotten at once
	}
	if a.Signal.Positive() {
		v.remember(Past{a.Item, a.Time, a.Name})
	}
}

// remember puts an act in its place by time; of several on one item the newest stays.
func (v *history) remember(p Past) {
	if i := slices.IndexFunc(v.recent, func(r Past) bool { return r.Item == p.Item }); i >= 0 {
		if v.recent[i].Time > p.Time {
			return
		}
		v.recent = slices.Delete(v.recent, i, i+1)
	}
	i := len(v.recent)
	for i > 0 && v.recent[i-1].Time > p.Time {
		i--
	}
	v.recent = slices.Insert(v.recent, i, p)
	if len(v.recent) > maxRecent {
		v.recent = slices.Delete(v.recent, 0, 1)
	}
}

// forget drops the n items seen longest ago; ties by item number.
func (v *history) forget(n int) {
	items := make([]uint32, 0, len(v.seen))
	for item := range v.seen {
		items = append(items, item)
	}
	slices.SortFunc(items, func(a, b uint32) int {
		if d := compare(v.seen[a], v.seen[b]); d != 0 {
			return d
		}
		return compare(a, b)
	})
	for _, item := range items[:n] {
		delete(v.seen, item)
		delete(v.bought, item)
	}
}

// Recent returns a visitor's last positive acts, oldest first, one per item. The slice is
// the table's own: read it under the lock.
func (h *Histories) Recent(visitor uint32) []Past {
	if int(visitor) >= len(h.visitors) {
		return nil
	}
	return h.visitors[visitor].recent
}

// Bought reports whether the visitor converted on an item they are known to have seen.
func (h *Histories) Bought(visitor, item uint32) bool {
	return int(visitor) < len(h.visitors) && h.visitors[visitor].bought[item]
}

// Seen returns when the visitor last did something with the item, by event time, and whether
// that ever was.
func (h *Histories) Seen(visitor, item uint32) (int64, bool) {
	if int(visitor) >= len(h.visitors) {
		return 0, false
	}
	t, ok := h.visitors[visitor].seen[item]
	return t, ok
}
