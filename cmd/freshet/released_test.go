package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/httpapi"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/stream"
)

// hourly makes a journal of n clicks, one an hour, in small segments, the last at end.
func hourly(t *testing.T, data string, n int, end time.Time) {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	disk, err := fsys.Dir(data)
	ok(err)
	at := end.Add(-time.Duration(n) * time.Hour)
	log, _, err := journal.Open(journal.Options{FS: disk, SegmentBytes: 4 << 10, Now: func() time.Time { return at }})
	ok(err)
	for i := range n {
		at = at.Add(time.Hour)
		e := freshet.Event{User: freshet.UserID(fmt.Sprintf("u%d", i%5)), Item: freshet.ItemID(fmt.Sprintf("i%d", i%3)), Name: "click", Time: at.UnixMilli()}
		last, err := log.Append([]journal.Record{{Topic: freshet.Topic(e.Name), Source: stream.SourceHTTP, Received: e.Time, Payload: codec.AppendEvent(nil, &e)}})
		ok(err)
		ok(log.WaitDurable(t.Context(), last))
	}
	ok(errors.Join(log.Close(), disk.Close()))
}

// TestReloadReleased: features whose windows fit into what a journal keeps are taken up, and a restart
// makes the same of them, though no snapshot has them; any other is refused with the reason.
func TestReloadReleased(t *testing.T) {
	whole, data := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "data")
	end := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	a := &app{stdout: io.Discard, stderr: io.Discard, now: func() time.Time { return end.Add(time.Minute) }}
	hourly(t, whole, 600, end)
	hourly(t, data, 600, end)
	clicks := feature.Definition{Name: "item_clicks", Key: []string{"item"}, On: []string{"click"}, Agg: feature.Count, Window: freshet.Day, Hop: freshet.Hour}
	before := config.Default()
	before.Data, before.Journal.Retain.Age, before.Features = data, 10*freshet.Day, []feature.Definition{clicks}
	with := func(more ...feature.Definition) *config.Config {
		cfg := *before
		cfg.Features = append(slices.Clone(more), clicks)
		return &cfg
	}
	windowed := feature.Definition{Name: "user_clicks", Key: []string{"user"}, On: []string{"click"}, Agg: feature.Count, Window: 2 * freshet.Day, Hop: freshet.Hour}
	after := with(windowed)
	open := func(cfg *config.Config) *node {
		t.Helper()
		n, err := openNode(t.Context(), a, cfg, true)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	values := func(n *node) (text string) {
		t.Helper()
		for _, user := range []freshet.UserID{"u0", "u1", "u2", "u3", "u4", "u5"} {
			reply, err := n.server.Features(t.Context(), &serve.FeaturesRequest{User: user, Items: []freshet.ItemID{"i0", "i1", "i2"}})
			if err != nil {
				t.Fatal(err)
			}
			text += fmt.Sprintln(reply.Names, reply.Rows)
		}
		return text
	}
	end1 := func(n *node) {
		t.Helper()
		if err := n.close(); err != nil {
			t.Error(err)
		}
	}
	reference := *after
	reference.Data = whole
	n := open(&reference)
	want := values(n)
	end1(n)

	for _, more := range []int{0, 1} {
		if more > 0 {
			n = open(before)
			if _, err := n.stream.Events(t.Context(), stream.SourceHTTP, end.UnixMilli(), []freshet.Event{{User: "nobody", Name: "search", Time: end.UnixMilli()}}, nil); err != nil {
				t.Fatal(err)
			}
			end1(n)
		}
		if err := a.takeSnapshot(t.Context(), before); err != nil {
			t.Fatal(err)
		}
	}
	n = open(before)
	if err := n.release(before, end); err != nil {
		t.Fatal(err)
	}
	first := n.log.First()
	if first < 100 {
		t.Fatalf("the journal begins at %s", first)
	}
	next := after
	r := newReloads(t.Context(), a, n, func() (*config.Config, error) { return next, nil })
	for name, d := range map[string]feature.Definition{
		"it counts events of all time":                      {Name: "user_clicks", Key: []string{"user"}, Agg: feature.Count},
		"it goes by attributes, and what they were is gone": {Name: "user_clicks", Key: []string{"item.category"}, Agg: feature.Count, Window: freshet.Day, Hop: freshet.Hour},
		"its window of 90d is longer than what is kept, ":   {Name: "user_clicks", Key: []string{"user"}, Agg: feature.Count, Window: 90 * freshet.Day, Hop: freshet.Hour},
	} {
		next = with(d)
		var refused *httpapi.ReloadRefused
		if _, err := r.Reload(t.Context()); !errors.As(err, &refused) || refused.Code != "released" || len(refused.Faults) != 1 || refused.Faults[0].Message[:len(name)] != name {
			t.Errorf("%v, %+v, want %q", err, refused, name)
		}
	}
	next = after
	if done, err := r.Reload(t.Context()); err != nil || done.Outcome != httpapi.ReloadWarming {
		t.Fatal(done, err)
	}
	r.wg.Wait()
	if s := r.State(); s.Last == nil || s.Last.Outcome != httpapi.ReloadApplied || s.Counts["refused"] != 3 {
		t.Fatalf("%+v", s.Last)
	}
	if got := values(n); got != want {
		t.Errorf("after the reload\n%swant\n%s", got, want)
	}
	if err := n.release(n.config(), end); err != nil || n.log.First() != first {
		t.Errorf("the journal begins at %s, %v", n.log.First(), err)
	}
	r.close()
	end1(n)

	n = open(after)
	if got := values(n); got != want {
		t.Errorf("after a restart\n%swant\n%s", got, want)
	}
	end1(n)
	if err := a.takeSnapshot(t.Context(), after); err != nil {
		t.Error(err)
	}
	n = open(after)
	if got := values(n); got != want {
		t.Errorf("from a snapshot of its own\n%swant\n%s", got, want)
	}
	end1(n)
	if n, err := openNode(t.Context(), a, with(feature.Definition{Name: "more", Key: []string{"user"}, Agg: feature.Age}), true); err == nil || !errors.As(err, new(*errReleased)) {
		t.Errorf("a start with what cannot be folded: %v", err)
		end1(n)
	}
}
