package external

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/outgoing"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/serve"
)

// Options say who is asked.
type Options struct {
	URL   string
	Rules outgoing.Rules // where it may lead
	Conns int            // connections kept at hand: as many as calls go on at once
}

// Client asks one service. Use New and Close. It is safe for concurrent use.
type Client struct {
	url  string
	http *http.Client
}

// New returns a Client. The error says what is wrong with the URL.
func New(o Options) (*Client, error) {
	if err := o.Rules.CheckURL(o.URL); err != nil {
		return nil, fmt.Errorf("url %q: %w", o.URL, err)
	}
	return &Client{o.URL, o.Rules.Client(o.Conns)}, nil
}

// Close lets go of the connections that nobody uses.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// question is the body of a call.
type question struct {
	Request   string         `json:"request_id"`
	Scene     string         `json:"scene"`
	Time      int64          `json:"ts_ms"`
	User      freshet.UserID `json:"user_id,omitempty"`
	Anonymous string         `json:"anonymous_id,omitempty"`
	Session   string         `json:"session_id,omitempty"`
	N         int            `json:"n"`
	Recent    []act          `json:"recent"` // newest first
	Context   map[string]any `json:"context,omitempty"`
}

type act struct {
	Item  freshet.ItemID `json:"item_id"`
	Event string         `json:"event,omitempty"` // absent: the visitor is looking at it
	Time  int64          `json:"ts_ms"`
}

// Propose implements serve.Outside.
func (c *Client) Propose(ctx context.Context, q *serve.Question) (said []recall.External, err error) {
	body := question{q.Request, q.Scene, q.Time, q.User, q.Anonymous, q.Session, q.N, make([]act, len(q.Recent)), q.Context}
	for i, r := range q.Recent {
		body.Recent[i] = act{r.Item, r.Event, r.Time}
	}
	text, err := json.Marshal(&body)
	if err != nil {
		return nil, fmt.Errorf("encode the question: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "freshet")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // what is wrong with the connection is known by now
	switch encoding := res.Header.Get("Content-Encoding"); {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return nil, fmt.Errorf("it redirects (%s), which is not followed", res.Status)
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("it answers %s", res.Status)
	case encoding != "" && encoding != "identity":
		return nil, fmt.Errorf("%w: it is compressed (%q) without having been asked for that", recall.ErrGarbage, encoding)
	}
	said, err = readAnswer(&bounded{res.Body, maxBytes(q.N)}, q.N)
	if err != nil && ctx.Err() != nil { // what was cut off is not what was said
		return nil, ctx.Err()
	}
	return said, err
}

// maxBytes bounds the body of an answer with n items: an id has at most 256 bytes, of which each
// may take six in JSON, and a score some thirty.
func maxBytes(n int) int64 { return 4<<10 + int64(n)*(6*freshet.MaxIDBytes+128) }

// bounded reads at most left bytes, and says so when there are more.
type bounded struct {
	from io.Reader
	left int64
}

var errTooLong = fmt.Errorf("%w: it is longer than such an answer can be", recall.ErrGarbage)

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
