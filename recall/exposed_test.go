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
			s := show{rapid.SampledFrom(visitors).Draw(t, "visitor"), rapid.Uint32Range(1, 9).Draw(t, "item"), at}
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
					list = nil
				}
				if s.visitor == visitor {
					newest = s.at
					if len(list) < exposureItems {
						list = append(list, s.item)
					}
				} else {
					newest = 0
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

// The crowd's choice is shown on top, and visitors who look past it choose what goes with what they
// did: among what was shown co-visitation is right, among all things the crowd's choice is wanted most.
// What is learned is what the visitors say, not what the lists do.
func TestItemCFLearnsFromWhatWasPassedOver(t *testing.T) {
	learned := func(exposed bool) float64 {
		h := &Histories{}
		r := NewItemCF("covisit", ItemCFOptions{}, h)
		apply := func(a *Act) {
			r.Apply(a)
			h.Apply(a)
		}
		at := noon
		visitor := uint32(0)
		for round := range uint32(3000) {
			at += int64(freshet.Minute)
			visitor++
			pair := 10 + 2*(round%40) // 40 pairs of items go together
			apply(act(visitor, pair, at))
			if exposed && round%3 == 0 {
				for _, item := range []uint32{1, 2, 3, pair + 1} {
					apply(signalled(visitor, item, at+1, freshet.SignalImpression))
				}
			}
			if round%3 == 0 {
				apply(act(visitor, pair+1, at+2))
				continue
			}
			if exposed { // alone on top: nothing was passed over
				apply(signalled(visitor, 1+round%3, at+1, freshet.SignalImpression))
			}
			apply(act(visitor, 1+round%3, at+2))
		}
		return r.blend.theta()
	}
	shown, blind := learned(true), learned(false)
	if shown < 0.5 || shown < blind {
		t.Errorf("co-visitation counts %v where it is known what was shown, %v where not", shown, blind)
	}
}
