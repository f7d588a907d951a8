package learn

import (
	"math"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

// TestARowHasWhatWasSaidOutside: an exposure that answers a slate is learnt from with what was said
// outside for that slate, an exposure of another slate at the same moment with what was said then.
func TestARowHasWhatWasSaidOutside(t *testing.T) {
	state, err := fold.New(fold.Options{Kinds: freshet.BuiltinEvents(), NewTable: mem.New, Routes: []fold.Route{{Name: "partner", Kind: "external"}, {Name: "new", Kind: "new", Within: freshet.Day}}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := NewHistory(HistoryOptions{State: state, Kinds: freshet.BuiltinEvents(), Exposures: true, Asks: []fold.Ask{{Kind: "external", N: 5}, {Kind: "new", N: 5}}}, fsys.NewMem(), "rows")
	if err != nil {
		t.Fatal(err)
	}
	at := int64(1_700_000_000_000)
	entry := func(e stream.Entry) {
		t.Helper()
		if err := h.Apply(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
	}
	event := func(name, item, request string) {
		at += 1000
		entry(stream.Entry{Event: &freshet.Event{User: "ada", Name: name, Item: freshet.ItemID(item), Time: at, Request: request}})
	}
	for _, item := range []string{"a", "b", "c"} {
		entry(stream.Entry{Item: &freshet.Item{ID: freshet.ItemID(item)}, Received: at})
	}
	event("view", "c", "")
	entry(stream.Entry{Served: []byte(`{"request_id":"r-1","routes":[{"name":"partner","status":"ok","count":1,"position":"1","candidates":[{"item_id":"b","score":7.5},{"item_id":"x","score":9}]}]}`)})
	entry(stream.Entry{Served: []byte(`{"request_id":"r-2","routes":[{"name":"partner","status":"timeout","count":0,"position":"0"}]}`)})
	event("expose", "b", "r-1")
	event("expose", "b", "r-2")
	event("expose", "a", "r-1")
	event("page", "", "")
	h.State.Newest = at + 10*int64(freshet.Hour)
	rows, err := h.Samples(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	column := slices.Index(rows.Names.Numbers, "recall.partner.score")
	if rows.Len() != 3 || column < 0 {
		t.Fatalf("%d rows with %v", rows.Len(), rows.Names)
	}
	want := []float64{7.5, math.NaN(), math.NaN()}
	err = rows.Each(0, 3, func(i int, s *Sample) error {
		if got := s.Row.Numbers[column]; got != want[i] && !(math.IsNaN(got) && math.IsNaN(want[i])) {
			t.Errorf("row %d: the partner's score is %v, want %v", i, got, want[i])
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
