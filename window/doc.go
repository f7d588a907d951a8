// Package window is the arithmetic of streaming features: counts and sums over hopping
// windows, totals over all time, exponentially decayed sums, and last times.
//
// It is pure: no clock, goroutine, lock, map or I/O, so that it can be proved against a
// naive oracle that keeps every event. Times are event times in Unix milliseconds and must
// not be negative; a read names the time q it is made for. State lives in cells, slices of
// words without pointers that the caller stores, zeroed when new; each type below says how
// many words it needs and reads and writes them:
//
//	h := window.Hopping{Window: 300_000, Hop: 30_000, Slack: 60_000, Lanes: 1}
//	cell := make([]uint64, h.Words())
//	h.Add(cell, eventTime, 0, 1)
//	n := h.Sum(cell, q, 0)
//
// Integers carry counts and sums, so they are exact under any order of arrival. Decayed sums
// are floats: bit-equal when the same events come in the same order, within rounding under
// any other.
//
// What it leaves out: which events count and under which key (package feature), and where
// cells are kept (package store).
package window
