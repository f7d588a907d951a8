package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	replyTimeout  = 30 * time.Second // of one request, a guess well beyond any sound reply
	maxReplyBytes = 16 << 20         // of one reply body; more is an error
)

// client posts JSON to one server. It is safe for concurrent use.
type client struct {
	base string
	http *http.Client
}

// newClient returns a client that keeps up to conns connections open.
func newClient(base string, conns int) client {
	return client{base: base, http: &http.Client{
		Timeout:   replyTimeout,
		Transport: &http.Transport{MaxIdleConns: conns, MaxIdleConnsPerHost: conns},
	}}
}

// close drops the idle connections.
func (c client) close() { c.http.CloseIdleConnections() }

// post sends body as JSON to path and returns the reply's body. Any status but 2xx is an
// error that quotes the start of the reply.
func (c client) post(ctx context.Context, path string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode a request to %s: %w", path, err)
	}
	return c.send(ctx, path, "application/json", text)
}

// send is post of a body that is written already.
func (c client) send(ctx context.Context, path, media string, text []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", media)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	reply, err := io.ReadAll(io.LimitReader(resp.Body, maxReplyBytes+1))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("reply of %s: %w", path, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s: %s: %.300q", path, resp.Status, reply)
	}
	if len(reply) > maxReplyBytes {
		return nil, fmt.Errorf("reply of %s is over %d bytes", path, maxReplyBytes)
	}
	return reply, nil
}

// eventsReply is what POST /v1/events answers.
type eventsReply struct {
	Accepted  int               `json:"accepted"`
	Duplicate int               `json:"duplicate"`
	Refused   int               `json:"refused"`
	Late      int               `json:"late"` // within Accepted
	Position  string            `json:"position"`
	Errors    []json.RawMessage `json:"errors"`
}

// events posts a batch, one event a line, which the server reads fastest. The error tells of a
// request that came to nothing; an answer that is not the expected one is for eventsReply.judge.
// body is the batch as lines.
func (c client) events(ctx context.Context, body []byte) (eventsReply, error) {
	var reply eventsReply
	text, err := c.send(ctx, "/v1/events", "application/x-ndjson", body)
	if err != nil {
		return reply, err
	}
	if err := json.Unmarshal(text, &reply); err != nil {
		return reply, fmt.Errorf("reply of /v1/events %.300q: %w", text, err)
	}
	return reply, nil
}

// judge tells what in a reply is not what the batch calls for.
func (r eventsReply) judge(b batch) error {
	accepted := b.events - b.duplicate
	if r.Accepted != accepted || r.Duplicate != b.duplicate || r.Refused != 0 || r.Late != b.late {
		return fmt.Errorf("/v1/events answered accepted %d, duplicate %d, refused %d, late %d (errors %.300s); want %d, %d, 0, %d",
			r.Accepted, r.Duplicate, r.Refused, r.Late, r.Errors, accepted, b.duplicate, b.late)
	}
	if r.Position == "" {
		return errors.New("/v1/events answered no position")
	}
	return nil
}

// entriesPerRequest keeps a request with items or users well below common body limits.
const entriesPerRequest = 200

// upsert posts items or users to the path of their noun. It stops at the first error; an
// entry that the reply says was refused is one.
func upsert[E item | user](ctx context.Context, c client, noun string, all []E) error {
	path := "/v1/" + noun
	for len(all) > 0 {
		some := all[:min(entriesPerRequest, len(all))]
		text, err := c.post(ctx, path, map[string]any{noun: some})
		if err != nil {
			return err
		}
		var reply struct {
			Refused int `json:"refused"`
		}
		if err := json.Unmarshal(text, &reply); err != nil {
			return fmt.Errorf("reply of %s %.300q: %w", path, text, err)
		}
		if reply.Refused > 0 {
			return fmt.Errorf("%s refused %d %s: %.300q", path, reply.Refused, noun, text)
		}
		all = all[len(some):]
	}
	return nil
}
