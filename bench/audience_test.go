package bench

import (
	"testing"

	"github.com/freshet-rec/freshet"
)

// TestWhatASlateMisses: ada clicked a at 10, b at 20, c at 30 and a again at 40; the slate was
// asked for when some of that was acknowledged.
func TestWhatASlateMisses(t *testing.T) {
	clicks := []struct {
		item freshet.ItemID
		at   freshet.Position
	}{{"a", 10}, {"b", 20}, {"c", 30}, {"a", 40}}
	for _, tt := range []struct {
		name  string
		known int // clicks acknowledged before asking
		last  freshet.Position
		items []freshet.ItemID
		want  int
		of    int // events it should reflect
	}{
		{"nothing known", 0, 0, []freshet.ItemID{"a", "b"}, 0, 0},
		{"all there", 3, 30, []freshet.ItemID{"x", "y"}, 0, 3},
		{"newer than asked", 1, 30, []freshet.ItemID{"x"}, 0, 1},
		{"an item is shown still", 3, 30, []freshet.ItemID{"x", "b"}, 1, 3},
		{"an item clicked after asking may be shown", 1, 10, []freshet.ItemID{"b"}, 0, 1},
		{"the newest event is not known", 3, 20, []freshet.ItemID{"x"}, 1, 3},
		{"nothing is known of the user", 3, 0, []freshet.ItemID{"x"}, 3, 3},
		{"an item not yet known and shown counts once", 3, 20, []freshet.ItemID{"c"}, 1, 3},
		{"both kinds", 3, 20, []freshet.ItemID{"a"}, 2, 3},
		{"a second click on an item is not known", 4, 30, []freshet.ItemID{"x"}, 1, 3},
		{"never more than there are", 4, 30, []freshet.ItemID{"a", "b", "c"}, 3, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := &member{clicked: map[freshet.ItemID]ticket{}}
			var known knowledge
			for i, c := range clicks {
				if i == tt.known {
					known = m.known()
				}
				m.acknowledge(c.item, c.at)
			}
			if tt.known == len(clicks) {
				known = m.known()
			}
			s := &slate{}
			s.Freshness.Last.Position = tt.last
			for _, id := range tt.items {
				s.Items = append(s.Items, slateItem{id})
			}
			if got := m.missing(known, s); got != tt.want || known.events != tt.of {
				t.Errorf("%d of %d are missing, want %d of %d", got, known.events, tt.want, tt.of)
			}
		})
	}
}

func TestMembersKeepTheirSlate(t *testing.T) {
	m := &member{}
	if _, _, ok := m.shown(); ok {
		t.Error("a slate before the first")
	}
	m.keep(&slate{Items: []slateItem{{`b"1`}, {"b-2"}}})
	if id, json, ok := m.shown(); !ok || id != `b"1` || string(json) != `"b\"1"` {
		t.Errorf("shown %q, %s, %v", id, json, ok)
	}
	m.keep(&slate{})
	if _, _, ok := m.shown(); ok {
		t.Error("an empty slate has a first item")
	}
}

func TestAudience(t *testing.T) {
	r := newRequests(&Options{Users: []freshet.UserID{"ada", "bo", "cy"}, Items: []freshet.ItemID{"x", "y"}})
	a := newAudience(r, 2)
	seen := map[string]int{}
	for i := range 2 * acts {
		seen[string(a.member(i).json)]++
	}
	if len(seen) != 2 || seen[`"ada"`] == 0 || seen[`"bo"`] == 0 {
		t.Errorf("members %v", seen)
	}
}
