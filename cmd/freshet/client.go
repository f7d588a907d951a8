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
	"net/url"
	"strings"
	"syscall"
	"time"
)

const defaultServer = "http://127.0.0.1:3737"

// maxReplyBytes is the longest reply read: four times the largest slate with the longest
// titles.
const maxReplyBytes = 64 << 20

// client speaks to one server. Use app.client, and close it.
type client struct {
	base    string // scheme://host, perhaps a path, without a slash at the end
	timeout time.Duration
	http    http.Client
}

// ndjson is a request body of one event a line.
type ndjson []byte

// client returns a client for the server that was named: by --server, else FRESHET_SERVER.
func (a *app) client() (*client, error) {
	address, from := a.server, "--server"
	if address == "" {
		address, _ = a.getenv("FRESHET_SERVER")
		from = "FRESHET_SERVER"
	}
	if address == "" {
		address = defaultServer
	}
	if a.timeout <= 0 {
		return nil, usagef("--timeout is %s; it must be above 0", a.timeout)
	}
	c, err := a.clientOf(address)
	if err != nil {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("%s: %w", from, err), hint: "such as " + defaultServer}
	}
	return c, nil
}

// clientOf returns a client for the server at an address.
func (a *app) clientOf(address string) (*client, error) {
	base, err := baseURL(address)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	return &client{base: base, timeout: a.timeout, http: http.Client{
		Transport: transport,
		// A redirected POST would arrive as a GET; the reply is shown instead.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// close closes the connections kept for further calls.
func (c *client) close() { c.http.CloseIdleConnections() }

// baseURL checks the address of a server. A missing scheme is http.
func baseURL(address string) (string, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("not an address: %w", errors.Unwrap(err)) // the outer error repeats the address, password and all
	}
	switch {
	case u.User != nil:
		return "", errors.New("an address with user and password is not accepted; there are no keys yet")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.RawQuery != "", u.Fragment != "":
		return "", fmt.Errorf("%q is not the address of a server", address)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// call makes one request and decodes a reply of status 2xx into out. body is sent as JSON, or
// as it is when it is ndjson; nil sends none. raw is the reply as it came, also beside an
// error if there was one. A problem document is a *refusal inside a failure, no answer a
// failure with exitUnreachable.
func (c *client) call(ctx context.Context, method, path string, body, out any) (raw []byte, header http.Header, err error) {
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := c.request(limited, method, path, body)
	if err != nil {
		return nil, nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, c.noAnswer(ctx, err)
	}
	raw, err = io.ReadAll(io.LimitReader(resp.Body, maxReplyBytes+1))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return raw, resp.Header, c.noAnswer(ctx, err)
	}
	if len(raw) > maxReplyBytes {
		return nil, resp.Header, fmt.Errorf("%s%s answered with more than %d MiB", c.base, path, maxReplyBytes>>20)
	}
	if resp.StatusCode >= 400 {
		if refused := readRefusal(resp.StatusCode, raw); refused != nil {
			return raw, resp.Header, c.fail(refused, body != nil)
		}
	} else if resp.StatusCode < 300 && json.Unmarshal(raw, out) == nil {
		return raw, resp.Header, nil
	}
	return raw, resp.Header, &failure{code: exitFailed, err: fmt.Errorf("%s%s answered %s, and not as Freshet does", c.base, path, clean(resp.Status)),
		hint: "is that the address of a Freshet server? (--server, FRESHET_SERVER)"}
}

func (c *client) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var content io.Reader
	media := ""
	switch body := body.(type) {
	case nil:
	case ndjson:
		content, media = bytes.NewReader(body), "application/x-ndjson"
	default:
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("make the request: %w", err)
		}
		content, media = bytes.NewReader(text), "application/json"
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("User-Agent", "freshet/"+version())
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	return req, nil
}

// noServer says that there was no connection, so that nothing arrived.
type noServer struct {
	base  string
	cause error // nil when the address refused
}

func (n *noServer) Error() string {
	if n.cause == nil {
		return "no server answers at " + n.base
	}
	return fmt.Sprintf("no server answers at %s: %v", n.base, n.cause)
}

func (n *noServer) Unwrap() error { return n.cause }

// noAnswer makes an error of the network one that says what to do. ctx is the command's.
func (c *client) noAnswer(ctx context.Context, err error) error {
	var op *net.OpError
	var timeout net.Error
	where := "check the address (--server, FRESHET_SERVER) and that the server runs"
	if u, _ := url.Parse(c.base); u != nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()) {
		where = "start one: freshet serve"
	}
	f := &failure{code: exitUnreachable, hint: where}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted before %s answered: %w", c.base, ctx.Err())
	case errors.Is(err, syscall.ECONNREFUSED):
		f.err = &noServer{base: c.base}
	case errors.As(err, &timeout) && timeout.Timeout():
		f.err = fmt.Errorf("no answer from %s within %s", c.base, c.timeout)
		f.hint = "wait longer with --timeout 1m, or see how it is: freshet status"
	case errors.As(err, &op) && op.Op == "dial":
		f.err = &noServer{base: c.base, cause: op.Err}
	default:
		var outer *url.Error // repeats method and address
		if errors.As(err, &outer) {
			err = outer.Err
		}
		f.err = fmt.Errorf("%s did not answer: %w", c.base, err)
		f.hint = "see how it is: freshet status"
	}
	return f
}

// fail gives a refusal its exit code: what the server cannot take is the user's mistake when
// the request had a body, which flags or a file made.
func (c *client) fail(r *refusal, asked bool) error {
	f := &failure{code: exitFailed, err: r}
	if asked && (r.status == http.StatusBadRequest || r.status == http.StatusUnprocessableEntity) {
		f.code = exitUsage
	}
	var next []string
	if r.RetryAfterMS > 0 {
		next = append(next, fmt.Sprintf("try again in %s", millis(r.RetryAfterMS)))
	}
	if r.RequestID != "" {
		next = append(next, "request "+shownID(r.RequestID))
	}
	if strings.HasPrefix(r.Type, "/problems/") {
		next = append(next, "about it: "+c.base+clean(r.Type))
	}
	f.hint = strings.Join(next, " · ")
	return f
}

// print writes data to stdout.
func (a *app) print(text string) error {
	if _, err := io.WriteString(a.stdout, text); err != nil {
		return fmt.Errorf("write to stdout: %w", err)
	}
	return nil
}

// complain prints a line of an error, --quiet or not.
func (a *app) complain(format string, args ...any) {
	_, _ = fmt.Fprintf(a.stderr, format+"\n", args...) // there is nowhere else to complain
}

// printReply writes a reply of the API as it came, for --json, and returns err, the error of
// the call. A problem document is a reply, too.
func (a *app) printReply(raw []byte, err error) error {
	var refused *refusal
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	if len(raw) > 0 && raw[len(raw)-1] != '\n' {
		raw = append(raw, '\n')
	}
	return errors.Join(err, a.print(string(raw)))
}
