package httpapi_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// hurried is a clock by which so much is left of the time a body has to arrive.
func hurried(left time.Duration) func() time.Time {
	return func() time.Time { return time.Now().Add(left - 10*time.Second) }
}

// serving puts a rig behind a real listener.
func serving(t *testing.T, p plan) (*rig, *httptest.Server) {
	t.Helper()
	r := newRig(t, p)
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return r, server
}

// raw sends bytes over a connection, says no more if cut is set, and reads one reply.
func (r *rig) raw(t *testing.T, server *httptest.Server, cut bool, request string) *reply {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	if cut {
		tcp, ok := conn.(*net.TCPConn)
		if !ok {
			t.Fatalf("the connection is a %T", conn)
		}
		if err := tcp.CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
	}()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := &reply{resp.StatusCode, resp.Header, string(body)}
	got.header.Set("Connection", map[bool]string{true: "close"}[resp.Close]) // ReadResponse takes it out
	r.check(t, got)
	return got
}

func TestBodiesThatDoNotArrive(t *testing.T) {
	r, server := serving(t, plan{now: hurried(time.Minute)})
	soon, over := serving(t, plan{now: hurried(400 * time.Millisecond)})
	event := `{"user_id":"u","event":"click","item_id":"i"}`
	for _, c := range []struct {
		name, head, body string
		cut              bool
		status           int
		code, connection string
	}{
		{"E16 Content-Length too long, sender gone", "Content-Length: 500", event, true, 400, "malformed", "close"},
		{"E16 Content-Length too short", "Content-Length: 10", event, false, 400, "malformed", ""},
		{"E16 Content-Length too long, sender waits", "Content-Length: 500", event, false, 408, "timeout", "close"},
		{"E16 chunked without end", "Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n", len(event), event), false, 408, "timeout", "close"},
		{"E16 chunked without end, sender gone", "Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n", len(event), event), true, 400, "malformed", "close"},
		{"E16 chunks with a bad length", "Transfer-Encoding: chunked", "zz\r\n" + event, false, 400, "malformed", "close"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, server := r, server
			if c.status == 408 {
				r, server = soon, over
			}
			got := r.raw(t, server, c.cut, "POST /v1/events HTTP/1.1\r\nHost: x\r\n"+c.head+"\r\n\r\n"+c.body)
			var p problemDoc
			got.want(t, c.status, &p)
			if p.Code != c.code || got.header.Get("Connection") != c.connection {
				t.Errorf("code %s, connection %q; want %s, %q", p.Code, got.header.Get("Connection"), c.code, c.connection)
			}
		})
	}
	if r.log.Last() != 0 || soon.log.Last() != 0 {
		t.Errorf("%s and %s records of bodies that did not arrive", r.log.Last(), soon.log.Last())
	}
}

// TestLongWaitsOutliveTheReadDeadline: the time a body has to arrive is not the time an answer
// may take.
func TestLongWaitsOutliveTheReadDeadline(t *testing.T) {
	_, server := serving(t, plan{now: hurried(2 * time.Second)})
	resp, err := server.Client().Post(server.URL+"/v1/recommend", "application/json", strings.NewReader(`{"min_position":"99","wait_ms":2500}`))
	if err != nil {
		t.Fatal(err)
	}
	var s slateDoc
	err = json.NewDecoder(resp.Body).Decode(&s)
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	if err != nil || resp.StatusCode != 200 || s.Freshness.Reflected {
		t.Errorf("status %d, %+v, %v; want a slate that does not reflect position 99", resp.StatusCode, s.Freshness, err)
	}
}

func TestBodySizes(t *testing.T) {
	r, server := serving(t, plan{now: time.Now})
	for _, c := range []struct {
		name, path string
		size       int
		chunked    bool
		status     int
	}{
		{"events at the limit", "/v1/events", 8 << 20, false, 200},
		{"events at the limit, in chunks", "/v1/events", 8 << 20, true, 200},
		{"events 1 byte over", "/v1/events", 8<<20 + 1, false, 413},
		{"events 1 byte over, in chunks", "/v1/events", 8<<20 + 1, true, 413},
		{"items 1 byte over", "/v1/items", 8<<20 + 1, false, 413},
		{"a slate at the limit", "/v1/recommend", 1 << 20, false, 200},
		{"a slate 1 byte over", "/v1/recommend", 1<<20 + 1, false, 413},
		{"a slate 1 byte over, in chunks", "/v1/recommend", 1<<20 + 1, true, 413},
		{"features 1 byte over", "/v1/features", 1<<20 + 1, false, 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := `[]`
			if c.path == "/v1/recommend" {
				text = `{}`
			}
			var body io.Reader = bytes.NewReader(append(bytes.Repeat([]byte(" "), c.size-len(text)), text...))
			if c.chunked {
				body = io.MultiReader(body) // hides the length
			}
			req := httptest.NewRequestWithContext(t.Context(), "POST", c.path, body)
			w := httptest.NewRecorder()
			r.ServeHTTP(w, req)
			got := &reply{w.Code, w.Header(), w.Body.String()}
			r.check(t, got)
			if got.status != c.status {
				t.Fatalf("status %d, want %d: %s", got.status, c.status, got.body)
			}
			if c.status == 413 {
				var p problemDoc
				if got.into(t, &p); p.Code != "too_large" || got.header.Get("Connection") != "close" {
					t.Errorf("code %s, Connection %q", p.Code, got.header.Get("Connection"))
				}
			}
		})
	}
	// Over a real connection nothing of a body that announces too much is waited for.
	got := r.raw(t, server, false, "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 8388609\r\n\r\n")
	var p problemDoc
	if got.want(t, 413, &p); p.Code != "too_large" {
		t.Errorf("code %s", p.Code)
	}
}

func TestTypesAndEncodings(t *testing.T) {
	r := newRig(t, plan{})
	event := act("u", "click", "i", t0)
	for _, c := range []struct {
		name, header, value string
		status              int
		code                string
	}{
		{"JSON", "Content-Type", "application/json", 200, ""},
		{"JSON with a parameter", "Content-Type", "application/json; charset=utf-8", 200, ""},
		{"upper case", "Content-Type", "Application/JSON", 200, ""},
		{"lines", "Content-Type", "application/x-ndjson", 200, ""},
		{"what curl sends", "Content-Type", "application/x-www-form-urlencoded", 200, ""},
		{"none", "Content-Type", "", 200, ""},
		{"another", "Content-Type", "application/xml", 415, "unsupported_media"},
		{"CloudEvents, which are planned", "Content-Type", "application/cloudevents+json", 415, "unsupported_media"},
		{"no type at all", "Content-Type", ";;", 415, "unsupported_media"},
		{"multipart", "Content-Type", "multipart/form-data; boundary=x", 415, "unsupported_media"},
		{"identity", "Content-Encoding", "identity", 200, ""},
		{"gzip", "Content-Encoding", "gzip", 415, "unsupported_encoding"},
		{"gzip twice", "Content-Encoding", "gzip, gzip", 415, "unsupported_encoding"},
		{"zstd", "Content-Encoding", "zstd", 415, "unsupported_encoding"},
		{"brotli", "Content-Encoding", "br", 415, "unsupported_encoding"},
		{"no encoding at all", "Content-Encoding", "<script>", 415, "unsupported_encoding"},
	} {
		t.Run(c.name, func(t *testing.T) {
			last := r.log.Last()
			got := r.do(t, "POST", "/v1/events", event, c.header, c.value)
			if got.status != c.status {
				t.Fatalf("status %d, want %d: %s", got.status, c.status, got.body)
			}
			if c.status == 200 {
				return
			}
			var p problemDoc
			if got.into(t, &p); p.Code != c.code || r.log.Last() != last {
				t.Errorf("code %s, want %s; %s new records", p.Code, c.code, r.log.Last()-last)
			}
			for _, other := range []struct{ method, path string }{{"POST", "/v1/items"}, {"PUT", "/v1/items/i"}, {"POST", "/v1/recommend"}, {"POST", "/v1/features"}} {
				if got := r.do(t, other.method, other.path, "{}", c.header, c.value); got.status != c.status {
					t.Errorf("%s %s: status %d, want %d", other.method, other.path, got.status, c.status)
				}
			}
		})
	}
}
