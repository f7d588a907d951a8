package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
)

// recordsIn is how many records of a data directory are durable, 0 when there is no journal yet.
// A writer may be at work.
func recordsIn(t *testing.T, data string) int {
	t.Helper()
	disk, err := fsys.Existing(data)
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	reader, err := journal.OpenReader(disk)
	if errors.Is(err, fs.ErrNotExist) {
		if err := disk.Close(); err != nil {
			t.Fatal(err)
		}
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	n := int(reader.Durable())
	if err := errors.Join(reader.Close(), disk.Close()); err != nil {
		t.Fatal(err)
	}
	return n
}

// running is an import in a process of its own.
type running struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func startImport(t *testing.T, data, path string) *running {
	t.Helper()
	r := &running{cmd: exec.Command("freshet", "import", "--quiet", "--data", data, path), ended: make(chan struct{})}
	r.cmd.Dir = t.TempDir()
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.ended)
		_ = r.cmd.Wait() // how it ended is in ProcessState
	}()
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill() // it may have ended already
		<-r.ended
	})
	return r
}

// reaches waits until so many records are durable; false says that the import ended before.
func (r *running) reaches(t *testing.T, data string, records int) bool {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if r.over() {
			return false
		}
		if recordsIn(t, data) >= records {
			return !r.over()
		}
	}
	t.Fatal("the import does not come so far in time")
	return false
}

func (r *running) over() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// dumped is the hash of all records, but for the time they were received.
func dumped(t *testing.T, data string) [32]byte {
	t.Helper()
	out, talk, code := runCommand(t, "dump", "--data", data)
	if code != 0 {
		t.Fatalf("dump exits with %d\n%s", code, talk)
	}
	return sha256.Sum256(regexp.MustCompile(`"received_ms":\d+`).ReplaceAll([]byte(out), nil))
}

// An import that is killed half way and run again ends as one that was left alone: the same
// records in the same order, the same state, the same dead letters.
func TestKilledImportRunAgainEqualsACleanOne(t *testing.T) {
	var short []poison
	for _, p := range poisons() {
		if len(p.line) < 1000 {
			short = append(short, p)
		}
	}
	const lines = 100_000
	l := newLoad(lines, short)
	path := writeFile(t, "load.jsonl", l.text)
	clean := filepath.Join(t.TempDir(), "clean")
	importFile(t, clean, path, exitRefused)

	killed := ""
	for try := 0; killed == ""; try++ {
		if try == 5 {
			t.Fatal("the import ended before it could be killed, five times")
		}
		data := filepath.Join(t.TempDir(), "data")
		r := startImport(t, data, path)
		if !r.reaches(t, data, lines/2) {
			continue
		}
		if err := r.cmd.Process.Kill(); err != nil {
			continue // it has just ended
		}
		<-r.ended
		if n := recordsIn(t, data); n < l.good {
			t.Logf("killed with %d of %d events in", n, l.good)
			killed = data
		}
	}
	before := recordsIn(t, killed) - 1 // the definitions are a record
	reply := importFile(t, killed, path, exitRefused)
	if reply.Accepted == 0 || reply.Accepted+reply.Duplicate != l.good+l.twice || reply.Accepted < l.good-before-4096 {
		t.Errorf("%d accepted and %d duplicate of %d, %d of them in before", reply.Accepted, reply.Duplicate, l.good, before)
	}
	if dumped(t, killed) != dumped(t, clean) {
		t.Error("the records are not those of a clean import")
	}
	if got, want := stateHash(t, killed), stateHash(t, clean); got != want {
		t.Errorf("the state is %s, that of a clean import %s", got, want)
	}
	got, want := lettersIn(t, killed), lettersIn(t, clean)
	for i := range got {
		got[i].Received = 0
	}
	for i := range want {
		want[i].Received = 0
	}
	if len(got) != len(l.codes) || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d dead letters, %d of a clean import, %d lines of poison", len(got), len(want), len(l.codes))
	}
}

// While an import is at work a second one is told that the directory is in use, and changes
// nothing; afterwards it goes in.
func TestSecondImportAtOnceIsToldToWait(t *testing.T) {
	first := writeFile(t, "first.jsonl", newLoad(80_000, nil).text)
	second := writeFile(t, "second.jsonl", []byte(with(`"ts":1500000000`)+"\n"+with(`"rank":0`)+"\n"))
	want := filepath.Join(t.TempDir(), "want")
	importFile(t, want, first, exitOK)
	importFile(t, want, second, exitRefused)
	for range 5 {
		data := filepath.Join(t.TempDir(), "data")
		r := startImport(t, data, first)
		if !r.reaches(t, data, 1) {
			continue
		}
		_, talk, code := runCommand(t, "import", "--data", data, second)
		if r.over() {
			continue // the first was too quick to be in the way
		}
		if code != exitInUse || !strings.Contains(talk, "is in use by freshet") {
			t.Fatalf("the second import exits with %d:\n%s", code, talk)
		}
		if <-r.ended; r.cmd.ProcessState.ExitCode() != exitOK {
			t.Fatalf("the first import: %v", r.cmd.ProcessState)
		}
		if n := len(lettersIn(t, data)); n > 0 {
			t.Errorf("%d dead letters of an import that was refused", n)
		}
		importFile(t, data, second, exitRefused)
		if dumped(t, data) != dumped(t, want) || stateHash(t, data) != stateHash(t, want) || len(lettersIn(t, data)) != 1 {
			t.Error("the result is not that of one import after the other")
		}
		return
	}
	t.Fatal("the first import ended before the second one could meet it, five times")
}

// A file that is sorted backwards gives the state of the one sorted forwards; one that speaks of
// a single visitor and item is like any other.
func TestOrderWithinAFileDoesNotMatter(t *testing.T) {
	lines := bytes.SplitAfter(newLoad(20_000, nil).clean, []byte("\n"))
	backwards := slices.Clone(lines)
	slices.Reverse(backwards)
	hashes := map[string]string{}
	for name, text := range map[string][]byte{"forwards": bytes.Join(lines, nil), "backwards": bytes.Join(backwards, nil)} {
		data := filepath.Join(t.TempDir(), name)
		if reply := importFile(t, data, writeFile(t, name+".jsonl", text), exitOK); reply.Late != 0 {
			t.Errorf("%s: %d events are late", name, reply.Late)
		}
		hashes[name] = stateHash(t, data)
	}
	if hashes["forwards"] != hashes["backwards"] {
		t.Errorf("hashes %v", hashes)
	}

	var one []byte
	for i := range 20_000 {
		one = fmt.Appendf(one, `{"user_id":"u","item_id":"i","event":"click","ts":%d}`+"\n", 1_600_000_000+i)
	}
	data := filepath.Join(t.TempDir(), "one")
	if reply := importFile(t, data, writeFile(t, "one.jsonl", one), exitOK); reply.Accepted != 20_000 {
		t.Errorf("of one key: %+v", reply)
	}
}

// A CSV file is not a form that is read: every line of it is refused with its number, whatever
// its quotes and line ends, and what is a good event among them goes in.
func TestLinesOfACSVFileAreRefusedByNumber(t *testing.T) {
	text := "\ufeffuser,item,event\r\n" + "u,i,click\n" + "u,i\n" + "\"u,i,click\n" + "u,i,click\ru,i,click\n" + "user,item,event\n" + with(`"ts":1500000000`) + "\r\n" + "a,b"
	data, path := filepath.Join(t.TempDir(), "data"), writeFile(t, "clicks.csv", []byte(text))
	reply := importFile(t, data, path, exitRefused)
	var lines []int
	for _, e := range reply.Errors {
		lines = append(lines, e.Line)
		if e.Code != "malformed" {
			t.Errorf("line %d: %s", e.Line, e.Code)
		}
	}
	if reply.Accepted != 1 || !slices.Equal(lines, []int{1, 2, 3, 4, 5, 6, 8}) {
		t.Errorf("%d accepted, refused lines %v", reply.Accepted, lines)
	}
	if n := len(lettersIn(t, data)); n != 7 {
		t.Errorf("%d dead letters", n)
	}
}

// What cannot be an import's file is refused before anything is made.
func TestImportOfWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := exec.Command("mkfifo", pipe).Run(); err != nil {
		t.Fatalf("mkfifo: %v", err)
	}
	for _, path := range []string{pipe, "/dev/zero", dir, filepath.Join(dir, "missing")} {
		data := filepath.Join(t.TempDir(), "data")
		if _, talk, code := runCommand(t, "import", "--data", data, path); code != exitUsage || !strings.Contains(talk, filepath.Base(path)) {
			t.Errorf("%s: exit %d\n%s", path, code, talk)
		}
		if _, err := os.Stat(data); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the data directory was made: %v", path, err)
		}
	}
}
