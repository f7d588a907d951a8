package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// call is one system call in a trace: the lines at which it began and had returned.
type call struct {
	name, args      string
	began, returned int
}

var (
	traceLine    = regexp.MustCompile(`^(\d+) +(\w+)\((.*)$`)
	traceResumed = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>`)
)

// readTrace pairs the calls of strace -f output. Lines are in the order things happened.
func readTrace(text string) []call {
	var calls []call
	open := map[string]int{} // thread to its unfinished call
	for i, line := range strings.Split(text, "\n") {
		if m := traceResumed.FindStringSubmatch(line); m != nil {
			if at, ok := open[m[1]]; ok {
				calls[at].returned = i
				delete(open, m[1])
			}
			continue
		}
		m := traceLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		calls = append(calls, call{name: m[2], args: m[3], began: i, returned: i})
		if strings.HasSuffix(line, "<unfinished ...>") {
			open[m[1]] = len(calls) - 1
		}
	}
	return calls
}

// TestReplyFollowsFsync looks at the system calls of a server under concurrent posts: no 200
// leaves before an fdatasync that began after the write of its record had returned.
func TestReplyFollowsFsync(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed, so the order of system calls cannot be seen; on Debian: apt-get install strace")
	}
	const clients, posts = 4, 40
	trace := filepath.Join(t.TempDir(), "trace.txt")
	p := start(t, filepath.Join(t.TempDir(), "data"), "strace", "-D", "-f", "-s", "65536", "-e", "trace=pwrite64,write,fdatasync", "-e", "signal=none", "-o", trace)
	positions := make([]map[string]string, clients) // event id to the position acknowledged
	var wg sync.WaitGroup
	for c := range clients {
		positions[c] = map[string]string{}
		wg.Go(func() {
			for i := range posts {
				id := fmt.Sprintf("trace-%d-%d-end", c, i)
				var ack acknowledgement
				status, err := p.post("/v1/events", behaviour{ID: id, User: "ada", Item: "b-1", Event: "click", TS: 1_700_000_000_000}, &ack)
				if err != nil || status != 200 || ack.Accepted != 1 {
					t.Errorf("post %s: status %d, %+v, %v", id, status, ack, err)
					return
				}
				positions[c][id] = ack.Position
			}
		})
	}
	wg.Wait()
	p.stop(t, os.Interrupt)
	calls := readTrace(finished(t, trace, p.cmd.Process.Pid))
	checked := 0
	for _, acked := range positions {
		for id, position := range acked {
			if err := followsFsync(calls, id, position); err != nil {
				t.Error(err)
			}
			checked++
		}
	}
	if checked != clients*posts {
		t.Fatalf("%d replies were looked at, want %d", checked, clients*posts)
	}
	t.Logf("%d replies, each after an fdatasync begun after its record was written", checked)
}

// finished returns the trace of a process once it tells of its end.
func finished(t *testing.T, trace string, pid int) string {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); sleepBriefly() {
		text, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(fmt.Sprintf(`(?m)^%d +\+\+\+ exited`, pid)).Match(text) {
			return string(text)
		}
	}
	t.Fatal("the trace does not end")
	return ""
}

func followsFsync(calls []call, id, position string) error {
	written, replied := -1, -1
	for _, c := range calls {
		switch {
		case c.name == "pwrite64" && written < 0 && strings.Contains(c.args, id):
			written = c.returned
		case c.name == "write" && replied < 0 && strings.Contains(c.args, "HTTP/1.1 200") && strings.Contains(c.args, `\"position\":\"`+position+`\"`):
			replied = c.began
		}
	}
	if written < 0 || replied < 0 {
		return fmt.Errorf("%s at %s: record written at line %d, reply at line %d of the trace", id, position, written, replied)
	}
	for _, c := range calls {
		if c.name == "fdatasync" && c.began > written && c.returned < replied {
			return nil
		}
	}
	return fmt.Errorf("%s at %s: no fdatasync between the record (line %d) and the reply (line %d)", id, position, written, replied)
}
