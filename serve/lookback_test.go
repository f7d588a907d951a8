package serve_test

import (
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
)

func TestLookback(t *testing.T) {
	r := newRig(t, plan{})
	r.put(t, freshet.Item{ID: "a"})
	r.post(t, act("ada", "click", "b", t0), act("ada", "watch", "b", t0-1))
	got := r.Lookback()
	if want := []fold.NameCount{{Name: "click", Count: 1, Newest: t0}, {Name: "watch", Count: 1, Newest: t0 - 1}}; !slices.Equal(got.Names, want) {
		t.Errorf("names %+v, want %+v", got.Names, want)
	}
	if got.Others != 0 || got.Imported != 0 || got.Slates != (fold.SlateCount{}) || len(got.Lacks) != 0 {
		t.Errorf("looks back on %+v", got)
	}
}
