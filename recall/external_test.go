package recall

import (
	"math"
	"reflect"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
)

func TestExternalRoute(t *testing.T) {
	items := catalog.New()
	for _, id := range []freshet.ItemID{"a", "b", "c", "d"} {
		items.Seen(id, 1)
	}
	r := NewExternal("partner", items)
	answer := []External{{"b", 1}, {"x", 9}, {"c", 2}, {"a", 2}, {"b", 7}, {"d", math.NaN()}, {"d", math.Inf(1)}, {"d", 0}}
	req := &Request{Skip: func(item uint32) bool { return item == 3 }, External: map[string][]External{"partner": answer}} // c
	got, err := r.Recall(t.Context(), req, 2)
	because := Because{Code: Elsewhere}
	if want := []Proposal{{1, 2, because}, {2, 1, because}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	if got, err := r.Recall(t.Context(), req, 9); err != nil || len(got) != 3 || got[2].Item != 4 {
		t.Errorf("%v, %v", got, err)
	}
	if got := r.Unusable(answer); got != 4 { // x, the second b, and d without a score, twice
		t.Errorf("%d of the answer unusable", got)
	}
	if got, err := r.Recall(t.Context(), &Request{External: map[string][]External{"other": answer}}, 9); err != nil || len(got) != 0 {
		t.Errorf("of another's answer: %v, %v", got, err)
	}
}
