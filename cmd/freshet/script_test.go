package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/internal/sim"
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
			"exits": exits,
			"await": await,
			"world": world,
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

// await waits until the script's server answers.
func await(ts *testscript.TestScript, _ bool, _ []string) {
	for range 500 {
		if ts.Exec("freshet", "status", "--json") == nil {
			return
		}
		sleepBriefly()
	}
	ts.Fatalf("no server at %s", os.Getenv("FRESHET_SERVER"))
}
