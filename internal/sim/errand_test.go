package sim

import (
	"testing"

	"github.com/freshet-rec/freshet"
)

// errandWorld is small, and every second visit in it has an errand.
var errandWorld = Options{Seed: 7, Items: 500, Visitors: 1000, Errands: 0.5, End: harbourEnd}

// TestErrandsShow: whoever clicked something on a shelf of a visit is more likely to click books of the
// same category on later ones of that visit. Without errands visits have one shelf.
func TestErrandsShow(t *testing.T) {
	type tally struct{ shown, clicked float64 }
	var same, other tally
	w := New(errandWorld)
	category := map[freshet.ItemID]string{}
	for _, item := range w.Items() {
		category[item.ID] = item.Categories[0]
	}
	liked := map[string]string{} // session → the category of its first click
	first := map[string]string{} // session → the request of its first click
	sessions, further := map[string]bool{}, map[string]bool{}
	for e := range w.History() {
		sessions[e.Session] = true
		if e.Request != "r-"+e.Session[2:] {
			further[e.Request] = true
		}
		c := category[e.Item]
		switch like, has := liked[e.Session]; {
		case e.Name == "click" && !has:
			liked[e.Session], first[e.Session] = c, e.Request
		case !has || e.Request == first[e.Session]:
		case e.Name == "expose" && c == like:
			same.shown++
		case e.Name == "expose":
			other.shown++
		case e.Name == "click" && c == like:
			same.clicked++
		case e.Name == "click":
			other.clicked++
		}
	}
	if share := float64(len(further)) / float64(len(sessions)); share < 0.7 || share > 1.2 {
		t.Errorf("%d visits have %d further shelves", len(sessions), len(further))
	}
	if same.clicked/same.shown < 1.5*other.clicked/other.shown {
		t.Errorf("of what is like the first click %.3f is clicked later, of the rest %.3f", same.clicked/same.shown, other.clicked/other.shown)
	}
	plain := errandWorld
	plain.Errands = 0
	for e := range New(plain).History() {
		if e.Request != "r-"+e.Session[2:] {
			t.Fatalf("a world without errands has the request %s in the session %s", e.Request, e.Session)
		}
	}
}

// TestErrandsOfADay: live visits have errands too, as often as they are meant to; the slate that the
// oracle shows is mostly of that shelf, and a visit ends after four slates at the latest.
func TestErrandsOfADay(t *testing.T) {
	w := New(errandWorld)
	crowd := w.Crowd(1)
	const visits = 500
	errands, most, all := 0, 0, 0
	for range visits {
		v := crowd.Come(harbourEnd.UnixMilli())
		if e := v.first.errand; e != noErrand {
			errands++
			of := 0
			for _, item := range v.Oracle(8, nil) {
				if b := &w.books[w.byItem[item]]; b.shelf == int(e) || b.second == int(e) {
					of++
				}
			}
			if of < 6 {
				t.Errorf("%d of 8 books of the oracle are of the shelf that %s came for", of, v.User())
			}
		}
		slates := 1
		for next := v.Next(nil); next != nil; next = next.Next(nil) {
			if next.first.errand != v.first.errand || next.User() != v.User() || next.Time() <= v.Time() {
				t.Fatalf("slate %d is another visit: %+v after %+v", slates+1, next.first, v.first)
			}
			slates++
		}
		all, most = all+slates, max(most, slates)
	}
	if errands < visits*2/5 || errands > visits*3/5 || most != mostShelves || all < visits*3/2 || all > visits*5/2 {
		t.Errorf("%d visits: %d errands, %d slates, %d in one visit", visits, errands, all, most)
	}
	o := errandWorld
	o.Errands = 0
	if v := New(o).Crowd(1).Come(harbourEnd.UnixMilli()); v.Next(nil) != nil || v.first.errand != noErrand {
		t.Errorf("without errands a visit goes on: %+v", v.first)
	}
	for _, bad := range []float64{-0.1, 1.1} {
		o.Errands = bad
		if o.Check() == nil {
			t.Errorf("a share of errands of %v passes", bad)
		}
	}
}
