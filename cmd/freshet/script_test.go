package main

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/internal/sim"
	"github.com/freshet-rec/freshet/snapshot"
)

// TestScripts runs the command lines in testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			address := freeAddress(t)
			env.Setenv("FRESHET_LISTEN", address)
			env.Setenv("FRESHET_SERVER", "http://"+address)
			env.Setenv("NO_COLOR", "1")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":    exits,
			"await":    await,
			"world":    world,
			"replayed": replayed,
			"bend":     bend,
			"newer":    newer,
			"tearmark": tearMark,
			"ahead":    ahead,
			"same":     same,
			"samehash": sameHash,
			"calm":     calm,
		},
	})
}

// exits CODE COMMAND… runs a command that must end with the code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("%s exits with %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// world FILE writes what was wanted in a small invented shop, one event a line.
func world(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: world FILE")
	}
	w := sim.New(sim.Options{Seed: 5, Items: 200, Visitors: 500, Days: 14, End: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)})
	var lines []byte
	for e := range w.History() {
		if e.Name == "expose" { // then others that recall proposed are what a click is compared with
			continue
		}
		lines = append(codec.AppendEvent(lines, &e), '\n')
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), lines, 0o600))
}

// calm FILE makes a configuration one under which slates lack nothing on any machine. Without the file it
// is the default.
func calm(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: calm FILE")
	}
	ts.Check(unhurry(ts.MkAbs(args[0])))
}

// replayed DATA LEAST replays every slate of a journal, of which there are at least so many, and
// each must come again.
func replayed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: replayed DATA LEAST")
	}
	ts.Check(ts.Exec("freshet", "dump", "--data", args[0]))
	least, err := strconv.Atoi(args[1])
	ts.Check(err)
	slates := 0
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var rec struct {
			Served *struct {
				Request string `json:"request_id"`
			}
		}
		ts.Check(json.Unmarshal([]byte(line), &rec))
		if rec.Served == nil {
			continue
		}
		slates++
		ts.Check(ts.Exec("freshet", "replay", rec.Served.Request, "--data", args[0], "--json"))
		if !strings.Contains(ts.ReadFile("stdout"), `"equal":true`) {
			ts.Fatalf("%s", ts.ReadFile("stdout"))
		}
	}
	if slates < least {
		ts.Fatalf("%d slates were served, want at least %d", slates, least)
	}
}

// bend DIR changes a byte in the middle of every file of a directory.
func bend(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: bend DIR")
	}
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*"))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("there is nothing to bend in %s", args[0])
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		ts.Check(err)
		if len(text) == 0 { // a lock
			continue
		}
		text[len(text)/2] ^= 4
		ts.Check(os.WriteFile(name, text, 0o600))
	}
}

// newer DIR makes every snapshot of a directory one of the format after this release's.
func newer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: newer DIR")
	}
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*.snap"))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("there is no snapshot in %s", args[0])
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		ts.Check(err)
		const head = 96 // and its checksum
		binary.LittleEndian.PutUint32(text[8:], snapshot.FormatVersion+1)
		binary.LittleEndian.PutUint32(text[head:], crc32.Checksum(text[:head], crc32.MakeTable(crc32.Castagnoli)))
		ts.Check(os.WriteFile(name, text, 0o600))
	}
}

// tearMark DATA changes a bit of the newer slot of the durable mark.
func tearMark(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: tearmark DATA")
	}
	name := filepath.Join(ts.MkAbs(args[0]), "journal", "durable")
	text, err := os.ReadFile(name)
	ts.Check(err)
	position := func(slot int) uint64 { return binary.LittleEndian.Uint64(text[32*slot+4:]) }
	newer := 1
	if position(2) > position(1) {
		newer = 2
	}
	text[32*newer+5] ^= 4
	ts.Check(os.WriteFile(name, text, 0o600))
}

// sameHash compares the sha256 that two replies name.
func sameHash(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: samehash ONE OTHER")
	}
	var sums [2]struct{ SHA256 string }
	for i, name := range args {
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(name)), &sums[i]))
	}
	if sums[0].SHA256 == "" || sums[0] != sums[1] {
		ts.Fatalf("hashes %v", sums)
	}
}

// same FROM TO makes a copy of a data directory.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: same FROM TO")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
}

// ahead FROM TO gives a data directory the newest snapshot of another.
func ahead(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ahead FROM TO")
	}
	ts.Check(ts.Exec("freshet", "snapshot", "--quiet", "--data", args[0]))
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "snapshots", "*.snap"))
	ts.Check(err)
	text, err := os.ReadFile(files[len(files)-1])
	ts.Check(err)
	ts.Check(os.MkdirAll(filepath.Join(ts.MkAbs(args[1]), "snapshots"), 0o750))
	ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[1]), "snapshots", filepath.Base(files[len(files)-1])), text, 0o600))
}

// await [TEXT] waits until the server answers, and its status says TEXT.
func await(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.Join(args, " ")
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); sleepBriefly() {
		if ts.Exec("freshet", "status", "--json") == nil && strings.Contains(ts.ReadFile("stdout"), text) {
			return
		}
	}
	ts.Fatalf("no server at %s whose status says %q", ts.Getenv("FRESHET_SERVER"), text)
}
