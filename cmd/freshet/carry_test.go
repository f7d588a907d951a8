package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/snapshot"
)

// asFormer rewrites all snapshots of a directory as a release would have written them that had
// other sections: those named have version 0 and bytes that nobody knows. With none it is state version
// 5, without heads.
func asFormer(t *testing.T, cfg *config.Config, names ...string) {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	disk, err := fsys.Existing(cfg.Data)
	ok(err)
	defer func() { ok(disk.Close()) }()
	passed, err := passedOver(disk)
	ok(err)
	named, err := nameStates(disk, cfg, passed)
	ok(err)
	list, err := snapshot.List(disk)
	ok(err)
	for _, info := range list {
		s, _, err := snapshot.Read(disk, info.Position)
		ok(err)
		var heads, whole pack.Writer
		form := "6"
		r := pack.NewReader(s.Parts[0].Data)
		n := r.Len(12)
		heads.Len(n)
		for range n {
			name, version, begun := r.Text(), r.Uint(), r.Uint()
			data := r.Take(r.Word())
			whole.Bytes = append(whole.Bytes, data...)
			for _, other := range names {
				if other == name {
					version, data = 0, []byte("as it was")
				}
			}
			form += fmt.Sprintf(" %s.%d", name, version)
			heads.Text(name)
			heads.Uint(version)
			heads.Uint(begun)
			heads.Word(uint64(len(data)))
			heads.Bytes = append(heads.Bytes, data...)
		}
		ok(r.Done())
		if s.Parts[0].Data = heads.Bytes; len(names) == 0 {
			s.Parts[0].Data, form = whole.Bytes, fold.Form5
		}
		s.Config = named.named(form)
		_, err = snapshot.Write(disk, *s)
		ok(err)
	}
}

// TestUpgradeInPlace: a journal that has let go of its beginning, with snapshots of a former release,
// starts under this one. What cannot be carried over is named, what is served from then on can be made
// again, and what was served before is not made of another state.
func TestUpgradeInPlace(t *testing.T) {
	for _, c := range []struct {
		name  string
		other []string // sections of another version
		lost  string   // what is said to begin at the journal's beginning
	}{
		{"state version 5", nil, ""},
		{"other parts", []string{"itemcf", "histories", "learned"}, "histories from position %d on, itemcf from position %d on, learned from position 603 on"},
		{"other features", []string{"features"}, "features from position %d on, watched from position %d on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			whole, data := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "data")
			cfg, file := unhurried(config.Default()), filepath.Join(t.TempDir(), "freshet.yaml")
			cfg.Data, cfg.Ranker.Online.Enabled, cfg.Journal.Retain.Age = data, true, 1000
			if err := os.WriteFile(file, []byte("ranker: {online: {enabled: true}}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			run := func(code int, args ...string) outcomeOf {
				t.Helper()
				o := runOn(t, t.Context(), "", nil, append(args, "--config", file)...)
				if o.code != code {
					t.Fatalf("%v: exit code %d, want %d\n%s%s", args, o.code, code, o.stdout, o.stderr)
				}
				return o
			}
			var said strings.Builder
			serveOne := func() (request string, first uint64) {
				t.Helper()
				a := &app{stdout: &said, stderr: &said, now: time.Now}
				n, err := openNode(t.Context(), a, cfg, true)
				if err != nil {
					t.Fatal(err)
				}
				if err := n.release(cfg, time.Now()); err != nil {
					t.Error(err)
				}
				r, err := n.server.Recommend(t.Context(), &serve.Request{User: "u3", N: 40})
				if err != nil {
					t.Fatal(err)
				}
				first = uint64(n.log.First())
				if err := n.close(); err != nil {
					t.Error(err)
				}
				return r.Request, first
			}
			run(exitOK, "import", "-q", "--data", whole, clicks(t, 1, 500))
			inSmallSegments(t, whole, data)
			run(exitOK, "snapshot", "--data", data)
			run(exitOK, "import", "-q", "--data", data, clicks(t, 501, 600))
			run(exitOK, "snapshot", "--data", data)
			before, first := serveOne()
			if first < 300 {
				t.Fatalf("the journal begins at %d", first)
			}
			run(exitOK, "replay", "--data", data, before)

			asFormer(t, cfg, c.other...)
			run(exitUsage, "export", "--data", data) // nobody but who writes it down makes a state
			run(exitOK, "import", "-q", "--data", data, clicks(t, 591, 610))
			run(exitUsage, "snapshot", "--data", data, "--to", "605") // what was served since would seem to be of it
			said.Reset()
			after, _ := serveOne()
			lost := c.lost
			if strings.Contains(lost, "%d") {
				lost = ": " + strings.ReplaceAll(lost, "%d", fmt.Sprint(first))
			}
			if want := "is of a former release, and is carried over" + lost + "\n"; !strings.Contains(said.String(), want) {
				t.Errorf("it says %q, want %q", said.String(), want)
			}
			disk := existing(t, data)
			list, err := snapshot.List(disk)
			if err != nil || len(list) != 2 || list[0].Position <= list[1].Position {
				t.Fatalf("there are the snapshots %+v, %v", list, err)
			}
			if o := run(exitOK, "replay", "--data", data, after); !strings.Contains(o.stdout, "equal to what was served") {
				t.Errorf("what was served after is replayed as %s", o.stdout)
			}
			if o := run(exitFailed, "replay", "--data", data, before); !strings.Contains(o.stderr, "cannot be made again") || o.stdout != "" {
				t.Errorf("what was served before is replayed as %s%s", o.stdout, o.stderr)
			}
			said.Reset()
			again, _ := serveOne() // from the snapshot, which is of this release
			if strings.Contains(said.String(), "carried over") {
				t.Errorf("once more it says %q", said.String())
			}
			run(exitOK, "replay", "--data", data, again)
			run(exitOK, "snapshot", "--data", data)
			o := run(exitOK, "verify", "--data", data)
			if strings.Count(o.stdout, "whole; the records before it are not kept") != 1 || strings.Count(o.stdout, "and what the journal makes") != 1 {
				t.Errorf("verify says %s", o.stdout)
			}
			if lost := strings.TrimPrefix(lost, ": "); !strings.Contains(o.stdout, lost) {
				t.Errorf("verify does not say %q: %s", lost, o.stdout)
			}
		})
	}
}

// TestUpgradeInPlaceRefused: without the numbers of items nothing of a snapshot can be read.
func TestUpgradeInPlaceRefused(t *testing.T) {
	whole, data := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "data")
	cfg := unhurried(config.Default())
	cfg.Data, cfg.Journal.Retain.Age = data, 1000
	if o := runOn(t, t.Context(), "", nil, "import", "-q", "--data", whole, clicks(t, 1, 500)); o.code != exitOK {
		t.Fatal(o.stderr)
	}
	inSmallSegments(t, whole, data)
	a := &app{stdout: &strings.Builder{}, stderr: &strings.Builder{}, now: time.Now}
	open := func() error {
		n, err := openNode(t.Context(), a, cfg, true)
		if err != nil {
			return err
		}
		if _, err := a.snapshotLocked(cfg, n); err != nil {
			t.Error(err)
		}
		if err := n.release(cfg, time.Now()); err != nil {
			t.Error(err)
		}
		_, err = n.server.Recommend(t.Context(), &serve.Request{User: "u3", N: 40})
		if closed := n.close(); closed != nil {
			t.Error(closed)
		}
		return err
	}
	for range 3 {
		if err := open(); err != nil {
			t.Fatal(err)
		}
	}
	asFormer(t, cfg, "items")
	if err := open(); err == nil || !strings.Contains(err.Error(), `part "items" of the state is kept in a form that this release cannot read`) {
		t.Errorf("it starts with %v", err)
	}
}

// releasedData is a directory whose journal has let go of its beginning, with two snapshots.
func releasedData(t *testing.T) *config.Config {
	t.Helper()
	whole, cfg := filepath.Join(t.TempDir(), "whole"), config.Default()
	cfg.Data, cfg.Journal.Retain.Age = filepath.Join(t.TempDir(), "data"), 1000
	run := func(args ...string) {
		t.Helper()
		if o := runOn(t, t.Context(), "", nil, args...); o.code != exitOK {
			t.Fatalf("%v: exit code %d\n%s%s", args, o.code, o.stdout, o.stderr)
		}
	}
	run("import", "-q", "--data", whole, clicks(t, 1, 500))
	inSmallSegments(t, whole, cfg.Data)
	run("snapshot", "--data", cfg.Data)
	run("import", "-q", "--data", cfg.Data, clicks(t, 501, 600))
	run("snapshot", "--data", cfg.Data)
	n, err := openNode(t.Context(), &app{stdout: io.Discard, stderr: io.Discard, now: time.Now}, cfg, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.release(cfg, time.Now()); err != nil || n.log.First() < 300 {
		t.Fatalf("the journal begins at %s, %v", n.log.First(), err)
	}
	if err := n.close(); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestDamagedSnapshotGivesWay: of a snapshot that lacks a part, or has one that is damaged or another's, a
// start says so and takes the one before it, whether both are of this release, of a former one, or made
// for other features.
func TestDamagedSnapshotGivesWay(t *testing.T) {
	base := releasedData(t)
	items := len("\x00\x05items\x01\x00") + 8 // how much is before them in a state with less than 128 sections
	var want []byte
	for _, form := range []struct {
		name    string
		former  bool
		other   []string // as asFormer takes them
		begins  int      // of the items in the part
		without bool     // features
	}{
		{name: "this release", begins: items},
		{name: "state version 5", former: true},
		{name: "other parts", former: true, other: []string{"itemcf"}, begins: items},
		{name: "other features", begins: items, without: true},
	} {
		for _, c := range []struct {
			name   string
			damage func(s, older *snapshot.Snapshot)
		}{
			{"nothing", nil},
			{"no state", func(s, _ *snapshot.Snapshot) { s.Parts = s.Parts[1:] }},
			{"no admission", func(s, _ *snapshot.Snapshot) { s.Parts = s.Parts[:1] }},
			{"a damaged state", func(s, _ *snapshot.Snapshot) { s.Parts[0].Data[form.begins] = 0xff }},
			{"a damaged admission", func(s, _ *snapshot.Snapshot) { s.Parts[1].Data = s.Parts[1].Data[:len(s.Parts[1].Data)-1] }},
			{"the admission of another", func(s, older *snapshot.Snapshot) { s.Parts[1] = older.Parts[1] }},
		} {
			t.Run(form.name+"/"+c.name, func(t *testing.T) {
				cfg := *base
				cfg.Data = t.TempDir()
				if err := os.CopyFS(cfg.Data, os.DirFS(base.Data)); err != nil {
					t.Fatal(err)
				}
				if form.former {
					asFormer(t, &cfg, form.other...)
				}
				disk, err := fsys.Existing(cfg.Data)
				if err != nil {
					t.Fatal(err)
				}
				list, err := snapshot.List(disk)
				if err != nil || len(list) != 2 {
					t.Fatalf("%d snapshots, %v", len(list), err)
				}
				from := list[0].Position
				if c.damage != nil {
					from = list[1].Position
					s, _, err := snapshot.Read(disk, list[0].Position)
					if err != nil {
						t.Fatal(err)
					}
					older, _, err := snapshot.Read(disk, from)
					if err != nil {
						t.Fatal(err)
					}
					c.damage(s, older)
					if _, err := snapshot.Write(disk, *s); err != nil {
						t.Fatal(err)
					}
				}
				if err := disk.Close(); err != nil {
					t.Fatal(err)
				}
				if form.without {
					cfg.Features = nil
				}
				var said strings.Builder
				n, err := openNode(t.Context(), &app{stdout: &said, stderr: &said, now: time.Now}, &cfg, true)
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := n.close(); err != nil {
						t.Error(err)
					}
				}()
				if got := max(n.carried, n.snapped); !form.former && n.snapped != from || form.former && n.carried != from {
					t.Errorf("it starts from the snapshot of position %s, want %s", got, from)
				}
				if told := strings.Contains(said.String(), "packed state is damaged"); !form.without && told != (c.damage != nil) { // else nobody knows what it is of
					t.Errorf("it says %q", said.String())
				}
				var w pack.Writer
				n.stream.View(func(freshet.Position) { n.state.Pack(&w) })
				if want == nil {
					want = w.Bytes
				}
				if !form.without && len(form.other) == 0 && !bytes.Equal(w.Bytes, want) { // nothing is lost
					t.Error("the state differs from that of before")
				}
			})
		}
	}
}

// TestCarriedOverAgain: when the first snapshot after an upgrade turns out to be damaged, that of the former
// release still stands beside it, and makes the same once more; what a server that runs has taken is refused.
func TestCarriedOverAgain(t *testing.T) {
	cfg := releasedData(t)
	asFormer(t, cfg, "itemcf", "histories")
	disk := existing(t, cfg.Data)
	var said strings.Builder
	start := func() snapshot.Info {
		t.Helper()
		said.Reset()
		n, err := openNode(t.Context(), &app{stdout: &said, stderr: &said, now: time.Now}, cfg, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.release(cfg, time.Now()); err != nil { // no, while one of them is not of this release
			t.Error(err)
		}
		if err := n.close(); err != nil {
			t.Error(err)
		}
		list, err := snapshot.List(disk)
		if err != nil || len(list) != 2 {
			t.Fatalf("%d snapshots, %v", len(list), err)
		}
		return list[0]
	}
	first := start()
	text, err := fsys.ReadFile(disk, first.File, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := fsys.Replace(disk, first.File, text); err != nil {
		t.Fatal(err)
	}
	server, err := journal.Lock(disk, "pid 7")
	if err != nil {
		t.Fatal(err)
	}
	if err := (&app{stdout: io.Discard, stderr: io.Discard, now: time.Now}).takeSnapshot(t.Context(), cfg); !errors.Is(err, errCarryBeside) {
		t.Errorf("beside a server: %v", err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	again := start()
	if !strings.Contains(said.String(), "is damaged") || !strings.Contains(said.String(), "is carried over: histories from position") {
		t.Errorf("it says %q", said.String())
	}
	if again != first {
		t.Errorf("it makes %+v, and made %+v", again, first)
	}
	start()
	if strings.Contains(said.String(), "carried over") {
		t.Errorf("once more it says %q", said.String())
	}
}

// TestSnapshotCarriesOverAlone: freshet snapshot carries over what a former release left, but not beside
// a server, which may be one of that release; and none can start meanwhile.
func TestSnapshotCarriesOverAlone(t *testing.T) {
	cfg := releasedData(t)
	asFormer(t, cfg)
	disk := existing(t, cfg.Data)
	before, err := snapshot.List(disk)
	if err != nil {
		t.Fatal(err)
	}
	server, err := journal.Lock(disk, "pid 7, started 12:34")
	if err != nil {
		t.Fatal(err)
	}
	o := runOn(t, t.Context(), "", nil, "snapshot", "--data", cfg.Data)
	if want := fmt.Sprintf("error: data directory %s: position %s: a snapshot of a former release is not carried over while another has the journal (pid 7, started 12:34)\n  stop that one", cfg.Data, before[0].Position); o.code != exitInUse ||
		!strings.HasPrefix(o.stderr, want) {
		t.Errorf("exit code %d, it says %q, want %q", o.code, o.stderr, want)
	}
	if after, err := snapshot.List(disk); err != nil || !slices.Equal(after, before) {
		t.Errorf("there are %+v instead of %+v, %v", after, before, err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	carried := false
	listen := listener(func(text string) {
		if strings.Contains(text, "is carried over") {
			carried = true
			if _, err := journal.Lock(disk, "another"); !errors.As(err, new(*fsys.LockedError)) {
				t.Errorf("meanwhile another has the journal: %v", err)
			}
		}
	})
	if err := (&app{stdout: io.Discard, stderr: listen, now: time.Now}).takeSnapshot(t.Context(), cfg); err != nil || !carried {
		t.Fatalf("carried over: %v, %v", carried, err)
	}
	if after, err := snapshot.List(disk); err != nil || len(after) != 2 || after[0].Config == before[0].Config {
		t.Errorf("there are %+v, %v", after, err)
	}
	if again, err := journal.Lock(disk, "another"); err != nil {
		t.Errorf("after all: %v", err)
	} else if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestStartCarriesOverAlone: a start that cannot keep what it carries over, since a snapshot is being taken,
// fails, says that it is to be run again, and then succeeds.
func TestStartCarriesOverAlone(t *testing.T) {
	cfg := releasedData(t)
	asFormer(t, cfg)
	disk := existing(t, cfg.Data)
	lock, err := snapshot.Lock(disk, "pid 7, started 12:34")
	if err != nil {
		t.Fatal(err)
	}
	a := &app{stdout: io.Discard, stderr: io.Discard, now: time.Now}
	_, err = openNode(t.Context(), a, cfg, true)
	if f := new(failure); !errors.As(err, &f) || f.code != exitInUse || !strings.HasSuffix(f.err.Error(), "since a snapshot is being taken (pid 7, started 12:34)") || !strings.HasPrefix(f.hint, "run it again") {
		t.Fatalf("%v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	n, err := openNode(t.Context(), a, cfg, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.close(); err != nil {
		t.Error(err)
	}
}

// listener is told what is written to it.
type listener func(text string)

func (l listener) Write(text []byte) (int, error) {
	l(string(text))
	return len(text), nil
}
