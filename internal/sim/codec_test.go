package sim

import (
	"reflect"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
)

// What the world makes must be accepted like anything a client sends, and mean the same after
// it was written and read.
func TestEverythingPassesTheCodec(t *testing.T) {
	w := New(Options{Seed: 7, Items: 500, Visitors: 100, End: harbourEnd})
	for _, item := range w.Items() {
		back, problems := codec.DecodeItem(codec.AppendItem(nil, &item))
		if len(problems) > 0 || !reflect.DeepEqual(back, item) {
			t.Fatalf("item %+v comes back as %+v with %v", item, back, problems)
		}
	}
	rules := codec.Rules{Kinds: freshet.BuiltinEvents(), Strict: true, Now: harbourEnd.UnixMilli()}
	for event := range w.History() {
		back, problems := codec.DecodeEvent(codec.AppendEvent(nil, &event), &rules)
		if len(problems) > 0 || !reflect.DeepEqual(back, event) {
			t.Fatalf("event %+v comes back as %+v with %v", event, back, problems)
		}
	}
}
