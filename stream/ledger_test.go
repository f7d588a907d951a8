package stream_test

import (
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/stream"
)

func TestReplayedCountsWhatWasThere(t *testing.T) {
	disk := fsys.NewMem()
	r := open(t, disk)
	r.post(t, stream.SourceHTTP, click("a", t0), click("b", t0), click("b", t0), click("c", t0-7_200_000))
	if got := r.Replayed(); got != 0 {
		t.Errorf("a new journal held %d events", got)
	}
	r.shut(t)
	again := open(t, disk)
	defer again.shut(t)
	again.post(t, stream.SourceHTTP, click("d", t0))
	again.Refuse(2)
	if got, l := again.Replayed(), again.Ledger(); got != 3 || l.Received-got != 3 {
		t.Errorf("replayed %d of %d received, want 3 of 6", got, l.Received)
	}
}

func TestImported(t *testing.T) {
	for name, want := range map[string]bool{"import:1f": true, "import:demo-7": true, stream.SourceHTTP: false, stream.SourceServer: false, "": false, "my import:": false} {
		if got := stream.Imported(name); got != want {
			t.Errorf("Imported(%q) = %v", name, got)
		}
	}
}
