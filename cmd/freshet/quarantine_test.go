package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/stream"
)

// poisonable puts first on PATH a freshet that dies of certain events; no release does.
func poisonable(t *testing.T) {
	t.Helper()
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-tags", "freshet_poison", "-o", filepath.Join(bin, "freshet"), ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// restarts starts a server on a data directory until it serves, and says how often.
func restarts(t *testing.T, data string) (p *process, n int) {
	t.Helper()
	for n = 1; ; n++ {
		if n > 5 {
			t.Fatal("it does not start any more")
		}
		address := freeAddress(t)
		cmd := exec.Command("freshet", "serve", "--data", data, "--listen", address)
		p = &process{cmd: cmd, url: "http://" + address, talk: &talk{}, ended: make(chan struct{})}
		cmd.Stderr, cmd.Dir = p.talk, t.TempDir()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			defer close(p.ended)
			_ = cmd.Wait() // it may die
		}()
		t.Cleanup(func() { _ = p.cmd.Process.Kill(); <-p.ended })
		for {
			select {
			case <-p.ended:
				if code := cmd.ProcessState.ExitCode(); code == 0 {
					t.Fatalf("it died with exit 0:\n%s", p.talk)
				}
			case <-time.After(5 * time.Millisecond):
				resp, err := http.Get(p.url + "/ready")
				if err != nil {
					continue
				}
				_ = resp.Body.Close() // nothing is read of it
				if resp.StatusCode == http.StatusOK {
					return p, n
				}
				continue
			}
			break
		}
	}
}

// poisonBooks are what /status says of the events.
type poisonBooks struct {
	Ledger struct {
		Received, Accepted, Duplicate, Refused, Applied, Late, Erased, Pending uint64
		DeadLettered                                                           uint64 `json:"dead_lettered"`
	}
	Quarantined []struct{ Position, Reason, Rejected string }
}

func booksOf(t *testing.T, p *process) (b poisonBooks) {
	t.Helper()
	out, talk, code := runCommand(t, "status", "--json", "--server", p.url)
	if err := json.Unmarshal([]byte(out), &b); err != nil || code != 0 {
		t.Fatalf("status: exit %d, %v\n%s", code, err, talk)
	}
	return b
}

// TestGoalQuarantine posts events that the program dies of, to the real one: by a panic where it
// decodes, by one where it folds in, and by what nothing recovers from. Each time the server serves
// again after at most three restarts, knows everything else that was acknowledged, and every command
// that folds the journal passes the same record over.
func TestGoalQuarantine(t *testing.T) {
	g := goal.Begin(t, "G14", "flowing again after ≤ 3 restarts, nothing else lost", goal.Sizes{Quick: 4, CI: 4})
	poisonable(t)
	most := 0
	for _, kind := range []string{"poison-decode-panic", "poison-apply-panic", "poison-decode-fatal", "poison-apply-fatal"} {
		t.Run(kind, func(t *testing.T) {
			data, clean := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "clean")
			now := time.Now().UnixMilli()
			event := func(id string, i int) behaviour {
				return behaviour{ID: id, User: fmt.Sprintf("u%d", i%7), Item: fmt.Sprintf("i%d", i%11), Event: "click", TS: now - int64(i), Value: 1}
			}
			var before, after []behaviour
			for i := range 700 {
				before = append(before, event(fmt.Sprintf("b-%d", i), i))
				after = append(after, event(fmt.Sprintf("a-%d", i), i))
			}
			poison := event(kind, 3)

			p := start(t, data)
			var ack acknowledgement
			if status, err := p.post("/v1/events", before, &ack); err != nil || status != 200 || ack.Accepted != len(before) {
				t.Fatalf("status %d, %v, %+v", status, err, ack)
			}
			status, err := p.post("/v1/events", []behaviour{poison}, &ack)
			if live := strings.Contains(kind, "apply"); live && status == 200 {
				t.Errorf("a record that could not be folded in is acknowledged: %+v", ack)
			} else if !live && (err != nil || status != 200) {
				t.Fatalf("status %d, %v", status, err)
			} else if live {
				select {
				case <-p.ended:
					if p.cmd.ProcessState.ExitCode() == 0 {
						t.Errorf("exit 0:\n%s", p.talk)
					}
				case <-time.After(patience):
					t.Fatalf("the server goes on:\n%s", p.talk)
				}
				if kind == "poison-apply-panic" && !strings.Contains(p.talk.String(), "start it again") {
					t.Errorf("it says\n%s", p.talk)
				}
			} else {
				p.stop(t, os.Kill)
			}

			p, n := restarts(t, data)
			most = max(most, n)
			if n > 3 {
				t.Errorf("%d restarts", n)
			}
			if status, err := p.post("/v1/events", after, &ack); err != nil || status != 200 || ack.Accepted != len(after) {
				t.Errorf("after it: status %d, %v, %+v", status, err, ack)
			}
			if got := resend(t, p, append(append([]behaviour{}, before...), after...)); got != len(before)+len(after) {
				t.Errorf("%d of %d events are known", got, len(before)+len(after))
			}
			if strings.Contains(kind, "apply") { // its sender heard nothing, and sends it again
				if status, err := p.post("/v1/events", []behaviour{poison}, &ack); err != nil || status != 200 || ack.Duplicate != 1 {
					t.Errorf("sent again: status %d, %v, %+v", status, err, ack)
				}
			}
			b := booksOf(t, p)
			l := b.Ledger
			if l.Accepted != l.Applied+l.Late+l.DeadLettered+l.Erased+l.Pending || l.Received != l.Accepted+l.Duplicate+l.Refused || l.DeadLettered != 1 || l.Applied != uint64(len(before)+len(after)) {
				t.Errorf("the books: %+v", l)
			}
			if len(b.Quarantined) != 1 || b.Quarantined[0].Rejected != "rej-1" {
				t.Fatalf("quarantined: %+v", b.Quarantined)
			}
			position := b.Quarantined[0].Position
			p.stop(t, os.Interrupt)
			if !strings.Contains(p.talk.String(), "position "+position) {
				t.Errorf("the start says\n%s", p.talk)
			}

			out, _, code := runCommand(t, "rejected", "show", "rej-1", "--json", "--data", data)
			if code != 0 || !strings.Contains(out, `"code":"quarantined"`) || !strings.Contains(out, kind) || !strings.Contains(out, `"line":`+position) {
				t.Errorf("rejected: exit %d\n%s", code, out)
			}
			if out, talk, code := runCommand(t, "verify", "--data", data); code != 0 || !strings.Contains(out, "1 record of the journal passed over") {
				t.Errorf("verify: exit %d\n%s%s", code, out, talk)
			}

			// The state is that of a journal without the record, with and without a snapshot, and in
			// a copy.
			q := start(t, clean)
			for _, batch := range [][]behaviour{before, after} {
				if status, err := q.post("/v1/events", batch, &ack); err != nil || status != 200 {
					t.Fatalf("status %d, %v", status, err)
				}
			}
			q.stop(t, os.Interrupt)
			want := stateHash(t, clean)
			if got := stateHash(t, data); got != want {
				t.Errorf("the state is %s, without the record %s", got, want)
			}
			if _, talk, code := runCommand(t, "snapshot", "--data", data); code != 0 {
				t.Fatalf("snapshot: exit %d\n%s", code, talk)
			}
			if out, talk, code := runCommand(t, "verify", "--data", data); code != 0 || !strings.Contains(out, "what the journal makes") {
				t.Errorf("verify with a snapshot: exit %d\n%s%s", code, out, talk)
			}
			other := filepath.Join(t.TempDir(), "copy")
			if err := os.CopyFS(other, os.DirFS(data)); err != nil {
				t.Fatal(err)
			}
			if got := stateHash(t, other); got != want {
				t.Errorf("the state of a copy is %s, want %s", got, want)
			}
			r, n := restarts(t, other)
			if got := resend(t, r, before); got != len(before) || n != 1 {
				t.Errorf("a copy knows %d of %d events, after %d starts", got, len(before), n)
			}
			r.stop(t, os.Interrupt)
		})
		g.Add(1)
	}
	g.End("at most %d, 0 lost", most)
}

// TestARecordThatDoesNotDecode puts records into a journal that say what their topics do not mean, as
// no release writes them: a start passes them over at once, and so does everybody else.
func TestARecordThatDoesNotDecode(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, data)
	var ack acknowledgement
	if status, err := p.post("/v1/events", []behaviour{{ID: "a", User: "u", Item: "i", Event: "click", TS: time.Now().UnixMilli()}}, &ack); err != nil || status != 200 {
		t.Fatalf("status %d, %v", status, err)
	}
	p.stop(t, os.Interrupt)
	disk, err := fsys.Existing(data)
	if err != nil {
		t.Fatal(err)
	}
	log, _, err := journal.Open(journal.Options{FS: disk, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Append([]journal.Record{
		{Topic: freshet.Topic("click"), Source: stream.SourceHTTP, Received: 1, Payload: []byte(`{"user_id":1}`)},
		{Topic: freshet.TopicCatalog, Source: stream.SourceHTTP, Received: 1, Payload: []byte("\xff")},
	}); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
	if _, talk, code := runCommand(t, "export", "--data", data); code != exitDamaged || !strings.Contains(talk, "freshet serve") {
		t.Errorf("export before a start: exit %d\n%s", code, talk)
	}
	for range 2 {
		p = start(t, data)
		if b := booksOf(t, p); len(b.Quarantined) != 2 || b.Ledger.DeadLettered != 2 || b.Ledger.Applied != 1 || b.Ledger.Accepted != 3 {
			t.Errorf("%+v", b)
		}
		p.stop(t, os.Interrupt)
	}
	for _, command := range []string{"export", "verify", "dump", "snapshot", "doctor", "audit", "train"} {
		if out, talk, code := runCommand(t, command, "--data", data); code == exitDamaged {
			t.Errorf("%s: exit %d\n%s%s", command, code, out, talk)
		}
	}
	if err := os.WriteFile(filepath.Join(data, "quarantine"), []byte("bent\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"serve", "export", "verify"} {
		if out, talk, code := runCommand(t, command, "--data", data); code != exitDamaged {
			t.Errorf("%s with a list that is bent: exit %d\n%s%s", command, code, out, talk)
		}
	}
}

// TestAKillIsNotARecordsFault starts where a replay was killed, which left a note and no word of the
// runtime, or was told to quit, which left one: nothing is passed over.
func TestAKillIsNotARecordsFault(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, data)
	var ack acknowledgement
	if status, err := p.post("/v1/events", []behaviour{{ID: "a", User: "u", Item: "i", Event: "click", TS: time.Now().UnixMilli()}}, &ack); err != nil || status != 200 {
		t.Fatalf("status %d, %v", status, err)
	}
	p.stop(t, os.Kill)
	for _, word := range []string{"", "SIGQUIT: quit\nPC=0x47b0a1 m=0 sigcode=0\n", "SIGABRT: abort\nPC=0x47b0a1 m=0 sigcode=0\n"} {
		for _, stage := range []stream.Pass{stream.PassNothing, stream.PassAll, stream.PassApply} {
			for name, text := range map[string]string{replayingFile: fmt.Sprintf(noteForm, 1, stage), crashFile: word} {
				if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p = start(t, data)
			if b := booksOf(t, p); len(b.Quarantined) != 0 || b.Ledger.Applied != 1 {
				t.Errorf("after a kill at stage %d, %q: %+v", stage, word, b)
			}
			p.stop(t, os.Interrupt)
			for _, name := range []string{replayingFile, crashFile} {
				if _, err := os.Stat(filepath.Join(data, name)); !os.IsNotExist(err) {
					t.Errorf("an orderly end leaves %s: %v", name, err)
				}
			}
		}
	}
}

// TestALongCrash starts where a process died with very many goroutines: it tells of it, and starts.
func TestALongCrash(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, data)
	p.stop(t, os.Kill)
	name := filepath.Join(data, crashFile)
	if err := os.WriteFile(name, []byte("fatal error: all of them\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 100<<20); err != nil {
		t.Fatal(err)
	}
	p = start(t, data)
	p.stop(t, os.Interrupt)
	if !strings.Contains(p.talk.String(), "died: fatal error: all of them\n") {
		t.Errorf("it says\n%s", p.talk)
	}
}
