package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/sim"
)

// smallShop is a world just large enough to train on.
var smallShop = sim.Options{Seed: 1, Visitors: 500, Items: 400, End: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}

// TestBenchSmoke runs every workload against the real server, as shortly as can be.
func TestBenchSmoke(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, name := range benchNames() {
		t.Run(name, func(t *testing.T) {
			var talk bytes.Buffer
			a := &app{stdout: io.Discard, stderr: &talk, now: time.Now}
			result, err := a.bench(t.Context(), config.Default(), &benchOptions{
				name: name, duration: bench.MinDuration, maxLag: time.Minute, world: smallShop, events: 6000, snapshot: a.takeSnapshot,
				apart: func(ctx context.Context, l *bench.Load) (bench.Loaded, error) { return l.Send(ctx, a.now) },
			})
			if err != nil {
				t.Fatalf("%v\n%s", err, &talk)
			}
			if result.Bench != name || len(result.Lines) == 0 {
				t.Fatalf("result %+v", result)
			}
			text, err := json.Marshal(result)
			if err != nil {
				t.Fatal(err)
			}
			if ranked := bytes.Contains(text, []byte("candidates ranked by lr@1")); ranked == (name == "ingest" || name == bench.Journal || name == recovery) {
				t.Errorf("ranked by the model: %v\n%s\n%s", ranked, text, &talk)
			}
			for _, l := range result.Lines {
				if l.Metric == "reflected" && (l.Value != 100 || l.Warning != "") {
					t.Errorf("acknowledged events were not reflected: %+v", l)
				}
				if l.Value <= 0 {
					t.Errorf("a line without a value: %+v", l)
				}
			}
		})
	}
	left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "freshet-bench-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// TestBenchCopiesData: with --data the slates of a directory are measured, of which nothing
// changes although a server is its writer.
func TestBenchCopiesData(t *testing.T) {
	dir := t.TempDir()
	a := &app{stdout: io.Discard, stderr: io.Discard, now: time.Now}
	cfg := config.Default()
	cfg.Data = filepath.Join(dir, "data")
	made := &benchOptions{name: "ingest", world: smallShop, events: 6000}
	if err := a.fillBench(t.Context(), cfg, made); err != nil {
		t.Fatal(err)
	}
	writer, err := openNode(t.Context(), a, cfg, false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := writer.close(); err != nil {
			t.Error(err)
		}
	}()
	before := contentsOf(t, cfg.Data)
	measured := *cfg
	result, err := a.bench(t.Context(), &measured, &benchOptions{name: "recommend", duration: bench.MinDuration, maxLag: time.Minute, data: cfg.Data})
	if err != nil {
		t.Fatal(err)
	}
	if got := result.Lines[0]; got.Metric != "slates" || got.Value <= 0 || !strings.Contains(got.Bound, "ranked by lr@1") {
		t.Errorf("line %+v", got)
	}
	for name, text := range contentsOf(t, cfg.Data) {
		if was, ok := before[name]; !ok || was != text {
			t.Errorf("%s was changed", name)
		}
		delete(before, name)
	}
	for name := range before {
		t.Errorf("%s is gone", name)
	}
}

// contentsOf reads every file below a directory.
func contentsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestThinned(t *testing.T) {
	world := sim.New(smallShop)
	for _, events := range []int{1, world.Len() / 2, world.Len(), world.Len() + 1} {
		keep := thinned(world, events)
		acts, kept, gap, longest := 0, 0, 0, 0
		for e := range world.History() {
			exposure := isExposure(&e)
			if !exposure {
				acts++
			}
			switch {
			case keep(&e):
				kept++
				if exposure {
					gap = 0
				}
			case !exposure:
				t.Fatal("an act was left out")
			default:
				gap++
				longest = max(longest, gap)
			}
		}
		if want := min(world.Len(), max(acts, events)); kept != want {
			t.Errorf("%d of %d events kept, want %d", kept, world.Len(), want)
		}
		if events == world.Len()/2 && longest > 3 {
			t.Errorf("%d exposures in a row were left out: they are to be thinned evenly", longest)
		}
	}
}
