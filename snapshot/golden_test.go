package snapshot_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/golden"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/snapshot"
	"github.com/freshet-rec/freshet/stream"
)

// TestGolden: snapshots of every version released are read, and those of this state version and the one
// before become the state that they were of. A state of an older version is passed over by a start, so
// of those the hash is only over what they hold.
func TestGolden(t *testing.T) {
	golden.Test(t, fmt.Sprintf("v%d-%d", snapshot.FormatVersion, fold.StateVersion), map[string]golden.Case{"small": {
		Make: func(t testing.TB) *fsys.Mem {
			o, _ := layoutOptions()
			w := newWorld(t.(*testing.T), o)
			_, err := w.stream.Items(t.Context(), stream.SourceHTTP, w.now, []freshet.Item{{ID: "sea", Title: "Tides", Categories: []string{"boats", "salt"}, Attributes: map[string]any{"author": "Orrin"}}}, nil)
			w.do(err)
			_, err = w.stream.Users(t.Context(), stream.SourceHTTP, w.now, []freshet.User{{ID: "u3", Attributes: map[string]any{"plan": "gold"}}, {ID: "quiet"}}, nil)
			w.do(err)
			for i := range 40 {
				w.now += minute / 2
				w.bring(stream.SourceHTTP, 0, freshet.Event{ID: fmt.Sprintf("e-%d", i), User: freshet.UserID(fmt.Sprintf("u%d", i%5)), Item: freshet.ItemID([]string{"sea", "hill", "town"}[i%3]),
					Name: []string{"click", "expose", "purchase", "like"}[i%4], Value: float64(i) / 4, HasValue: i%2 == 0,
					Context: map[string]any{"place": []any{"home", json.Number("2.50"), true}[i%3], "q": fmt.Sprint("q", i%7)}})
			}
			w.bring(stream.SourceHTTP, 0, freshet.Event{User: "u1", Name: "search", Query: "tides"})
			w.bring(stream.SourceHTTP, 0, freshet.Event{User: "u2", Item: "hill", Name: "hide"})
			w.bring("import:old", stream.Seq(1, 70), freshet.Event{User: "old", Item: "sea", Name: "click", Time: start - 2*hour})
			w.do(w.stream.Served(t.Context(), w.now, []byte(`{"request_id":"r-1","visitor":"u:u1","items":[{"item_id":"sea"}]}`)))
			w.snapshot()
			only := fsys.NewMem() // without the journal
			list, err := snapshot.List(w.disk)
			w.do(err)
			text, err := fsys.ReadFile(w.disk, list[0].File, 1<<20)
			w.do(err)
			w.do(only.MkdirAll("snapshots"))
			w.do(fsys.Replace(only, list[0].File, text))
			return only
		},
		Hash: func(t testing.TB, disk *fsys.Mem) string {
			list, err := snapshot.List(disk)
			if err != nil || len(list) != 1 {
				t.Fatalf("%+v, %v", list, err)
			}
			s, _, err := snapshot.Read(disk, list[0].Position)
			if err != nil {
				t.Fatal(err)
			}
			o, _ := layoutOptions()
			state, err := fold.New(o)
			if err != nil {
				t.Fatal(err)
			}
			events := stream.New(stream.Options{Fold: state, Lateness: freshet.Hour})
			sum := sha256.New()
			former := list[0].Config == configOf(fold.Form5)
			if !former && list[0].Config != configOf(layoutForm()) {
				for _, part := range s.Parts {
					_, _ = sum.Write(part.Data)
				}
				return fmt.Sprintf("%x", sum.Sum(nil))
			}
			data, _ := s.Part("state")
			r := pack.NewReader(data)
			if former {
				if err := state.Carry(fold.Packed5(data), list[0].Position, nil, 0); err != nil {
					t.Error(err)
				}
			} else if state.Unpack(r); r.Done() != nil {
				t.Error(r.Done())
			}
			var w pack.Writer
			state.Pack(&w)
			again := w.Bytes
			if former {
				again = sections(t.(*testing.T), again)
			}
			if !bytes.Equal(again, data) {
				t.Error("packed again the state is other bytes")
			}
			_, _ = sum.Write(data)
			data, _ = s.Part("admission")
			r, w = pack.NewReader(data), pack.Writer{}
			events.Unpack(r)
			if events.Pack(&w); r.Done() != nil || !bytes.Equal(w.Bytes, data) {
				t.Errorf("admission: %v; packed again it is other bytes", r.Done())
			}
			_, _ = sum.Write(data)
			if events.Applied() != list[0].Position {
				t.Errorf("position %s, the file says %s", events.Applied(), list[0].Position)
			}
			if err := state.Export(func(line string) error { fmt.Fprint(sum, line); return nil }); err != nil {
				t.Fatal(err)
			}
			return fmt.Sprintf("%x", sum.Sum(nil))
		}}})
}
