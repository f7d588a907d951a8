package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
)

// itemsPerRow is how many different items one feature request names.
const itemsPerRow = 5

// featuresRequest is what POST /v1/features takes.
type featuresRequest struct {
	UserID      string   `json:"user_id,omitempty"`
	AnonymousID string   `json:"anonymous_id,omitempty"`
	ItemIDs     []string `json:"item_ids"`
	Context     setting  `json:"context,omitzero"`
}

// keptRow is one line of the rows file: a request and the reply to it, word for word.
type keptRow struct {
	Request featuresRequest `json:"request"`
	Reply   json.RawMessage `json:"reply"`
}

// randomRequest draws a visitor, where it asks from, and different items: one in two from the Zipf law of the
// events, so that most values are not empty, the others evenly.
func (w *world) randomRequest() featuresRequest {
	draw := func(zipf *rand.Zipf, n int) uint64 {
		if w.random.IntN(2) == 0 {
			return zipf.Uint64()
		}
		return w.random.Uint64N(uint64(n))
	}
	req := featuresRequest{Context: w.setting()}
	if id := userID(draw(w.users, w.opts.users)); w.random.IntN(20) > 0 {
		req.UserID = id
	} else {
		req.AnonymousID = id
	}
	for len(req.ItemIDs) < itemsPerRow {
		if id := itemID(draw(w.items, w.opts.items)); !slices.Contains(req.ItemIDs, id) {
			req.ItemIDs = append(req.ItemIDs, id)
		}
	}
	return req
}

// keepRow asks for one row and, when the reply answers the request, writes both to kept as
// one line.
func keepRow(ctx context.Context, c client, req featuresRequest, kept io.Writer) error {
	text, err := c.post(ctx, "/v1/features", req)
	if err != nil {
		return err
	}
	var reply struct {
		Rows []struct {
			ItemID string `json:"item_id"`
		} `json:"rows"`
		Position string `json:"position"`
		TSMS     int64  `json:"ts_ms"`
	}
	if err := json.Unmarshal(text, &reply); err != nil {
		return fmt.Errorf("reply of /v1/features %.300q: %w", text, err)
	}
	var answered []string
	for _, r := range reply.Rows {
		answered = append(answered, r.ItemID)
	}
	if !slices.Equal(answered, req.ItemIDs) || reply.Position == "" || reply.TSMS <= 0 {
		return fmt.Errorf("/v1/features answered items %q, position %q, ts_ms %d for items %q",
			answered, reply.Position, reply.TSMS, req.ItemIDs)
	}
	line, err := json.Marshal(keptRow{Request: req, Reply: text})
	if err != nil {
		return fmt.Errorf("encode a row: %w", err)
	}
	if _, err := kept.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("keep a row: %w", err)
	}
	return nil
}
