package stream_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/stream"
)

// brittle is a fold that dies of one event; of which one it does not say when it has several.
type brittle struct{ tape }

func (b *brittle) Apply(e *stream.Entry) {
	if e.Event.ID == "c" {
		panic("c is too much")
	}
	b.tape.Apply(e)
}

func (b *brittle) ApplyAll(entries []stream.Entry, at *stream.Stretch) {
	*at = stream.Stretch{First: 0, Last: len(entries) - 1}
	for i := range entries {
		b.Apply(&entries[i])
	}
}

// TestPoisonAmongSeveral: when it is not known which of several records the fold died of, none is put
// aside, and the replay of the next start finds out.
func TestPoisonAmongSeveral(t *testing.T) {
	disk := fsys.NewMem()
	clock := func() time.Time { return time.UnixMilli(t0) }
	log, _, err := journal.Open(journal.Options{FS: disk, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	var blamed []freshet.Position
	options := stream.Options{Log: log, Fold: &brittle{}, Now: clock, Lateness: freshet.Hour, Poisoned: func(e *stream.PoisonError) error {
		blamed = append(blamed, e.Position)
		return nil
	}}
	s := stream.New(options)
	s.Start()
	var events []freshet.Event
	for _, id := range []string{"a", "b", "c", "d"} {
		events = append(events, freshet.Event{ID: id, User: "u", Item: "i", Name: "click", Time: t0})
	}
	_, err = s.Events(t.Context(), "http", t0, events, nil)
	var poison *stream.PoisonError
	if !errors.As(err, &poison) || poison.Position != 1 || poison.Last != 4 || !strings.Contains(err.Error(), "records 1 to 4") || len(blamed) > 0 {
		t.Errorf("%v, and %v are put aside", err, blamed)
	}
	s.Close()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}

	reader, err := journal.OpenReader(disk)
	if err != nil {
		t.Fatal(err)
	}
	again := stream.New(options)
	if err := again.Replay(t.Context(), reader, nil); !errors.As(err, &poison) || poison.Position != 3 || poison.Last != 0 || len(blamed) != 1 || blamed[0] != 3 {
		t.Errorf("%v, and %v are put aside", err, blamed)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
}
