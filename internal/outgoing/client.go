package outgoing

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// maxHeaderBytes bounds the header of an answer.
const maxHeaderBytes = 16 << 10

// idle is how long a connection is kept that nobody uses.
const idle = 30 * time.Second

// dialing is how long a connection may take to come about. The transport goes on with it when
// whoever asked has given up, so that only this ends it.
const dialing = 2 * time.Second

// Client returns a client that keeps to the rules and keeps up to conns connections to a host
// at hand. It has no timeout of its own: give its requests a context that ends. Its answers are
// as they came, redirects and compressed bodies too. Close its idle connections when it is no
// longer used. It is safe for concurrent use.
func (r *Rules) Client(conns int) *http.Client { return r.client(conns, nil) }

// client is Client with a resolver, nil for the system's.
func (r *Rules) client(conns int, resolver *net.Resolver) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy: nil, // a proxy would dial in our place, past the rules
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return r.dial(ctx, network, address, resolver)
			},
			MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns, IdleConnTimeout: idle,
			MaxResponseHeaderBytes: maxHeaderBytes,
			DisableCompression:     true, // a small answer must not become a large one
			ForceAttemptHTTP2:      false,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// dial connects to address, host:port. Every address that the host resolves to is judged when
// the socket is there and not yet connected.
func (r *Rules) dial(ctx context.Context, network, address string, resolver *net.Resolver) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: dialing, Resolver: resolver, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("dial %s: %w", address, err)
		}
		return r.Check(host, to.Addr())
	}}
	return dialer.DialContext(ctx, network, address)
}
