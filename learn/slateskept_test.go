package learn

import (
	"strconv"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
)

// TestSlatesKeptAreBounded: also slates of one small row are so many at most, and those that are empty, or of
// items that nobody knows, are none.
func TestSlatesKeptAreBounded(t *testing.T) {
	var k slatesKept
	most := 0
	for i := range 2 * keptBytes / slateBytes {
		k.put(strconv.Itoa(-i), &slateRows{}, 0)
		k.put(strconv.Itoa(i), &slateRows{items: []uint32{1}}, 0)
		most = max(most, len(k.now)+len(k.before))
	}
	if bound := 2 * keptBytes / slateBytes; most > bound || most < bound/2 {
		t.Errorf("%d slates are kept at once, the bound is %d", most, bound)
	}
}

// TestSlatesAreOfTheirVisitor: who names the request of another visitor has no row of it; of one that nobody was
// named in, anybody has.
func TestSlatesAreOfTheirVisitor(t *testing.T) {
	var k slatesKept
	r := row(1)
	for request, visitor := range map[string]freshet.Visitor{"hers": "u:ada", "nobody's": ""} {
		s := &slateRows{visitor: visitor, group: 1, items: []uint32{7}}
		s.rows.Append(&r)
		k.put(request, s, 8)
	}
	for _, c := range []struct {
		request string
		visitor freshet.Visitor
		item    uint32
		want    bool
	}{{"hers", "u:ada", 7, true}, {"hers", "u:eve", 7, false}, {"hers", "", 7, false}, {"nobody's", "u:eve", 7, true}, {"hers", "u:ada", 8, false}, {"other", "u:ada", 7, false}} {
		if _, _, ok := k.find(c.request, c.visitor, c.item); ok != c.want {
			t.Errorf("%+v: %v", c, ok)
		}
	}
}

// TestLetGo: an exposure counts as one of a slate that was let go when the slate was served and its rows
// are not there, and not when nobody knows of it.
func TestLetGo(t *testing.T) {
	h := &History{asked: map[string]fold.Context{"kept": nil, "gone": nil}, before: map[string]fold.Context{"long gone": nil}}
	h.kept.put("kept", &slateRows{items: []uint32{1}}, 1)
	for request, want := range map[string]bool{"kept": false, "gone": true, "long gone": true, "unknown": false, "": false} {
		if got := h.letGo(request); got != want {
			t.Errorf("%q: %v, want %v", request, got, want)
		}
	}
}
