package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/profile"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/snapshot"
)

// clicks writes a file of events from the first to the last, less than a second apart, and an item
// before the first of all.
func clicks(t *testing.T, first, last int) string {
	t.Helper()
	var b strings.Builder
	if first == 1 {
		b.WriteString(`{"item_id":"i0","categories":["crime"]}` + "\n")
	}
	for i := first; i <= last; i++ {
		fmt.Fprintf(&b, `{"event_id":"e%d","user_id":"u%d","item_id":"i%d","event":"click","ts":%d}`+"\n", i, i%7, i%31, 1_700_000_000_000+int64(i)*500)
	}
	name := filepath.Join(t.TempDir(), fmt.Sprintf("%d.jsonl", first))
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// inSmallSegments copies a journal into segments of 4 KiB, begun a year ago.
func inSmallSegments(t *testing.T, from, to string) {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	source, err := fsys.Existing(from)
	ok(err)
	reader, err := journal.OpenReader(source)
	ok(err)
	disk, err := fsys.Dir(to)
	ok(err)
	at := time.Now().AddDate(-1, 0, 0)
	log, _, err := journal.Open(journal.Options{FS: disk, SegmentBytes: 4 << 10, Now: func() time.Time {
		at = at.Add(time.Hour)
		return at
	}})
	ok(err)
	for {
		rec, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		ok(err)
		last, err := log.Append([]journal.Record{rec})
		ok(err)
		ok(log.WaitDurable(t.Context(), last))
	}
	ok(errors.Join(log.Close(), disk.Close(), reader.Close(), source.Close()))
}

// TestRetain gives up what two snapshots stand for. Everything that comes of the journal stays
// as it was, a start under another configuration is refused, and so is one without snapshots.
func TestRetain(t *testing.T) {
	whole, data := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "data")
	slate := func(n *node) string {
		t.Helper()
		r, err := n.server.Recommend(t.Context(), &serve.Request{User: "ada", N: 40})
		if err != nil {
			t.Fatal(err)
		}
		return r.Request
	}
	run := func(code int, args ...string) outcomeOf {
		t.Helper()
		o := runOn(t, t.Context(), "", nil, args...)
		if o.code != code {
			t.Fatalf("%v: exit code %d, want %d\n%s%s", args, o.code, code, o.stdout, o.stderr)
		}
		return o
	}
	cfg := unhurried(config.Default())
	cfg.Data = data
	cfg.Journal.Retain.Age = 1000
	openAndRelease := func() (first, last uint64) {
		t.Helper()
		a := &app{stdout: io.Discard, stderr: io.Discard, now: time.Now}
		n, err := openNode(t.Context(), a, cfg, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.release(cfg, time.Now()); err != nil {
			t.Error(err)
		}
		slate(n)
		first, last = uint64(n.log.First()), uint64(n.log.Last())
		if err := n.close(); err != nil {
			t.Error(err)
		}
		return first, last
	}
	run(exitOK, "import", "-q", "--data", whole, clicks(t, 1, 500))
	inSmallSegments(t, whole, data)
	if first, _ := openAndRelease(); first != 1 {
		t.Errorf("without snapshots the journal begins at %d", first)
	}
	run(exitOK, "snapshot", "--data", data)
	if first, _ := openAndRelease(); first != 1 {
		t.Errorf("with one snapshot the journal begins at %d", first)
	}
	more := clicks(t, 501, 600)
	run(exitOK, "import", "-q", "--data", whole, more)
	run(exitOK, "import", "-q", "--data", data, more)
	run(exitOK, "snapshot", "--data", data)
	first, last := openAndRelease()
	if first < 300 || first > 503 {
		t.Fatalf("with two snapshots the journal begins at %d, of %d", first, last)
	}
	t.Logf("positions %d to %d are kept", first, last)

	if got, want := run(exitOK, "export", "--data", data), run(exitOK, "export", "--data", whole); got.stdout != want.stdout || got.stdout == "" {
		t.Errorf("the export differs:\n%s\n%s", got.stdout, want.stdout)
	} else if !strings.Contains(got.stderr, fmt.Sprintf("the journal begins at position %d", first)) {
		t.Errorf("export says %s", got.stderr)
	}
	audited := run(exitOK, "audit", "--data", data, "--json")
	if !strings.HasPrefix(audited.stdout, `{"slates":2,"slates_differing":0,"cells":0,"differing":0,"not_comparable":0,"causes":{},"excluded":{"released":1}`) || !strings.Contains(audited.stderr, fmt.Sprintf("the journal begins at position %d", first)) {
		t.Errorf("audit says %s%s", audited.stdout, audited.stderr)
	}
	rows := filepath.Join(t.TempDir(), "rows.parquet")
	if o := run(exitOK, "features", "backfill", "--data", data, "--out", rows, "--json"); !strings.Contains(o.stdout, `"slates":2,"points":0,"rows":62,"equal":62,"differing":0,"absent":0,"excluded":{"released":1}`) ||
		!strings.Contains(o.stderr, fmt.Sprintf("the journal begins at position %d: rows are computed from the snapshot of position", first)) {
		t.Errorf("features backfill says %s%s", o.stdout, o.stderr)
	}
	if o := run(exitUsage, "features", "backfill", "--data", data, "--out", rows, "--mode", "event-time"); !strings.Contains(o.stderr, fmt.Sprintf("needs every event, and the journal begins at position %d", first)) {
		t.Errorf("features backfill --mode event-time says %s", o.stderr)
	}
	run(exitUsage, "export", "--data", data, "--to", fmt.Sprint(first-1))
	profiles := filepath.Join(t.TempDir(), "profiles")
	if o := run(exitOK, "profiles", "export", "--data", data, "--out", profiles); !strings.HasPrefix(o.stdout, "profiles of 7 users and 31 items ") ||
		!strings.Contains(o.stderr, fmt.Sprintf("the journal begins at position %d: events before it are in no profile", first)) {
		t.Errorf("profiles export says %s%s", o.stdout, o.stderr)
	}
	items, err := parquet.ReadFile[profile.Item](filepath.Join(profiles, "items.parquet"))
	if err != nil || len(items) != 31 || items[0].Item != "i0" || items[0].Category == nil || *items[0].Category != "crime" || items[0].Clicks == 0 || items[0].Clicks > 10 {
		t.Errorf("profiles of items begin with %+v: %v", items[:min(1, len(items))], err)
	}
	run(exitFailed, "profiles", "export", "--data", data, "--out", profiles+"-early", "--to", fmt.Sprint(first-1))
	dumped := run(exitOK, "dump", "--data", data)
	if lines := strings.Count(dumped.stdout, "\n"); uint64(lines) != last-first+1 || !strings.HasPrefix(dumped.stderr, fmt.Sprintf("from position %d on", first)) {
		t.Errorf("dump has %d lines of positions %d to %d and says %s", lines, first, last, dumped.stderr)
	}
	if o := run(exitOK, "verify", "--data", data); !strings.Contains(o.stdout, fmt.Sprintf("%d records from position %d on", last-first+1, first)) ||
		!strings.Contains(o.stdout, "and what the journal makes") {
		t.Errorf("verify says %s", o.stdout)
	}
	run(exitOK, "import", "-q", "--data", data, clicks(t, 601, 620))

	other := filepath.Join(t.TempDir(), "other.yaml")
	if err := os.WriteFile(other, []byte("lateness: 2h\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"import", "--data", data, "--config", other, more}, {"snapshot", "--data", data, "--config", other}, {"export", "--data", data, "--config", other}} {
		if o := run(exitUsage, command...); !strings.Contains(o.stderr, "the record was released") {
			t.Errorf("%s says %s", command[0], o.stderr)
		}
	}
	if o := run(exitOK, "verify", "--data", data, "--config", other); strings.Count(o.stdout, "made for another configuration or release") != 2 ||
		!strings.Contains(o.stdout, fmt.Sprintf("records from position %d on, which cannot be folded", first)) {
		t.Errorf("under another configuration verify says %s", o.stdout)
	}
	disk, err := fsys.Existing(data)
	if err != nil {
		t.Fatal(err)
	}
	list, err := snapshot.List(disk)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d snapshots, %v", len(list), err)
	}
	for _, info := range list {
		if err := snapshot.Check(disk, info.Position); err != nil {
			t.Error(err)
		}
		if err := disk.Remove(info.File); err != nil {
			t.Error(err)
		}
	}
	if err := disk.Close(); err != nil {
		t.Error(err)
	}
	run(exitUsage, "snapshot", "--data", data)
	run(exitDamaged, "verify", "--data", data)
}
