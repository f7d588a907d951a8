package stream_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const t0 = int64(1_700_000_000_000)

// tape is a fold that keeps what it was given.
type tape struct{ entries []stream.Entry }

func (t *tape) Apply(e *stream.Entry) { t.entries = append(t.entries, *e) }

func (t *tape) ApplyAll(entries []stream.Entry, _ *stream.Stretch) {
	for i := range entries {
		t.Apply(&entries[i])
	}
}

type rig struct {
	*stream.Stream
	disk *fsys.Mem
	log  *journal.Log
	tape *tape
}

func open(t *testing.T, disk *fsys.Mem) *rig {
	t.Helper()
	clock := func() time.Time { return time.UnixMilli(t0) }
	log, _, err := journal.Open(journal.Options{FS: disk, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{disk: disk, log: log, tape: &tape{}}
	r.Stream = stream.New(stream.Options{Log: log, Fold: r.tape, Now: clock, Lateness: freshet.Hour})
	reader, err := journal.OpenReader(disk)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Replay(t.Context(), reader, nil); err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	r.Start()
	return r
}

func (r *rig) shut(t *testing.T) {
	t.Helper()
	r.Close()
	if err := r.log.Close(); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) post(t *testing.T, source string, events ...freshet.Event) stream.Outcome {
	t.Helper()
	out, err := r.Events(t.Context(), source, t0, events, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func click(id string, at int64) freshet.Event {
	return freshet.Event{ID: id, User: "ada", Item: "b-1", Name: "click", Time: at}
}

func TestVerdicts(t *testing.T) {
	hour := int64(freshet.Hour)
	for _, c := range []struct {
		name   string
		before []freshet.Event
		events []freshet.Event
		source string
		want   stream.Outcome // Position is not compared
	}{
		{name: "new", events: []freshet.Event{click("a", t0)}, want: stream.Outcome{Accepted: 1}},
		{name: "twice in one batch", events: []freshet.Event{click("a", t0), click("a", t0)}, want: stream.Outcome{Accepted: 1, Duplicate: 1}},
		{name: "sent again", before: []freshet.Event{click("a", t0)}, events: []freshet.Event{click("a", t0)}, want: stream.Outcome{Duplicate: 1}},
		{name: "same id, other time", before: []freshet.Event{click("a", t0)}, events: []freshet.Event{click("a", t0-1)}, want: stream.Outcome{Conflicts: []int{0}}},
		{name: "same id, other payload, the rest goes in", before: []freshet.Event{click("a", t0)},
			events: []freshet.Event{click("b", t0), {ID: "a", User: "bob", Item: "b-1", Name: "click", Time: t0}, click("c", t0)}, want: stream.Outcome{Accepted: 2, Conflicts: []int{1}}},
		{name: "without ids nothing is a duplicate", before: []freshet.Event{click("", t0)}, events: []freshet.Event{click("", t0)}, want: stream.Outcome{Accepted: 1}},
		{name: "at the edge of lateness", before: []freshet.Event{click("", t0)}, events: []freshet.Event{click("", t0-hour)}, want: stream.Outcome{Accepted: 1}},
		{name: "beyond it", before: []freshet.Event{click("", t0)}, events: []freshet.Event{click("", t0-hour-1)}, want: stream.Outcome{Accepted: 1, Late: 1}},
		{name: "a time ahead moves the watermark no further than the receipt", before: []freshet.Event{click("", t0+60_000)},
			events: []freshet.Event{click("", t0-hour)}, want: stream.Outcome{Accepted: 1}},
		{name: "a first event of long ago is not late", events: []freshet.Event{click("", t0-100*hour), click("", t0-100*hour-hour)}, want: stream.Outcome{Accepted: 2}},
		{name: "an import is never late", before: []freshet.Event{click("", t0)}, source: "import:x",
			events: []freshet.Event{click("", t0), click("", t0-1000*hour)}, want: stream.Outcome{Accepted: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := open(t, fsys.NewMem())
			defer r.shut(t)
			r.post(t, stream.SourceHTTP, c.before...)
			if c.source == "" {
				c.source = stream.SourceHTTP
			}
			got := r.post(t, c.source, c.events...)
			if got.Position != r.log.Last() {
				t.Errorf("position %s, the last record is at %s", got.Position, r.log.Last())
			}
			got.Position = 0
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			balance(t, r.Stream)
		})
	}
}

// balance checks the books.
func balance(t *testing.T, s *stream.Stream) {
	t.Helper()
	l := s.Ledger()
	if l.Received != l.Accepted+l.Duplicate+l.Refused || l.Accepted != l.Applied+l.Late+l.DeadLettered+l.Erased+l.Pending {
		t.Errorf("the books do not balance: %+v", l)
	}
}

func TestAcknowledgedIsAppliedAndDurable(t *testing.T) {
	r := open(t, fsys.NewMem())
	defer r.shut(t)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 50 {
				out, err := r.Events(t.Context(), stream.SourceHTTP, t0, []freshet.Event{click(fmt.Sprintf("%d-%d", w, i), t0)}, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if r.Applied() < out.Position || r.Durable() < out.Position {
					t.Errorf("acknowledged %s with applied %s, durable %s", out.Position, r.Applied(), r.Durable())
				}
				r.View(func(p freshet.Position) {
					if p < out.Position || freshet.Position(len(r.tape.entries)) != p {
						t.Errorf("view at %s after %s, %d entries folded", p, out.Position, len(r.tape.entries))
					}
				})
			}
		})
	}
	wg.Wait()
	balance(t, r.Stream)
	if l := r.Ledger(); l.Applied != 400 {
		t.Errorf("applied %d, want 400", l.Applied)
	}
}

func TestReplayGivesTheSameEntriesAndVerdicts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	disk := fsys.NewMem()
	r := open(t, disk)
	var sent []freshet.Event
	for i := range 200 {
		e := click(fmt.Sprintf("e-%d", i), t0-rng.Int64N(2*int64(freshet.Hour)))
		e.TimeUnset = rng.IntN(5) == 0
		if e.TimeUnset {
			e.Time = t0
		}
		sent = append(sent, e)
	}
	late := 0
	for i := 0; i < len(sent); i += 20 {
		late += r.post(t, stream.SourceHTTP, sent[i:i+20]...).Late
	}
	if late == 0 {
		t.Fatal("no event was late; the test proves too little")
	}
	if _, err := r.Items(t.Context(), stream.SourceHTTP, t0, []freshet.Item{{ID: "b-1", Title: "Salt"}}, nil); err != nil {
		t.Fatal(err)
	}
	users := []freshet.User{{ID: "ada", Attributes: map[string]any{"age": json.Number("34"), "plan": "free"}}, {ID: "bob"}}
	if out, err := r.Users(t.Context(), stream.SourceHTTP, t0, users, nil); err != nil || out.Accepted != 2 || out.Position != r.Applied() {
		t.Fatalf("%+v, %v", out, err)
	}
	if err := r.Served(t.Context(), t0, []byte(`{"request_id":"r-1"}`)); err != nil {
		t.Fatal(err)
	}
	if err := r.Define(t.Context(), t0, []byte(`{"features":[]}`)); err != nil {
		t.Fatal(err)
	}
	before, marks, ledger := r.tape.entries, r.Watermarks(), r.Ledger()
	r.shut(t)

	again := open(t, disk)
	defer again.shut(t)
	if len(again.tape.entries) != len(before) {
		t.Fatalf("%d entries after a restart, %d before", len(again.tape.entries), len(before))
	}
	for i := range before {
		got, want := again.tape.entries[i], before[i]
		if got.Late != want.Late || got.Position != want.Position || got.Topic != want.Topic || got.Received != want.Received ||
			!reflect.DeepEqual(got.Event, want.Event) || !reflect.DeepEqual(got.Item, want.Item) || !reflect.DeepEqual(got.User, want.User) || string(got.Served) != string(want.Served) {
			t.Fatalf("entry %d after a restart: %+v, before: %+v", i, got, want)
		}
	}
	if !reflect.DeepEqual(again.Watermarks(), marks) || again.Ledger() != ledger {
		t.Errorf("after a restart: %v %+v, before: %v %+v", again.Watermarks(), again.Ledger(), marks, ledger)
	}
	if out := again.post(t, stream.SourceHTTP, sent...); out.Duplicate != len(sent) {
		t.Errorf("sent again after a restart: %+v, want %d duplicates", out, len(sent))
	}
	if err := again.Define(t.Context(), t0, []byte(`{"features":[]}`)); err != nil || again.log.Last() != freshet.Position(len(before)) {
		t.Errorf("equal definitions were journaled again: %v, last %s", err, again.log.Last())
	}
}

func TestAnImportTwiceChangesNothing(t *testing.T) {
	disk := fsys.NewMem()
	r := open(t, disk)
	events := []freshet.Event{click("import:f:1", t0-5), click("import:f:2", t0-3), click("own", t0-1)}
	seqs := []uint64{stream.Seq(1, 1), stream.Seq(1, 2), stream.Seq(1, 3)}
	items := []freshet.Item{{ID: "b-1"}, {ID: "b-2"}}
	itemSeqs := []uint64{stream.Seq(0, 1), stream.Seq(0, 2)}
	users := []freshet.User{{ID: "u-1"}, {ID: "u-2"}}
	userSeqs := []uint64{stream.UserSeq(1), stream.UserSeq(2)}
	bring := func(r *rig, n int) (stream.Outcome, stream.Outcome) {
		t.Helper()
		i, err := r.Items(t.Context(), "import:f", t0, items, itemSeqs)
		if err != nil {
			t.Fatal(err)
		}
		u, err := r.Users(t.Context(), "import:f", t0, users, userSeqs)
		if err != nil {
			t.Fatal(err)
		}
		if u.Accepted != i.Accepted || u.Duplicate != i.Duplicate {
			t.Errorf("of two users %+v, of two items %+v", u, i)
		}
		e, err := r.Events(t.Context(), "import:f", t0, events[:n], seqs[:n])
		if err != nil {
			t.Fatal(err)
		}
		return i, e
	}
	if i, e := bring(r, 2); i.Accepted != 2 || e.Accepted != 2 { // cut off before the last line
		t.Fatalf("first: %+v %+v", i, e)
	}
	r.shut(t)
	r = open(t, disk)
	if i, e := bring(r, 3); i.Duplicate != 2 || e.Accepted != 1 || e.Duplicate != 2 {
		t.Errorf("gone on with: %+v %+v", i, e)
	}
	last := r.log.Last()
	if i, e := bring(r, 3); i.Accepted+e.Accepted != 0 || r.log.Last() != last {
		t.Errorf("again: %+v %+v", i, e)
	}
	balance(t, r.Stream)
	r.shut(t)
}

func TestDiskFailureIsNoAcknowledgement(t *testing.T) {
	var broken atomic.Bool
	disk := fsys.NewMem()
	disk.Fail = func(op, _ string) error {
		if op == "sync" && broken.Load() {
			return fmt.Errorf("the disk is gone")
		}
		return nil
	}
	r := open(t, disk)
	r.post(t, stream.SourceHTTP, click("a", t0))
	broken.Store(true)
	_, err := r.Events(t.Context(), stream.SourceHTTP, t0, []freshet.Event{click("b", t0)}, nil)
	if err == nil || !stream.Unavailable(err) {
		t.Errorf("error %v, want one that says the journal is unavailable", err)
	}
	if r.Err() == nil || r.Applied() != 1 {
		t.Errorf("err %v, applied %s after a failed sync", r.Err(), r.Applied())
	}
	if err := r.WaitApplied(t.Context(), 1); err != nil {
		t.Errorf("what was applied before is no longer: %v", err)
	}
	r.Close()
	if err := r.log.Close(); err == nil {
		t.Error("closing a failed journal reported nothing")
	}
}

func TestWaitAppliedEndsWithItsContext(t *testing.T) {
	r := open(t, fsys.NewMem())
	defer r.shut(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := r.WaitApplied(ctx, 1<<40); err == nil {
		t.Error("a position that nothing has was applied")
	}
}

// A batch that the journal does not take leaves no trace: sent again in another shape, its
// events are new.
func TestWhatWasNotAppendedIsNotRemembered(t *testing.T) {
	r := open(t, fsys.NewMem())
	defer r.shut(t)
	good, huge := click("good", t0), click("huge", t0)
	huge.Context = map[string]any{"a": strings.Repeat("x", journal.MaxPayloadBytes)}
	if _, err := r.Events(t.Context(), stream.SourceHTTP, t0, []freshet.Event{good, huge}, nil); err == nil {
		t.Fatal("a record over the journal's bound was taken")
	}
	if l := r.Ledger(); l != (stream.Ledger{}) {
		t.Errorf("the ledger counts what was not taken: %+v", l)
	}
	if out := r.post(t, stream.SourceHTTP, good); out.Accepted != 1 {
		t.Errorf("sent again: %+v, want it accepted", out)
	}
	balance(t, r.Stream)
}

// What an event may hold at most can be read back from the journal.
func TestTheLargestEventsAreReadBack(t *testing.T) {
	fields := map[string]any{}
	for i := range codec.MaxFields - 5 {
		fields[fmt.Sprintf("f%d", i)] = true
	}
	raw, err := json.Marshal(map[string]any{"user_id": "u", "item_id": "i", "event": "click", "ts": t0, "context": fields})
	if err != nil {
		t.Fatal(err)
	}
	event, problems := codec.DecodeEvent(raw, &codec.Rules{Kinds: freshet.BuiltinEvents(), Now: t0})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	disk := fsys.NewMem()
	r := open(t, disk)
	if _, err := r.Events(t.Context(), "import:f", t0, []freshet.Event{event}, []uint64{stream.Seq(1, 1)}); err != nil {
		t.Fatal(err)
	}
	r.shut(t)
	r = open(t, disk)
	defer r.shut(t)
	if len(r.tape.entries) != 1 || !reflect.DeepEqual(*r.tape.entries[0].Event, event) {
		t.Errorf("read back as %+v", r.tape.entries)
	}
}

// TestWaitsEnd: whoever posts while the disk stands still is let go by the end of the request, by
// the disk's failure and by the end of the stream, and what they posted is applied once the disk
// goes on.
func TestWaitsEnd(t *testing.T) {
	for _, end := range []string{"context", "failure", "full", "close", "disk"} {
		t.Run(end, func(t *testing.T) {
			disk, free, begun := fsys.NewMem(), make(chan struct{}), make(chan struct{}, 1000)
			var hold atomic.Bool
			var op atomic.Value
			op.Store("sync")
			var fault atomic.Value
			disk.Fail = func(o, name string) error {
				if !hold.Load() || o != op.Load() || !strings.HasSuffix(name, ".seg") {
					return nil
				}
				begun <- struct{}{}
				<-free
				err, _ := fault.Load().(error)
				return err
			}
			r := open(t, disk)
			if end == "full" {
				op.Store("write")
			}
			hold.Store(true)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			const posts = 8
			errs := make(chan error, posts)
			for i := range posts {
				go func() {
					_, err := r.Events(ctx, stream.SourceHTTP, t0, []freshet.Event{click(fmt.Sprint("held-", i), t0)}, nil)
					errs <- err
				}()
			}
			<-begun
			want := error(nil)
			var once sync.Once
			release := func() { once.Do(func() { hold.Store(false); close(free) }) }
			defer release()
			switch end {
			case "context":
				want = context.Canceled
				cancel()
			case "failure":
				want = journal.ErrFailed
				fault.Store(error(syscall.EIO))
				release()
			case "full":
				want = journal.ErrNoSpace
				fault.Store(error(syscall.ENOSPC))
				close(free) // and the disk stays full
			case "close":
				want = context.Canceled
				r.Close()
				release()
			case "disk":
				release()
			}
			for range posts {
				err := <-errs
				switch {
				case errors.Is(err, want):
				case end == "close" && err == nil: // durable and applied before the end
				default:
					t.Errorf("the post ended with %v, want %v", err, want)
				}
			}
			if end == "full" {
				once.Do(func() { hold.Store(false) })
			}
			release()
			if end == "context" || end == "disk" || end == "full" {
				if err := r.WaitApplied(t.Context(), r.log.Last()); err != nil && end != "full" {
					t.Error(err)
				}
			}
			if end != "close" {
				r.Close()
			}
			if err := r.log.Close(); err != nil && end != "failure" && end != "full" {
				t.Error(err)
			}
		})
	}
}
