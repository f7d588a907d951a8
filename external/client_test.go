package external_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/freshet-rec/freshet/external"
	"github.com/freshet-rec/freshet/internal/outgoing"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/serve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// partner is a service on loopback and a client that may call it.
func partner(t *testing.T, answer http.HandlerFunc) *external.Client {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	rules, err := outgoing.Parse([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := external.New(external.Options{URL: s.URL + "/recall?key=1", Rules: rules, Conns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestAQuestion(t *testing.T) {
	var got map[string]any
	c := partner(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.RawQuery != "key=1" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s, %s", r.Method, r.URL, r.Header.Get("Content-Type"))
		}
		d := json.NewDecoder(r.Body)
		d.UseNumber()
		if err := d.Decode(&got); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, `{"items":[{"id":"x","score":0.1},{"id":"y","score":3}]}`)
	})
	q := serve.Question{Request: "r-1", Scene: "home", Time: 5000, User: "ada", Session: "s", N: 7, Context: map[string]any{"page": "a", "hour": json.Number("7.50")},
		Recent: []serve.Recent{{Item: "b", Time: 5000}, {Item: "c", Event: "click", Time: 4000}}}
	said, err := c.Propose(t.Context(), &q)
	if want := []recall.External{{Item: "x", Score: 0.1}, {Item: "y", Score: 3}}; err != nil || !reflect.DeepEqual(said, want) {
		t.Errorf("%v, %v", said, err)
	}
	want := map[string]any{"request_id": "r-1", "scene": "home", "ts_ms": json.Number("5000"), "user_id": "ada", "session_id": "s", "n": json.Number("7"), "context": map[string]any{"page": "a", "hour": json.Number("7.50")},
		"recent": []any{map[string]any{"item_id": "b", "ts_ms": json.Number("5000")}, map[string]any{"item_id": "c", "event": "click", "ts_ms": json.Number("4000")}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("asked %v, want %v", got, want)
	}
}

// TestOneConnection: an answer that was read to its end leaves its connection to the next.
func TestOneConnection(t *testing.T) {
	var addresses atomic.Pointer[string]
	c := partner(t, func(w http.ResponseWriter, r *http.Request) {
		if last := addresses.Swap(&r.RemoteAddr); last != nil && *last != r.RemoteAddr {
			t.Errorf("a connection of its own: %s after %s", r.RemoteAddr, *last)
		}
		_, _ = io.WriteString(w, `{"items":[{"id":"x","score":1}],"more":"`+strings.Repeat("x", 3000)+`"}`+"\n")
	})
	for range 3 {
		if _, err := c.Propose(t.Context(), &serve.Question{N: 1}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBadAnswers: whatever comes, the call ends, and at most the sound items of it come.
func TestBadAnswers(t *testing.T) {
	item := func(w io.Writer, i int) { _, _ = fmt.Fprintf(w, `{"id":"i-%d","score":%d},`, i, -i) }
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		said    int
		garbage bool
		says    string
	}{
		"a million items": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"items":[`)
			for i := range 1_000_000 {
				item(w, i)
			}
			_, _ = io.WriteString(w, `{"id":"z","score":0}]}`)
		}, 10, true, "more than the 10"},
		"a long text": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"items":[{"id":"`)
			for range 1 << 10 {
				_, _ = io.WriteString(w, strings.Repeat("x", 1<<10))
			}
		}, 0, true, "longer than"},
		"an endless preface": {func(w http.ResponseWriter, _ *http.Request) {
			for range 1 << 10 {
				_, _ = io.WriteString(w, strings.Repeat(" ", 1<<10))
			}
		}, 0, true, "longer than"},
		"a bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, `{"items":[`+strings.Repeat(" ", 1<<20))
			_ = z.Close()
		}, 0, true, "compressed"},
		"an unnamed bomb": {func(w http.ResponseWriter, _ *http.Request) {
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, `{"items":[`+strings.Repeat(" ", 1<<20))
			_ = z.Close()
		}, 0, true, "not JSON"},
		"a page":   {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, 0, true, "not JSON"},
		"nothing":  {func(http.ResponseWriter, *http.Request) {}, 0, true, "not JSON"},
		"an error": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusTeapot) }, 0, false, "418"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, 0, false, "redirect"},
		"a header without end": {func(w http.ResponseWriter, _ *http.Request) {
			for i := range 10_000 {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 1000))
			}
		}, 0, false, "header"},
		"cut short": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			item(w, 1)
		}, 0, true, ""},
		"reset": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, false, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			client := partner(t, c.answer)
			said, err := client.Propose(t.Context(), &serve.Question{N: 10})
			if len(said) != c.said || err == nil || errors.Is(err, recall.ErrGarbage) != c.garbage || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%d items, %v", len(said), err)
			}
		})
	}
}

// TestSlowAnswers: a service that never comes to an end, with the header, or with a byte at a time, has
// no more time than the context.
func TestSlowAnswers(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"it hangs": func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body); <-r.Context().Done() },
		"it drips": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			flush := http.NewResponseController(w)
			said := `{"items":[{"id":"x","score":1}]`
			for i := 0; r.Context().Err() == nil; i++ {
				c := byte(' ')
				if i < len(said) {
					c = said[i]
				}
				if _, err := w.Write([]byte{c}); err != nil || flush.Flush() != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := partner(t, answer)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			said, err := client.Propose(ctx, &serve.Question{N: 10})
			if len(said) != 0 || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, recall.ErrGarbage) {
				t.Errorf("%v, %v", said, err)
			}
		})
	}
}

func TestNew(t *testing.T) {
	for _, url := range []string{"", "partner.example", "http://127.0.0.1/", "ftp://partner.example/"} {
		if _, err := external.New(external.Options{URL: url}); err == nil {
			t.Errorf("%q passes", url)
		}
	}
	rules := outgoing.Rules{}
	c, err := external.New(external.Options{URL: "http://localhost:1/", Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var refused *outgoing.RefusedError
	if _, err := c.Propose(t.Context(), &serve.Question{N: 1}); !errors.As(err, &refused) {
		t.Errorf("%v, want it refused", err)
	}
}
