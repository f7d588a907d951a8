package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// watermarks holds the watermark of each source: the largest min(ts, received) over the
// events of the source so far, Unix ms. A source without an event has none.
type watermarks map[string]int64

// late gives the verdict on one event, then moves the watermark of its source over it. An
// event is late when it is older than the watermark that earlier events of the source made
// by more than lateness ms. An import is never late.
func (w watermarks) late(source string, ts, received, lateness int64) bool {
	if strings.HasPrefix(source, "import:") {
		return false
	}
	mark, exists := w[source]
	late := exists && ts < mark-lateness
	if seen := min(ts, received); !exists || seen > mark {
		w[source] = seen
	}
	return late
}

// set takes a clock record: the watermark of its source from there on.
func (w watermarks) set(raw json.RawMessage) error {
	var clock struct {
		Source      string `json:"source"`
		WatermarkMS *int64 `json:"watermark_ms"`
	}
	if err := json.Unmarshal(raw, &clock); err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	if clock.Source == "" || clock.WatermarkMS == nil {
		return fmt.Errorf("clock %.200s has no source or no watermark_ms", raw)
	}
	w[clock.Source] = *clock.WatermarkMS
	return nil
}
