package main

import "strings"

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
