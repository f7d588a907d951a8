package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openTerminal makes a terminal: what is written to tty can be read from the other side.
func openTerminal(t *testing.T, columns, rows uint16) (side, tty *os.File) {
	t.Helper()
	side, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = side.Close() })
	if err := unix.IoctlSetPointerInt(int(side.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(side.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(side.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}); err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return side, tty
}

var figures = regexp.MustCompile(`\d[\d,.]*`)

// form is a screen without what differs from run to run: figures and their units, how freshet was called,
// and how a server of another address is named.
func form(lines []string) (forms []string) {
	address := regexp.MustCompile(` --server http://[0-9.:]+`)
	for _, line := range lines {
		line = strings.ReplaceAll(address.ReplaceAllString(line, ""), "bin/freshet", "freshet")
		line = strings.ReplaceAll(figures.ReplaceAllString(line, "0"), "0 ms", "0 s")
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			forms = append(forms, line)
		}
	}
	return forms
}

// TestReadmeFirstScreen runs the demo on a terminal until visitors have come, and compares the screen with
// the one in the README. The demo as it is may be training meanwhile, for which it waits until nothing else
// works; the one whose training does not give way has its ranker.
func TestReadmeFirstScreen(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(readme), "```text\n")
	if !ok {
		t.Fatal("the README shows no first screen")
	}
	block, _, _ = strings.Cut(block, "```")
	want := form(strings.Split(block, "\n"))
	t.Run("as it is", func(t *testing.T) {
		const ranker = "ranker "
		training := form([]string{trainingDemo})[0]
		firstScreen(t, "freshet", want, func(line string) string {
			if strings.HasPrefix(line, ranker) && strings.HasSuffix(line, training) {
				line = want[slices.IndexFunc(want, func(line string) bool { return strings.HasPrefix(line, ranker) })]
			}
			return line
		})
	})
	t.Run("trained", func(t *testing.T) { firstScreen(t, "prompt", want, func(line string) string { return line }) })
}

// firstScreen runs the demo of a program until its screen has the form that is wanted, after what is made
// of each line.
func firstScreen(t *testing.T, program string, want []string, of func(line string) string) {
	const columns, rows = 120, 30
	side, tty := openTerminal(t, columns, rows)
	demo := exec.Command(program, "demo", "--listen", freeAddress(t))
	demo.Dir = t.TempDir()
	temporary := t.TempDir()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); name != "NO_COLOR" && name != "CI" && name != "TERM" {
			demo.Env = append(demo.Env, entry)
		}
	}
	demo.Env = append(demo.Env, "TMPDIR="+temporary, "TERM=xterm")
	demo.Stdout, demo.Stderr = tty, tty
	began := time.Now()
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	var shown talk
	go func() { _, _ = io.Copy(&shown, side) }() // ends when the terminal is closed
	screenNow := func() []string { return played(shown.String(), columns, rows) }
	formOf := func(lines []string) (forms []string) {
		for _, line := range form(lines) {
			forms = append(forms, of(line))
		}
		return forms
	}
	seen := screenNow()
	for ; !slices.Equal(formOf(seen), want) && time.Since(began) < patience; seen = screenNow() { // it may be half drawn
		time.Sleep(100 * time.Millisecond)
	}
	if err := demo.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := demo.Wait(); err != nil {
		t.Fatalf("the demo ends with %v\n%s", err, strings.Join(screenNow(), "\n"))
	}
	t.Logf("after %s:\n%s", time.Since(began).Round(100*time.Millisecond), strings.Join(seen, "\n"))
	if got := formOf(seen); !slices.Equal(got, want) {
		t.Errorf("the first screen has the form\n%s\nthe README shows\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	left, err := filepath.Glob(filepath.Join(temporary, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the demo left %v behind (%v)", left, errors.Join(err))
	}
}
