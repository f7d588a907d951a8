package outgoing

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// target is a server on loopback that counts connections.
func target(t *testing.T, answer http.HandlerFunc) (port string, connections *atomic.Int64) {
	t.Helper()
	connections = &atomic.Int64{}
	s := httptest.NewUnstartedServer(answer)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port(), connections
}

// nameServer is a resolver whose n-th answer to questions for IPv4 addresses is answers(n).
func nameServer(t *testing.T, answers func(n int) []netip.Addr) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		asked := 0
		for buf := make([]byte, 1500); ; {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			question := buf[12:n]
			end := 0
			for question[end] != 0 { // the name
				end += int(question[end]) + 1
			}
			question = question[:end+5] // its end, type and class
			var list []netip.Addr
			if binary.BigEndian.Uint16(question[end+1:]) == 1 {
				list = answers(asked)
				asked++
			}
			reply := append([]byte{}, buf[0], buf[1], 0x81, 0x80, 0, 1, 0, byte(len(list)), 0, 0, 0, 0)
			reply = append(reply, question...)
			for _, ip := range list {
				four := ip.As4()
				reply = append(append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4), four[:]...)
			}
			if _, err := server.WriteTo(reply, from); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// get calls a URL, at most for a while.
func get(t *testing.T, c *http.Client, url string) (*http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.Do(req)
	if err == nil {
		t.Cleanup(func() { _ = res.Body.Close() })
	}
	return res, err
}

// TestNoConnection: whatever way leads to loopback, nothing is connected unless it is listed.
func TestNoConnection(t *testing.T) {
	port, connections := target(t, func(w http.ResponseWriter, _ *http.Request) {})
	loopback := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	resolver := nameServer(t, func(int) []netip.Addr { return loopback })
	bare, other := parse(t), parse(t, "other.example", "10.0.0.0/8", "192.168.0.0/16")
	for _, r := range []Rules{bare, other} {
		c := r.client(1, resolver)
		for _, host := range []string{"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "localhost", "partner.example", "0.0.0.0", "[::]", "0177.0.0.1", "2130706433", "0x7f000001", "127.1"} {
			if res, err := get(t, c, "http://"+host+":"+port+"/"); err == nil {
				t.Errorf("%s answers %s", host, res.Status)
			}
		}
		c.CloseIdleConnections()
	}
	if n := connections.Load(); n != 0 {
		t.Fatalf("%d connections", n)
	}
	for _, entry := range []string{"127.0.0.0/8", "partner.example"} {
		r := parse(t, entry)
		c := r.client(1, resolver)
		before := connections.Load()
		if _, err := get(t, c, "http://partner.example:"+port+"/"); err != nil || connections.Load() != before+1 {
			t.Errorf("with %s listed: %v, %d connections", entry, err, connections.Load()-before)
		}
		c.CloseIdleConnections()
	}
}

// TestRebinding: a name whose answer changes from one question to the next, or that leads to
// several places at once, reaches none that is not allowed.
func TestRebinding(t *testing.T) {
	port, connections := target(t, func(w http.ResponseWriter, _ *http.Request) {})
	metadata, loopback := netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("127.0.0.1")
	resolver := nameServer(t, func(n int) []netip.Addr {
		return [][]netip.Addr{{loopback}, {metadata}, {metadata, loopback}, {loopback, metadata}}[n%4]
	})
	bare := parse(t)
	c := bare.client(1, resolver)
	for range 4 {
		var refused *RefusedError
		if _, err := get(t, c, "http://partner.example:"+port+"/"); !errors.As(err, &refused) {
			t.Errorf("%v, want it refused", err)
		}
	}
	c.CloseIdleConnections()
	if n := connections.Load(); n != 0 {
		t.Fatalf("%d connections", n)
	}
	// A host that is listed may be at loopback, and is at no metadata service.
	listed := parse(t, "partner.example")
	only := nameServer(t, func(int) []netip.Addr { return []netip.Addr{metadata} })
	c = listed.client(1, only)
	defer c.CloseIdleConnections()
	var refused *RefusedError
	if _, err := get(t, c, "http://partner.example:"+port+"/"); !errors.As(err, &refused) || refused.IP != metadata {
		t.Errorf("%v, want %s refused", err, metadata)
	}
}

// TestAnswersAsTheyCame: a redirect is an answer, a compressed body stays compressed, a header
// without end is an error, and no proxy is asked.
func TestAnswersAsTheyCame(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	port, connections := target(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "http://127.0.0.1:1/elsewhere", http.StatusFound)
		case "/gzip":
			if r.Header.Get("Accept-Encoding") != "" {
				t.Errorf("it asks for %q", r.Header.Get("Accept-Encoding"))
			}
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "not unpacked")
		case "/header":
			w.Header().Set("Long", strings.Repeat("x", 1<<20))
		}
	})
	r := parse(t, "127.0.0.1")
	c := r.Client(2)
	defer c.CloseIdleConnections()
	base := "http://127.0.0.1:" + port
	if res, err := get(t, c, base+"/redirect"); err != nil || res.StatusCode != http.StatusFound {
		t.Errorf("redirect: %v, %v", res, err)
	}
	if res, err := get(t, c, base+"/gzip"); err != nil {
		t.Error(err)
	} else if body, err := io.ReadAll(res.Body); err != nil || string(body) != "not unpacked" {
		t.Errorf("body %q, %v", body, err)
	}
	if _, err := get(t, c, base+"/header"); err == nil {
		t.Error("a header without end passes")
	}
	if n := connections.Load(); n == 0 {
		t.Error("no connection: the proxy was asked")
	}
}
