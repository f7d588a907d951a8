package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/internal/sim"
)

// trainedOf are the checksums of the first versions of all models.
func trainedOf(t *testing.T, data string) string {
	t.Helper()
	var sums []string
	for _, model := range trainable {
		text, err := os.ReadFile(filepath.Join(data, "models", model, "1", "manifest.json"))
		if err != nil {
			t.Fatal(err)
		}
		var m struct{ SHA256 string }
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		sums = append(sums, model+" "+m.SHA256)
	}
	return strings.Join(sums, "\n")
}

// killedAt runs freshet and kills it once a file is there. False says that it ended well before.
func killedAt(t *testing.T, file, data string, args ...string) bool {
	t.Helper()
	cmd := exec.Command("freshet", args...)
	var talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &talk, &talk
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for there := false; !there; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("it ended before %s was there: %v\n%s", file, err, talk.String())
			}
			return false
		case <-time.After(time.Millisecond):
			_, err := os.Stat(filepath.Join(data, file))
			there = err == nil
		}
	}
	_ = cmd.Process.Kill() // it may have ended already
	return <-ended != nil
}

// TestTrainingGoesOn kills a training in each of its stages, and the one that goes on from there, and
// holds what comes of it against a training that nobody killed.
func TestTrainingGoesOn(t *testing.T) {
	w := sim.New(sim.Options{Seed: 5, Items: 200, Visitors: 500, Days: 14, End: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)})
	var lines []byte
	for e := range w.History() {
		lines = append(codec.AppendEvent(lines, &e), '\n')
	}
	dir := t.TempDir()
	file, whole, killed := filepath.Join(dir, "events.jsonl"), filepath.Join(dir, "whole"), filepath.Join(dir, "killed")
	if err := os.WriteFile(file, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{whole, killed} {
		inProcess(t, 0, nil, "import", "-q", "--data", data, file)
	}
	args := []string{"train", "--foreground", "--model", "all", "--data"}
	inProcess(t, 0, nil, append(args, whole)...)

	// Each of these appears when a stage is over.
	stages := []string{"training/rows/rows", "training/rows/sealed", "models/lr/1", "models/fm/1", "models/embedding/1"}
	for _, stage := range stages {
		for try := 1; ; try++ {
			data := filepath.Join(t.TempDir(), "killed")
			if err := os.CopyFS(data, os.DirFS(killed)); err != nil {
				t.Fatal(err)
			}
			if killedAt(t, stage, data, append(args, data)...) {
				killed = data
				break
			}
			if try == 5 {
				t.Fatalf("it ended before it could be killed once %s was there, five times", stage)
			}
		}
	}
	out, talk, code := runWithin(t, 10*time.Minute, append(args, killed)...)
	if code != 0 || !strings.Contains(talk, "lr · version 1, trained before") || !strings.Contains(talk, "goes on") {
		t.Fatalf("ends with %d: %s%s", code, out, talk)
	}
	if got, want := trainedOf(t, killed), trainedOf(t, whole); got != want {
		t.Errorf("killed on the way it comes to\n%s\nundisturbed to\n%s", got, want)
	}
	left, err := os.ReadDir(filepath.Join(killed, "training"))
	if err != nil || len(left) != 1 || left[0].Name() != "LOCK" {
		t.Errorf("%v is left of the training, %v", left, err)
	}
	for _, model := range trainable {
		if versions, err := os.ReadDir(filepath.Join(killed, "models", model)); err != nil || len(versions) != 1 {
			t.Errorf("%s has the versions %v, %v", model, versions, err)
		}
	}
}
