package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// The bounds of a reply.
const (
	maxReplyBytes = 16 << 20 // of its body
	maxLineBytes  = 16 << 10 // of a line of its head
	maxHeadLines  = 100
)

// conn is one HTTP/1.1 connection that posts one request at a time, with as little work as
// the protocol allows. Use dial and close; one goroutine at a time.
type conn struct {
	net  net.Conn
	in   *bufio.Reader
	out  []byte // the request, reused
	body []byte // the reply's body, reused
	host string
	stop func() bool
}

// dial connects to the host of base, such as http://127.0.0.1:3737. When ctx ends, a call
// under way fails.
func dial(ctx context.Context, base string) (*conn, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" || u.Port() == "" {
		return nil, fmt.Errorf("%q is not http://host:port", base)
	}
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() {
		_ = c.Close() // the call under way reports it
	})
	return &conn{net: c, in: bufio.NewReaderSize(c, maxLineBytes), host: u.Host, stop: stop}, nil
}

func (c *conn) close() error {
	if !c.stop() {
		return nil // closed when the context ended
	}
	return c.net.Close()
}

// The media types of the bodies posted.
const (
	mediaJSON   = "application/json"
	mediaNDJSON = "application/x-ndjson"
)

// post sends body and returns the reply's body, which is valid until the next call. Any status
// but 200 is an error that quotes the reply.
func (c *conn) post(path, media string, body []byte) ([]byte, error) {
	c.out = append(c.out[:0], "POST "...)
	c.out = append(c.out, path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: "...)
	c.out = append(c.out, c.host...)
	c.out = append(c.out, "\r\nContent-Type: "...)
	c.out = append(c.out, media...)
	c.out = append(c.out, "\r\nContent-Length: "...)
	c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
	c.out = append(c.out, "\r\n\r\n"...)
	c.out = append(c.out, body...)
	if _, err := c.net.Write(c.out); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	status, err := c.reply()
	if err != nil {
		return nil, fmt.Errorf("%s: read the reply: %w", path, err)
	}
	if status != 200 {
		return nil, fmt.Errorf("%s: status %d: %.300q", path, status, c.body)
	}
	return c.body, nil
}

var (
	keyLength   = []byte("content-length:")
	keyEncoding = []byte("transfer-encoding:")
)

// reply reads a status line, a head with a Content-Length, and the body.
func (c *conn) reply() (status int, err error) {
	line, err := c.line()
	if err != nil {
		return 0, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, fmt.Errorf("%.40q is not a status line", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, fmt.Errorf("%.40q is not a status line", line)
	}
	length := -1
	for range maxHeadLines {
		if line, err = c.line(); err != nil {
			return 0, err
		}
		switch {
		case len(line) == 0:
			if length < 0 {
				return 0, errors.New("it has no Content-Length")
			}
			if length > maxReplyBytes {
				return 0, fmt.Errorf("it has %d bytes, more than %d", length, maxReplyBytes)
			}
			c.body = append(c.body[:0], make([]byte, length)...)
			_, err := io.ReadFull(c.in, c.body)
			return status, err
		case hasPrefixFold(line, keyLength):
			text := strings.TrimSpace(string(line[len(keyLength):]))
			if length, err = strconv.Atoi(text); err != nil || length < 0 {
				return 0, fmt.Errorf("%.40q is not a length", text)
			}
		case hasPrefixFold(line, keyEncoding):
			return 0, fmt.Errorf("%.60q is not understood here", line)
		}
	}
	return 0, fmt.Errorf("its head has more than %d lines", maxHeadLines)
}

// line reads a line of the head without its end; it is valid until the next read.
func (c *conn) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, fmt.Errorf("a line of its head has more than %d bytes", maxLineBytes)
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

func hasPrefixFold(s, prefix []byte) bool {
	return len(s) >= len(prefix) && bytes.EqualFold(s[:len(prefix)], prefix)
}
