package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// recorded is a reply that a real server gave, from testdata/replies.
func recorded(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "replies", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// asked is a request that a fake server got.
type asked struct {
	method, path, media, body string
}

// fakeServer gives one reply after the other, the last one for ever, and keeps what it was
// asked.
type fakeServer struct {
	*httptest.Server
	asked chan asked // room for 100
}

// answer is one reply of a fakeServer.
type answer struct {
	status int
	body   string
}

func fake(t *testing.T, answers ...answer) *fakeServer {
	t.Helper()
	f := &fakeServer{asked: make(chan asked, 100)}
	var count atomic.Int64
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the request: %v", err)
		}
		f.asked <- asked{r.Method, r.URL.Path, r.Header.Get("Content-Type"), string(body)}
		a := answers[min(int(count.Add(1)), len(answers))-1]
		media := "application/json"
		if a.status >= 400 {
			media = "application/problem+json"
		}
		w.Header().Set("Content-Type", media)
		w.WriteHeader(a.status)
		if _, err := io.WriteString(w, a.body); err != nil {
			t.Errorf("write the reply: %v", err)
		}
	}))
	t.Cleanup(f.Close)
	return f
}

// outcomeOf is what a command line came to.
type outcomeOf struct {
	code           int
	stdout, stderr string
}

// runOn runs a command line against a server, in a world where each look at the clock is
// 3 ms after the one before.
func runOn(t *testing.T, ctx context.Context, url string, stdin io.Reader, args ...string) outcomeOf {
	t.Helper()
	var stdout, stderr bytes.Buffer
	now := time.Date(2026, 11, 21, 0, 42, 20, 0, time.UTC)
	a := &app{stdin: stdin, stdout: &stdout, stderr: &stderr,
		getenv: func(name string) (string, bool) { return url, name == "FRESHET_SERVER" },
		now:    func() time.Time { now = now.Add(3 * time.Millisecond); return now }}
	root := a.root()
	root.SetArgs(args)
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	code := exitOK
	if err := root.ExecuteContext(ctx); err != nil {
		code = a.report(err)
	}
	return outcomeOf{code, stdout.String(), stderr.String()}
}

func (o outcomeOf) check(t *testing.T, code int, stdout, stderr string) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d", o.code, code)
	}
	if o.stdout != stdout {
		t.Errorf("stdout:\n%s\nwant:\n%s", o.stdout, stdout)
	}
	if o.stderr != stderr {
		t.Errorf("stderr:\n%s\nwant:\n%s", o.stderr, stderr)
	}
}

func TestProblemsTellWhatWhereWhyAndNext(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer answer
		args   []string
		code   int
		stderr string // URL stands for the server's address
	}{
		{"a number from a flag", answer{400, recorded(t, "slate_out_of_range")}, []string{"recommend", "-n", "1000"}, exitUsage,
			`error: validation: n: 1000 is not a whole number from 1 to 500
  /n  out_of_range  use 1 to 500, or leave it out for 10
  request r-06GZQ3EF451X20CZWC1JBA8 · about it: URL/problems/validation
`},
		{"something that is not there", answer{404, recorded(t, "slate_unknown_scene")}, []string{"recommend", "--scene", "foo"}, exitFailed,
			`error: unknown_scene: there is no scene "foo"
  /scene  scenes are home
  request r-06GZQ3EF5AZ2890MR4ZMD20 · about it: URL/problems/unknown_scene
`},
		{"a server that is busy", answer{503, `{"type":"/problems/busy","title":"The server is busy","status":503,"code":"busy","detail":"later","retry_after_ms":1000}`},
			[]string{"recommend"}, exitFailed, "error: busy: later\n  try again in 1 s · about it: URL/problems/busy\n"},
		{"several faults, with what a terminal obeys in them", answer{422, `{"code":"validation","detail":"no\u001b[2J","errors":[{"pointer":"/a","code":"x","message":"m\u0007"},{"code":"y","message":"n"}]}`},
			[]string{"recommend"}, exitUsage, "error: validation: no\ufffd[2J\n  /a  x  m\ufffd\n  y  n\n"},
		{"some other server", answer{404, "<html>not here</html>"}, []string{"status"}, exitFailed,
			"error: URL/status answered 404 Not Found, and not as Freshet does\n  is that the address of a Freshet server? (--server, FRESHET_SERVER)\n"},
		{"some other server that is content", answer{200, "hello"}, []string{"status"}, exitFailed,
			"error: URL/status answered 200 OK, and not as Freshet does\n  is that the address of a Freshet server? (--server, FRESHET_SERVER)\n"},
		{"a redirect", answer{307, ""}, []string{"recommend"}, exitFailed,
			"error: URL/v1/recommend answered 307 Temporary Redirect, and not as Freshet does\n  is that the address of a Freshet server? (--server, FRESHET_SERVER)\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := fake(t, tt.answer)
			got := runOn(t, t.Context(), server.URL, nil, tt.args...)
			got.check(t, tt.code, "", strings.ReplaceAll(tt.stderr, "URL", server.URL))
		})
	}
}

func TestJSONPrintsProblemDocumentsAsTheyCame(t *testing.T) {
	server := fake(t, answer{400, recorded(t, "slate_out_of_range")})
	got := runOn(t, t.Context(), server.URL, nil, "recommend", "-n", "1000", "--json")
	if want := recorded(t, "slate_out_of_range"); got.stdout != want || got.code != exitUsage {
		t.Errorf("exit code %d and stdout %q, want %d and %q", got.code, got.stdout, exitUsage, want)
	}
	other := fake(t, answer{502, "bad gateway"})
	if got := runOn(t, t.Context(), other.URL, nil, "status", "--json"); got.stdout != "" || got.code != exitFailed {
		t.Errorf("exit code %d and stdout %q for what is not the API's, want %d and nothing", got.code, got.stdout, exitFailed)
	}
}

func TestNoServerIsExitCode7(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, args := range [][]string{{"status"}, {"recommend"}, {"send", "click"}} {
		got := runOn(t, t.Context(), gone.URL, nil, args...)
		got.check(t, exitUnreachable, "", "error: no server answers at "+gone.URL+"\n  start one: freshet serve\n")
	}
}

func TestNoAnswerSaysHowToSendSafely(t *testing.T) {
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(release) })
	got := runOn(t, t.Context(), silent.URL, nil, "send", "click", "--event-id", "e 1", "--timeout", "20ms")
	got.check(t, exitUnreachable, "", "error: no answer from "+silent.URL+` within 20ms
  wait longer with --timeout 1m, or see how it is: freshet status
  to send the same event again, whether or not it arrived: --event-id 'e 1'
`)
}

func TestAServerThatHangsUpIsNoAnswer(t *testing.T) {
	rude := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		if _, err := io.WriteString(w, "{"); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(rude.Close)
	got := runOn(t, t.Context(), rude.URL, nil, "status")
	got.check(t, exitUnreachable, "", "error: "+rude.URL+" did not answer: unexpected EOF\n  see how it is: freshet status\n")
}

func TestInterruptedBeforeTheAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := runOn(t, ctx, "http://127.0.0.1:1", nil, "status")
	got.check(t, exitFailed, "", "error: interrupted before http://127.0.0.1:1 answered: context canceled\n")
}

func TestWhichServer(t *testing.T) {
	named := fake(t, answer{200, recorded(t, "status")})
	got := runOn(t, t.Context(), "http://127.0.0.1:1", nil, "status", "--json", "--server", named.URL)
	got.check(t, exitOK, recorded(t, "status"), "")

	a := &app{getenv: func(string) (string, bool) { return "", false }, timeout: time.Second}
	c, err := a.client()
	if err != nil || c.base != "http://127.0.0.1:3737" {
		t.Errorf("without flag and variable: %v, %v; want the default address", c, err)
	}
}

func TestServerAddresses(t *testing.T) {
	for _, tt := range []struct{ name, address, want string }{ // want "" is refused
		{"whole", "http://127.0.0.1:3737", "http://127.0.0.1:3737"},
		{"slash at the end", "https://rec.example/", "https://rec.example"},
		{"under a path", "https://example.com/freshet/", "https://example.com/freshet"},
		{"no scheme", "localhost:3737", "http://localhost:3737"},
		{"IPv6", "[::1]:3737", "http://[::1]:3737"},
		{"other scheme", "ftp://example.com", ""},
		{"no host", "http://", ""},
		{"query", "http://a?b", ""},
		{"fragment", "http://a#b", ""},
		{"password", "http://me:secret@a", ""},
		{"password in no address", "http://me:secret@a:b:c", ""},
		{"port that is none", "http://a:port", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := baseURL(tt.address)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("baseURL(%q) = %q, %v; want %q", tt.address, got, err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error %q tells the password", err)
			}
		})
	}
	got := runOn(t, t.Context(), "ftp://x", nil, "status")
	got.check(t, exitUsage, "", "error: FRESHET_SERVER: \"ftp://x\" is not the address of a server\n  such as http://127.0.0.1:3737\n")
	got = runOn(t, t.Context(), "", nil, "status", "--timeout", "0s")
	got.check(t, exitUsage, "", "error: --timeout is 0s; it must be above 0\n")
}

func TestClientCommandsHaveTwoExamples(t *testing.T) {
	a := &app{}
	for _, c := range []*cobra.Command{a.sendCmd(), a.recommendCmd(), a.statusCmd()} {
		if n := strings.Count(c.Example, "\n") + 1; n != 2 || !strings.HasPrefix(c.Example, "  freshet "+c.Name()) {
			t.Errorf("%s has %d examples, want 2:\n%s", c.Name(), n, c.Example)
		}
	}
}
