package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/snapshot"
	"github.com/freshet-rec/freshet/stream"
)

// TestOneSnapshotAtATime: who comes while one is taken is told so, and does no harm to it.
func TestOneSnapshotAtATime(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	run := func(code int, args ...string) outcomeOf {
		t.Helper()
		o := runOn(t, t.Context(), "", nil, args...)
		if o.code != code {
			t.Fatalf("%v: exit code %d, want %d\n%s%s", args, o.code, code, o.stdout, o.stderr)
		}
		return o
	}
	run(exitOK, "import", "-q", "--data", data, clicks(t, 1, 50))
	disk := existing(t, data)
	lock, err := snapshot.Lock(disk, "pid 1")
	if err != nil {
		t.Fatal(err)
	}
	half, err := disk.Create("snapshots/00000000000000000051.snap.tmp")
	if err != nil {
		t.Fatal(err)
	}
	if o := run(exitInUse, "snapshot", "--data", data); !strings.Contains(o.stderr, "another snapshot is being taken (pid 1)") {
		t.Errorf("it says %s", o.stderr)
	}
	if _, err := disk.Stat("snapshots/00000000000000000051.snap.tmp"); err != nil {
		t.Errorf("the one that is being taken: %v", err)
	}
	if err := half.Close(); err != nil {
		t.Error(err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
	run(exitOK, "snapshot", "--data", data)
}

// TestVerifyHoldsAdmission: what a live server has come to by events, late ones, repetitions and
// conflicts is what verify makes of the journal, in both parts; anything else is found.
func TestVerifyHoldsAdmission(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	verify := func(code int, says ...string) {
		t.Helper()
		o := runOn(t, t.Context(), "", nil, "verify", "--data", data)
		if o.code != code {
			t.Errorf("exit code %d, want %d\n%s%s", o.code, code, o.stdout, o.stderr)
		}
		for _, text := range says {
			if !strings.Contains(o.stdout, text) {
				t.Errorf("it does not say %q:\n%s", text, o.stdout)
			}
		}
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg := config.Default()
	cfg.Data = data
	a := &app{stdout: io.Discard, stderr: io.Discard, now: time.Now}
	n, err := openNode(t.Context(), a, cfg, true)
	ok(err)
	now := time.Now().UnixMilli()
	const hour = 3_600_000
	var infos []snapshot.Info
	for round := range 3 {
		var events []freshet.Event
		for i := range 300 {
			e := freshet.Event{ID: fmt.Sprintf("e%d", i%40+round*20), User: "ada", Item: freshet.ItemID(fmt.Sprintf("i%d", i%7)), Name: "click", Time: now - int64(i%40)*hour}
			if i%50 == 0 {
				e.ID = ""
			}
			if i%40 == 39 {
				e.Item = "i-other" // a conflict from the second time on
			}
			events = append(events, e)
		}
		out, err := n.stream.Events(t.Context(), stream.SourceHTTP, now, events, nil)
		ok(err)
		if out.Duplicate == 0 || out.Late == 0 && round == 0 || len(out.Conflicts) == 0 {
			t.Errorf("too tame: %+v", out)
		}
		ok(n.stream.WaitApplied(t.Context(), n.log.Last()))
		info, err := a.snapshotLocked(cfg, n)
		ok(err)
		infos = append(infos, info)
	}
	ok(n.close())
	verify(exitOK, "✓ snapshot of position "+infos[1].Position.String()+": ", "✓ snapshot of position "+infos[2].Position.String()+": ", "and what the journal makes")

	disk, err := fsys.Existing(data)
	ok(err)
	s, _, err := snapshot.Read(disk, infos[1].Position)
	ok(err)
	for i := range s.Parts {
		if p := &s.Parts[i]; p.Name == partAdmission {
			p.Data[len(p.Data)/2] ^= 1
		}
	}
	_, err = snapshot.Write(disk, *s)
	ok(err)
	verify(exitDamaged, "✗ snapshot of position "+infos[1].Position.String()+`: it is whole, and its part "admission" is not what the journal makes`, "✓ snapshot of position "+infos[2].Position.String())

	// What another configuration made cannot be held against the journal, but the chain can.
	s.Config[31]++
	for _, p := range []freshet.Position{infos[1].Position, infos[2].Position, infos[1].Position} {
		s.Position = p
		_, err = snapshot.Write(disk, *s)
		ok(err)
	}
	verify(exitOK)
	s.Parts[0].Data = []byte("another")
	_, err = snapshot.Write(disk, *s)
	ok(err)
	verify(exitDamaged, "✗ snapshot of position "+infos[2].Position.String()+": snapshot "+infos[2].File+" was written after one of position "+infos[1].Position.String())
	ok(disk.Close())
}
