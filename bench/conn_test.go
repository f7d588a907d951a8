package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestReplies(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
	for _, tt := range []struct{ name, text, body, err string }{
		{"plain", ok, "hi", ""},
		{"any case, no space", "HTTP/1.1 200 OK\r\ncontent-LENGTH:2\r\nX: y\r\n\r\nhi", "hi", ""},
		{"no body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", ""},
		{"only what is announced", ok + "more", "hi", ""},
		{"refused", "HTTP/1.1 422 Unprocessable\r\nContent-Length: 2\r\n\r\nno", "", `status 422: "no"`},
		{"nothing", "", "", "EOF"},
		{"another protocol", "SSH-2.0-x\r\n\r\n", "", "is not a status line"},
		{"no status", "HTTP/1.1 abc OK\r\n\r\n", "", "is not a status line"},
		{"no length", "HTTP/1.1 200 OK\r\n\r\nhi", "", "no Content-Length"},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi", "", "is not understood"},
		{"a length below 0", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "", "is not a length"},
		{"a length that is a word", "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n", "", "is not a length"},
		{"too long", "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n", "", "more than 16777216"},
		{"cut off", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", "", "unexpected EOF"},
		{"a line without end", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxLineBytes), "", "more than 16384 bytes"},
		{"a head without end", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 200), "", "more than 100 lines"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body, err := answering(t, tt.text).post("/p", mediaJSON, []byte("{}"))
			if tt.err == "" && (err != nil || string(body) != tt.body) {
				t.Errorf("got %q, %v; want %q", body, err, tt.body)
			}
			if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v, want one with %q", err, tt.err)
			}
		})
	}
}

// answering returns a connection to somebody who answers the first request with text and
// hangs up.
func answering(t *testing.T, text string) *conn {
	t.Helper()
	near, far := net.Pipe()
	done := make(chan error, 1)
	go func() {
		request, err := http.ReadRequest(bufio.NewReader(far))
		if err == nil {
			_, err = io.Copy(io.Discard, request.Body)
		}
		if err == nil {
			// The reader may hang up first.
			if _, werr := io.WriteString(far, text); werr != nil && !errors.Is(werr, io.ErrClosedPipe) {
				err = werr
			}
		}
		done <- errors.Join(err, far.Close())
	}()
	t.Cleanup(func() {
		if err := errors.Join(near.Close(), <-done); err != nil {
			t.Error(err)
		}
	})
	return &conn{net: near, in: bufio.NewReaderSize(near, maxLineBytes), host: "there"}
}

// TestPostsAreHTTP posts to a server of net/http, several times on one connection.
func TestPostsAreHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/plain")
		if _, err := io.WriteString(w, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type")+" "+string(body)); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	c, err := dial(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"one", "", strings.Repeat("three", 200)} {
		got, err := c.post("/v1/x", mediaNDJSON, []byte(body))
		if want := "POST /v1/x application/x-ndjson " + body; err != nil || string(got) != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
}

func TestTheEndOfTheContextEndsACall(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	c, err := dial(ctx, "http://"+listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := c.post("/", mediaJSON, nil); err == nil {
		t.Error("a call succeeded that nobody answered")
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
}

func TestAddresses(t *testing.T) {
	for _, base := range []string{"", "127.0.0.1:80", "https://127.0.0.1:80", "http://127.0.0.1", "http://%zz:1"} {
		if _, err := dial(t.Context(), base); err == nil || !strings.Contains(err.Error(), "is not http://host:port") {
			t.Errorf("dial %q: %v", base, err)
		}
	}
}

// FuzzReply: no reply makes the reader panic, and what it accepts net/http reads alike.
func FuzzReply(f *testing.F) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\r\nDate: x\r\ncontent-length:0\r\n\r\n",
		"HTTP/1.1 422 No\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\nContent-Length: 1\n\nx", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c := &conn{in: bufio.NewReaderSize(bytes.NewReader(text), maxLineBytes)}
		status, err := c.reply()
		if err != nil {
			return
		}
		reply, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), nil)
		if err != nil {
			return // net/http is stricter about what means nothing here
		}
		body, err := io.ReadAll(reply.Body)
		if err := errors.Join(err, reply.Body.Close()); err != nil {
			t.Fatalf("net/http: %v", err)
		}
		noBody := status == http.StatusNoContent || status == http.StatusNotModified || status < 200
		if reply.StatusCode != status || !noBody && !bytes.Equal(body, c.body) {
			t.Errorf("got %d %q, net/http %d %q", status, c.body, reply.StatusCode, body)
		}
	})
}
