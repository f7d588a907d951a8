package recall

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

const sitting = int64(30 * freshet.Minute)

// What stood above an item is what came on screen before it in the visitor's newest list.
func TestExposuresAgreeWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type show struct {
			visitor, item uint32
			at            int64
		}
		var e exposures
		var all []show
		at := noon
		visitors := []uint32{1, 2, 1 + exposureSlots}
		for range rapid.IntRange(0, 150).Draw(t, "shows") {
			at += rapid.Int64Range(0, 2*sitting/3).Draw(t, "step")
			late := rapid.Int64Range(0, 2*sitting).Draw(t, "late")
			s := show{rapid.SampledFrom(visitors).Draw(t, "visitor"), rapid.Uint32Range(1, 9).Draw(t, "item"), at - late}
			e.add(s.visitor, s.item, s.at, sitting)
			all = append(all, s)
		}
		for _, visitor := range visitors {
			var list []uint32 // of the newest run of the visitor's shows that nobody with the same slot broke
			newest := int64(0)
			for _, s := range all {
				if s.visitor%exposureSlots != visitor%exposureSlots {
					continue
				}
				if s.visitor != visitor || s.at-newest > sitting {
					list, newest = nil, 0
				}
				if s.visitor == visitor {
					newest = max(newest, s.at)
					if len(list) < exposureItems {
						list = append(list, s.item)
					}
				}
			}
			q := at + rapid.Int64Range(0, 2*sitting).Draw(t, "q")
			for item := range uint32(11) {
				place := slices.Index(list, item)
				want := place >= 0 && q-newest <= sitting
				above, shown := e.above(visitor, item, q, sitting)
				if shown != want || shown && !slices.Equal(above, list[:place]) {
					t.Fatalf("visitor %d, item %d: above %v, shown %t; list %v of %d at %d", visitor, item, above, shown, list, newest, q)
				}
			}
		}
	})
}

// What is new is shown on top, and most take what is on top; who looks past it takes what goes with
// what they did. Among all things the crowd's choice is wanted most; of what was passed over that
// says nothing, and what visitors say is learned, not what the list did.
func TestItemCFLearnsFromWhatWasPassedOver(t *testing.T) {
	learned := func(exposed bool) float64 {
		h := &Histories{}
		r := NewItemCF("covisit", ItemCFOptions{}, h)
		apply := func(a *Act) {
			r.Apply(a)
			h.Apply(a)
		}
		for round := range uint32(6000) {
			at, visitor := noon+int64(round)*int64(freshet.Minute), round+1
			first, hot := 10+2*(round%40), 1000+round/50 // 40 pairs of items go together
			apply(act(visitor, first, at))
			for _, item := range []uint32{hot, first + 1} {
				if exposed {
					apply(signalled(visitor, item, at+1, freshet.SignalImpression))
				}
			}
			if round%3 == 0 {
				apply(act(visitor, first+1, at+2))
			} else {
				apply(act(visitor, hot, at+2))
			}
		}
		return r.blend.theta()
	}
	if shown, blind := learned(true), learned(false); shown < 0.5 || blind >= 0.5 {
		t.Errorf("co-visitation counts %v where it is known what was shown, %v where not", shown, blind)
	}
}

// The place of an item among others, thing by thing.
func TestGainsAmong(t *testing.T) {
	s := &scratch{whole: 10}
	for item, sums := range map[uint32][2]float64{1: {5, 0.1}, 2: {2, 0.3}, 3: {0, 0.6}, 4: {5, 0.1}} {
		*s.touch(item) = touched{item: item, together: sums[0], next: sums[1]}
	}
	skip := func(item uint32) bool { return item == 4 }
	for _, tt := range []struct {
		item   uint32
		others []uint32
		next   float64 // the gain where only the crowd counts
		pairs  float64 // where only co-visitation does
	}{
		{1, []uint32{2, 3}, 1. / 3, 1},
		{2, []uint32{1, 3}, 1. / 2, 1. / 2},
		{3, []uint32{1, 2}, 1, 1. / 3},
		{3, []uint32{1, 2, 4}, 1, 1. / 3},       // 4 is refused
		{3, []uint32{9}, 1, 1 / 1.5},            // of nothing and nothing neither stands first
		{9, []uint32{3, 8}, 1 / 2.5, 1. / 2},    // what nothing speaks for
		{9, []uint32{1, 2, 3}, 1. / 4, 1 / 3.5}, // likewise
	} {
		gains := s.gainsAmong(tt.item, tt.others, skip)
		for k, theta := range thetas {
			if theta == 0 && gains[k] != tt.next || theta == 1 && gains[k] != tt.pairs {
				t.Errorf("item %d among %v gains %v by theta %v, want %v and %v at the ends", tt.item, tt.others, gains[k], theta, tt.next, tt.pairs)
			}
		}
	}
}
