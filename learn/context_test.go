package learn

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

// TestARowHasTheContextOfItsRequest: an event that answers a slate is learnt from with the context
// the slate was asked with, also when that was none; another one with its own.
func TestARowHasTheContextOfItsRequest(t *testing.T) {
	state, err := fold.New(fold.Options{Kinds: freshet.BuiltinEvents(), NewTable: mem.New})
	if err != nil {
		t.Fatal(err)
	}
	h, err := NewHistory(HistoryOptions{State: state, Kinds: freshet.BuiltinEvents()}, fsys.NewMem(), "rows")
	if err != nil {
		t.Fatal(err)
	}
	serve := func(text string) {
		t.Helper()
		if err := h.Apply(t.Context(), &stream.Entry{Served: []byte(text)}); err != nil {
			t.Fatal(err)
		}
	}
	serve(`{"request_id":"r-1","context":{"device":"tv","hour":7.50}}`)
	serve(`{"request_id":"r-2"}`)
	serve(`not a record`)
	own := map[string]any{"device": "phone"}
	ask := func(request string) map[string]any { return h.context(&freshet.Event{Request: request, Context: own}) }
	for request, want := range map[string]map[string]any{"r-1": {"device": "tv", "hour": json.Number("7.50")}, "r-2": nil, "r-3": own, "": own} {
		if got := ask(request); len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("request %q: context %v, want %v", request, got, want)
		}
	}
	for i := range askedMost - 1 {
		serve(fmt.Sprintf(`{"request_id":"x-%d"}`, i))
	}
	if len(ask("r-1")) != 2 || len(h.asked)+len(h.before) != askedMost+1 {
		t.Errorf("after many more: context %v, %d and %d kept", ask("r-1"), len(h.asked), len(h.before))
	}
	for i := range askedMost {
		serve(fmt.Sprintf(`{"request_id":"y-%d"}`, i))
	}
	if ask("r-1")["device"] != "phone" || len(h.asked)+len(h.before) > 2*askedMost {
		t.Errorf("what is long gone is still known: %v, %d and %d kept", ask("r-1"), len(h.asked), len(h.before))
	}
}
