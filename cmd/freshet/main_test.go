package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// patience is how long a test waits for what must come, also on a machine that does much else.
const patience = 5 * time.Minute

// TestMain makes the test binary stand in for freshet: it is on PATH under that name. As prompt it is
// freshet whose trainings do not give way to others.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"freshet": main, "prompt": func() {
		os.Args[0] = "freshet"
		a := newApp(os.Stdin, os.Stdout, os.Stderr)
		a.startLow = (*exec.Cmd).Start
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		code := a.run(ctx, os.Args[1:])
		stop()
		os.Exit(code)
	}})
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
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
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
			t.Fatalf("the server is not ready after %s:\n%s", patience, p.talk)
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
	case <-time.After(patience):
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

// givenPorts are those that freeAddress has returned.
var givenPorts sync.Map

// freeAddress is an address that nobody listens at, and that stays free while no server of the test is
// up: its port is below those that a system gives to whoever asks for any.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := 10_000 + rand.IntN(20_000)
		if _, given := givenPorts.LoadOrStore(port, true); given {
			continue
		}
		address := fmt.Sprintf("127.0.0.1:%d", port)
		listener, err := net.Listen("tcp", address)
		if err != nil {
			continue // somebody's
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		return address
	}
	t.Fatal("no port is free")
	return ""
}

// unhurried gives the routes and scenes of a configuration more time than they take on any machine, so
// that slates lack nothing.
func unhurried(cfg *config.Config) *config.Config {
	for i := range cfg.Recall {
		cfg.Recall[i].Budget = freshet.Minute
	}
	for name, scene := range cfg.Scenes {
		scene.Budget = freshet.Minute
		cfg.Scenes[name] = scene
	}
	return cfg
}

// unhurry makes the configuration in a file unhurried; without a file that is the default.
func unhurry(file string) error {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	cfg, problems := config.Parse(file, text, nil)
	if len(problems) > 0 {
		return fmt.Errorf("%v", problems)
	}
	return os.WriteFile(file, unhurried(cfg).YAML(), 0o600)
}

// runCommand runs one command to its end.
func runCommand(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return runWithin(t, patience, args...)
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
	if ctx.Err() != nil {
		t.Fatalf("freshet %s does not end within %s\n%s", strings.Join(args, " "), limit, talk.String())
	}
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatalf("freshet %s: %v", strings.Join(args, " "), err)
	}
	return out.String(), talk.String(), cmd.ProcessState.ExitCode()
}

// existing is a data directory that is there, until the end of the test.
func existing(t testing.TB, data string) *fsys.OS {
	t.Helper()
	disk, err := fsys.Existing(data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := disk.Close(); err != nil {
			t.Error(err)
		}
	})
	return disk
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
