package recall

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/freshet-rec/freshet"
)

// Bounds of a visitor's history.
const (
	maxRecent   = 50     // positive acts kept, newest by event time
	maxDisliked = 50     // negative acts kept, likewise
	maxQueries  = 10     // searches kept, likewise
	maxQuery    = 256    // bytes kept of the text of a search
	maxSeen     = 10_000 // items remembered as seen; beyond it the longest unseen tenth is forgotten
)

// Past is something a visitor did.
type Past struct {
	Item uint32
	Time int64 // event time, Unix ms
	Name string
}

// Histories keeps, per visitor, the last positive acts, the last negative ones, the last searches
// and all items seen. An item is seen when the visitor did anything with it but have it on
// screen. It is refused from a negative act on, until a positive one that is not older: then it
// is in no slate, whatever a request says of items seen.
type Histories struct {
	visitors []history // by visitor number
}

type history struct {
	recent   []Past           // oldest first, one per item
	disliked []Past           // likewise; what was liked since is not among them
	queries  []Query          // likewise, one per text
	seen     amounts          // newest event time
	bought   map[uint32]bool  // items of seen with an event that converts; nil before the first
	refused  map[uint32]int64 // items of seen that are refused, with the newest time of that; nil before the first
}

// Apply folds in one event that is not late.
func (h *Histories) Apply(a *Act) {
	searched, did := a.searched(), a.Item != 0 && a.Signal != freshet.SignalImpression && a.Signal != freshet.SignalContext
	if a.Visitor == 0 || !searched && !did {
		return
	}
	for int(a.Visitor) >= len(h.visitors) {
		h.visitors = append(h.visitors, history{})
	}
	v := &h.visitors[a.Visitor]
	if searched {
		v.search(Query{clipped(a.Query), a.Time})
	}
	if did {
		v.act(a)
	}
}

// searched reports that the act says what the visitor looked for: a search, or what it led to.
func (a *Act) searched() bool { return a.Query != "" && a.Signal != freshet.SignalNegative }

// clipped is the text of a search as far as it is kept.
func clipped(text string) string {
	if len(text) <= maxQuery {
		return text
	}
	end := maxQuery
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.Clone(text[:end])
}

// act notes what was done to an item.
func (v *history) act(a *Act) {
	newest := v.seen.at(a.Item)
	*newest = max(*newest, a.Time)
	switch {
	case a.Signal == freshet.SignalConvert:
		if v.bought == nil {
			v.bought = map[uint32]bool{}
		}
		v.bought[a.Item] = true
	case a.Signal == freshet.SignalNegative:
		v.refuse(Past{a.Item, a.Time, a.Name})
	}
	if at, ok := v.refused[a.Item]; ok && a.Signal.Positive() && a.Time >= at {
		delete(v.refused, a.Item)
		v.disliked = slices.DeleteFunc(v.disliked, func(p Past) bool { return p.Item == a.Item })
	}
	if v.seen.len > maxSeen {
		v.forget(maxSeen / 10) // after bought: what was done long ago may be forgotten at once
	}
	if a.Signal.Positive() {
		v.recent = remember(v.recent, Past{a.Item, a.Time, a.Name}, maxRecent)
	}
}

// refuse notes a negative act, unless a later positive one is known.
func (v *history) refuse(p Past) {
	if slices.ContainsFunc(v.recent, func(r Past) bool { return r.Item == p.Item && r.Time > p.Time }) {
		return
	}
	if v.refused == nil {
		v.refused = map[uint32]int64{}
	}
	v.refused[p.Item] = max(v.refused[p.Item], p.Time)
	v.disliked = remember(v.disliked, p, maxDisliked)
}

// search puts a search in its place by time; of several with one text the newest stays.
func (v *history) search(q Query) {
	if i := slices.IndexFunc(v.queries, func(r Query) bool { return r.Text == q.Text }); i >= 0 {
		if v.queries[i].Time > q.Time {
			return
		}
		v.queries = slices.Delete(v.queries, i, i+1)
	}
	i := len(v.queries)
	for i > 0 && v.queries[i-1].Time > q.Time {
		i--
	}
	v.queries = slices.Insert(v.queries, i, q)
	if len(v.queries) > maxQueries {
		v.queries = slices.Delete(v.queries, 0, 1)
	}
}

// remember puts an act in its place by time; of several on one item the newest stays, of more
// than so many acts the oldest goes.
func remember(acts []Past, p Past, most int) []Past {
	if i := slices.IndexFunc(acts, func(r Past) bool { return r.Item == p.Item }); i >= 0 {
		if acts[i].Time > p.Time {
			return acts
		}
		acts = slices.Delete(acts, i, i+1)
	}
	i := len(acts)
	for i > 0 && acts[i-1].Time > p.Time {
		i--
	}
	if len(acts) < most {
		return slices.Insert(acts, i, p)
	}
	if i > 0 {
		copy(acts, acts[1:i])
		acts[i-1] = p
	}
	return acts
}

// forget drops the n items seen longest ago, refused ones last; ties by item number.
func (v *history) forget(n int) {
	items := v.seen.items()
	slices.SortFunc(items, func(a, b uint32) int {
		_, kept := v.refused[a]
		if _, other := v.refused[b]; kept != other {
			if kept {
				return 1
			}
			return -1
		}
		last, _ := v.seen.of(a)
		other, _ := v.seen.of(b)
		if d := compare(last, other); d != 0 {
			return d
		}
		return compare(a, b)
	})
	for _, item := range items[:n] {
		delete(v.bought, item)
		delete(v.refused, item)
	}
	all := v.seen
	v.seen = amounts{}
	for _, item := range items[n:] {
		*v.seen.at(item), _ = all.of(item)
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

// Liked returns a visitor's last positive acts, newest first, one per item, without those on
// items that the visitor has refused since. The caller owns the slice.
func (h *Histories) Liked(visitor uint32) []Past {
	recent := h.Recent(visitor)
	liked := make([]Past, 0, len(recent))
	for _, past := range slices.Backward(recent) {
		if !h.Refused(visitor, past.Item) {
			liked = append(liked, past)
		}
	}
	return liked
}

// Disliked returns a visitor's last negative acts on items that they have not wanted since,
// newest first, one per item. The caller owns the slice.
func (h *Histories) Disliked(visitor uint32) []Past {
	if int(visitor) >= len(h.visitors) {
		return nil
	}
	list := slices.Clone(h.visitors[visitor].disliked)
	slices.Reverse(list)
	return list
}

// Queries returns what a visitor searched for last, newest first, each text once. The caller
// owns the slice.
func (h *Histories) Queries(visitor uint32) []Query {
	if int(visitor) >= len(h.visitors) {
		return nil
	}
	list := slices.Clone(h.visitors[visitor].queries)
	slices.Reverse(list)
	return list
}

// queriesOf returns what a visitor searched for last, oldest first: the table's own slice.
func (h *Histories) queriesOf(visitor uint32) []Query {
	if int(visitor) >= len(h.visitors) {
		return nil
	}
	return h.visitors[visitor].queries
}

// Refused reports whether the visitor's last word on the item was negative.
func (h *Histories) Refused(visitor, item uint32) bool {
	if int(visitor) >= len(h.visitors) {
		return false
	}
	_, ok := h.visitors[visitor].refused[item]
	return ok
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
	return h.visitors[visitor].seen.of(item)
}
