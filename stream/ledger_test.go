package stream_test

import (
	"bytes"
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

// balanced returns the books of a stream, which must balance.
func balanced(t *testing.T, s *stream.Stream) stream.Ledger {
	t.Helper()
	l := s.Ledger()
	if l.Received != l.Accepted+l.Duplicate+l.Refused || l.Accepted != l.Applied+l.Late+l.DeadLettered+l.Erased+l.Pending {
		t.Errorf("the books do not balance: %+v", l)
	}
	return l
}

// What an import could not use is kept as dead letters: received and accepted, and then
// dead-lettered instead of applied; when it is brought again it is a duplicate. A conflict of an
// import becomes one of them.
func TestDeadLettersAreInTheBooks(t *testing.T) {
	disk := fsys.NewMem()
	r := open(t, disk)
	r.DeadLettered(7) // of before
	clash := click("a", t0)
	clash.ID = "own"
	other := clash
	other.User = "somebody else"
	r.post(t, stream.SourceHTTP, clash)
	if out := r.post(t, "import:1f", other, click("b", t0)); len(out.Conflicts) != 1 {
		t.Fatalf("outcome %+v", out)
	}
	if l := balanced(t, r.Stream); l.Received != 9 || l.Refused != 0 {
		t.Errorf("before the conflict is kept: %+v", l)
	}
	r.DeadLetter(3, 2)
	l := balanced(t, r.Stream)
	if l.Received != 14 || l.Accepted != 12 || l.Applied != 2 || l.DeadLettered != 10 || l.Duplicate != 2 || l.Refused != 0 || r.Replayed() != 7 {
		t.Errorf("%+v, of before %d", l, r.Replayed())
	}
	before := packed(r.Stream)
	r.DeadLetter(5, 0)
	if !bytes.Equal(before, packed(r.Stream)) {
		t.Error("dead letters are in what is packed; they would be counted twice after a start")
	}
	r.post(t, stream.SourceHTTP, other)
	if l := balanced(t, r.Stream); l.Refused != 1 {
		t.Errorf("a conflict by HTTP: %+v", l)
	}
	r.shut(t)
	again := open(t, disk)
	defer again.shut(t)
	again.DeadLettered(15)
	if l := balanced(t, again.Stream); l.Received != 17 || l.Accepted != 17 || l.DeadLettered != 15 || again.Replayed() != 17 {
		t.Errorf("after a restart %+v, of before %d", l, again.Replayed())
	}
}
