package learn

import (
	"testing"

	"github.com/freshet-rec/freshet/fold"
)

// TestWishesAreSweptSeldom: wishes of before the window go, and while all lie within it they are looked
// through once for as many as there were.
func TestWishesAreSweptSeldom(t *testing.T) {
	h := &History{wanted: map[exposed]int64{}}
	h.State = &fold.State{}
	h.Window = attributionWindow
	for i := range uint32(wantedMost + 10) {
		h.wish(exposed{1, i}, 0)
	}
	if h.wantedNext != 2*wantedMost || len(h.wanted) != wantedMost+10 {
		t.Fatalf("%d wishes, the next sweep at %d", len(h.wanted), h.wantedNext)
	}
	h.State.Newest = int64(h.Window) + 1
	for i := range uint32(wantedMost) {
		h.wish(exposed{2, i}, h.State.Newest)
	}
	if len(h.wanted) != wantedMost || h.wantedNext != 2*(wantedMost-10) {
		t.Errorf("%d wishes are left, the next sweep at %d", len(h.wanted), h.wantedNext)
	}
}
