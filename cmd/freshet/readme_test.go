package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// lineForms are the kinds of lines that the commands of the README print. What stands in them
// depends on the day: the invented history ends now.
var lineForms = []struct {
	name string
	form *regexp.Regexp
}{
	{"head", regexp.MustCompile(`^ # +(was +)?item +score +because$`)},
	{"place with a move", regexp.MustCompile(`^ ?\d+ +(new|=|▲ \d+|▼ \d+) +\S.* b-\d{4} +0\.\d+ +\S.* \[[a-z, ]+\]$`)},
	{"place", regexp.MustCompile(`^ ?\d+ +\S.* b-\d{4} +0\.\d+ +\S.* \[[a-z, ]+\]$`)},
	{"foot", regexp.MustCompile(`^request r-[0-9A-Z]+ · reflected: yes · 5 of 5 places · [0-9.]+ ms$`)},
	{"acknowledgement", regexp.MustCompile(`^accepted click by ada on b-0417 · position \d+ · durable and applied in [0-9.]+ ms$`)},
	{"foot with a click", regexp.MustCompile(`^click reflected: yes \(position \d+, applied [0-9.]+ ms after arrival\) · request r-[0-9A-Z]+ · [0-9.]+ ms$`)},
}

func formsOf(t *testing.T, where, output string) (forms []string) {
	t.Helper()
lines:
	for line := range strings.Lines(output) {
		if line = strings.TrimRight(line, "\n"); line == "" {
			continue
		}
		for _, f := range lineForms {
			if f.form.MatchString(line) {
				forms = append(forms, f.name)
				continue lines
			}
		}
		t.Errorf("%s: a line of no known form: %q", where, line)
	}
	return forms
}

// TestReadmeExperiment runs the commands of the README against the demo and compares what they
// print, line by line, with the form of what the README shows.
func TestReadmeExperiment(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(readme), "```console\n")
	if !ok {
		t.Fatal("the README shows no commands")
	}
	block, _, _ = strings.Cut(block, "```")
	address := freeAddress(t)
	file := writeFile(t, "demo.yaml", demoYAML)
	if err := unhurry(file); err != nil {
		t.Fatal(err)
	}
	demo := exec.Command("freshet", "demo", "--config", file, "--listen", address)
	demo.Dir = t.TempDir()
	temporary := t.TempDir()
	demo.Env = append(os.Environ(), "TMPDIR="+temporary)
	demo.Stderr = &talk{}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := demo.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := demo.Wait(); err != nil {
			t.Errorf("the demo ends with %v\n%s", err, demo.Stderr)
		}
		if left, err := filepath.Glob(filepath.Join(temporary, "freshet-demo-*")); err != nil || len(left) > 0 {
			t.Errorf("the demo left %v behind (%v)", left, err)
		}
	})
	t.Setenv("FRESHET_SERVER", "http://"+address)
	for deadline := time.Now().Add(patience); ; sleepBriefly() {
		if _, _, code := runCommand(t, "status"); code == exitOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the demo does not answer within %s\n%s", patience, demo.Stderr)
		}
	}
	commands := 0
	for part := range strings.SplitSeq(block, "$ bin/freshet ") {
		command, shown, _ := strings.Cut(part, "\n")
		if strings.TrimSpace(command) == "" {
			continue
		}
		commands++
		out, talk, code := runCommand(t, strings.Fields(command)...)
		if code != exitOK {
			t.Fatalf("freshet %s: exit %d\n%s", command, code, talk)
		}
		want, got := formsOf(t, "README, "+command, shown), formsOf(t, command, out)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("freshet %s prints\n%s\nthe README shows\n%s", command, out, shown)
		}
	}
	if commands != 3 {
		t.Errorf("the README shows %d commands, want 3", commands)
	}
}
