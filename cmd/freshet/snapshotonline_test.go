package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/rank/modeltest"
	"github.com/freshet-rec/freshet/registry"
)

// TestSnapshotOfWhatIsLearned: a snapshot that is taken by a process of its own knows what the server has
// learned online, and so does verify.
func TestSnapshotOfWhatIsLearned(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	file := filepath.Join(t.TempDir(), "freshet.yaml")
	text := []byte("ranker: {fields: [], online: {enabled: true}}\n")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, problems := config.Parse(file, text, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	cfg.Data = data
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	a := &app{stdout: io.Discard, stderr: io.Discard, now: time.Now}
	n, err := openNode(t.Context(), a, cfg, true)
	ok(err)
	now := time.Now().UnixMilli()
	m := modeltest.LR(t, n.state.RowNames().Numbers, []float64{0, 100}, -1, func(string) []float32 { return nil })
	saved, err := registry.Save(n.disk, registry.Manifest{Model: "lr", Definitions: feature.Hash(cfg.Features), LogLoss: 0.3, Baseline: 0.4, AUC: 0.7}, m, time.Now())
	ok(err)
	record, err := json.Marshal(fold.Switch{Name: "lr", Version: saved.Version, SHA256: saved.SHA256, By: fold.Promoted})
	ok(err)
	_, err = n.stream.Switch(t.Context(), now, record)
	ok(err)
	for i := range 20 {
		show := fold.Served{Request: fmt.Sprintf("r-%d", i), Visitor: freshet.VisitorOf("ada", "", ""), Time: now, Items: []fold.ServedItem{{Item: "x"}}}
		text, err := json.Marshal(&show)
		ok(err)
		ok(n.stream.Served(t.Context(), now, text))
	}
	ok(n.stream.WaitApplied(t.Context(), n.log.Last()))
	ranker := n.shelf.Ranker("lr", saved.Version, saved.SHA256, n.state.Definitions)
	if ranker == nil || ranker.Schema().Differs(n.state.RowNames()) != "" || !n.state.Learns() {
		t.Fatalf("too tame: learns %v of %+v", n.state.Learns(), n.state.RowNames())
	}
	ok(n.close())
	for _, command := range []string{"snapshot", "verify"} {
		if o := runOn(t, t.Context(), "", nil, command, "--config", file, "--data", data); o.code != exitOK {
			t.Fatalf("%s: exit code %d\n%s%s", command, o.code, o.stdout, o.stderr)
		}
	}
	again, err := openNode(t.Context(), &app{stdout: io.Discard, stderr: io.Discard, now: time.Now}, cfg, true)
	ok(err)
	if again.snapped == 0 {
		t.Error("the snapshot is not used")
	}
	_, err = a.snapshotLocked(cfg, again)
	ok(err)
	ok(again.close())
	if o := runOn(t, t.Context(), "", nil, "verify", "--config", file, "--data", data); o.code != exitOK || !strings.Contains(o.stdout, "and what the journal makes") {
		t.Errorf("what the server took: exit code %d\n%s%s", o.code, o.stdout, o.stderr)
	}
}
