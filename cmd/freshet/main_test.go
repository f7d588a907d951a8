package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary stand in for freshet: it is on PATH under that name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"freshet": main})
}

// process is freshet serve, running as a process of its own.
type process struct {
	cmd   *exec.Cmd
	url   string
	talk  *talk
	ended chan struct{} // closed when the process has ended
}

// talk collects what a process says.
type talk struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (t *talk) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.Write(p)
}

func (t *talk) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

// start runs the server on a data directory and waits until it is ready. wrap, if given, is a
// command line to run it under.
func start(t testing.TB, data string, wrap ...string) *process {
	t.Helper()
	address := freeAddress(t)
	args := append(wrap, "freshet", "serve", "--data", data, "--listen", address)
	p := &process{cmd: exec.Command(args[0], args[1:]...), url: "http://" + address, talk: &talk{}, ended: make(chan struct{})}
	p.cmd.Stderr = p.talk
	p.cmd.Dir = t.TempDir() // no freshet.yaml here
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // a test that kills it expects no good end
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended already
		<-p.ended
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		select {
		case <-p.ended:
			t.Fatalf("the server ended at once:\n%s", p.talk)
		default:
		}
		if resp, err := http.Get(p.url + "/ready"); err == nil {
			if err := resp.Body.Close(); err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode == http.StatusOK {
				return p
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server is not ready after 30 s:\n%s", p.talk)
		}
	}
}

// stop ends the server with a signal and waits for its end.
func (p *process) stop(t testing.TB, signal os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		t.Fatalf("the server does not stop:\n%s", p.talk)
	}
}

// post sends a body and decodes the reply into out, unless nil. It returns the status.
func (p *process) post(path string, body, out any) (int, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	return p.send(path, "application/json", text, out)
}

func (p *process) send(path, media string, body []byte, out any) (int, error) {
	resp, err := http.Post(p.url+path, media, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	reply, err := io.ReadAll(resp.Body)
	if cerr := resp.Body.Close(); err == nil {
		err = cerr
	}
	if err == nil && out != nil {
		err = json.Unmarshal(reply, out)
	}
	if err != nil {
		return resp.StatusCode, fmt.Errorf("%s: %w: %s", path, err, reply)
	}
	return resp.StatusCode, nil
}

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

// runCommand runs one command to its end.
func runCommand(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return runWithin(t, time.Minute, args...)
}

// runWithin runs one command to its end, which must come within a limit.
func runWithin(t testing.TB, limit time.Duration, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "freshet", args...)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	cmd.Dir = t.TempDir()
	err := cmd.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatalf("freshet %s: %v", strings.Join(args, " "), err)
	}
	return out.String(), talk.String(), cmd.ProcessState.ExitCode()
}

// tool builds one of the project's own test programs.
func tool(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	out, err := exec.Command("go", "build", "-o", path, "github.com/freshet-rec/freshet/internal/"+name).CombinedOutput()
	if err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, out)
	}
	return path
}

// shared returns a folder of the public test data.
func shared(t testing.TB, name string) string {
	t.Helper()
	dir, err := filepath.Abs("../../../shared/data/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the test data is missing, and CI must not pass without it: %v", err)
		}
		t.Skipf("the test data is not here: %v", err)
	}
	return dir
}

func sleepBriefly() { time.Sleep(20 * time.Millisecond) }
