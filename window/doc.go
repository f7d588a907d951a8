// Package window is the arithmetic of streaming features: what an aggregate makes of events, over
// all time, over hopping windows, or weighted by their age.
//
// Two things are told apart. An [Aggregate] is an algebra over samples: [Count], [Sum], [Mean],
// [Min], [Max], [Rate], [Last], [LastTime], [Age], [Distinct] and [LastK], each with a state of a
// few words that can be added to, merged, read, packed and cleared. [Cells] say how the state of
// a feature is kept under one key, and how it is read at a time q:
//
//	Total         an aggregate over all time
//	Hopping       an aggregate over a window: a ring of states, one a tile
//	Counters      Hopping of Count and Rate in bytes
//	Latest        Total of LastTime and Age in two words
//	NewDecayedSum a sum whose amounts lose half of their weight in every half-life
//
// A cell is a slice of words without pointers that the caller stores, zero when new. What has no
// fixed length (texts, lists, hashes) stands in a slab that the caller gives and that the cell
// refers to. Such a cell must be cleared before its words are given away:
//
//	var pieces slab.Slab
//	cells := window.NewHopping(&window.Distinct{Slab: &pieces}, 3_600_000, 60_000, 60_000)
//	cell := make([]uint64, cells.Words())
//	if !cells.Beyond(eventTime, horizon) {
//		cells.Add(cell, &window.Sample{Time: eventTime, Hash: window.HashText("boots"), Horizon: horizon})
//	}
//	cells.Read(&value, cell, q) // q ≥ horizon
//	cells.Clear(cell)           // nothing of it is left in the slab
//
// It is pure: no clock, goroutine, lock or I/O, and what it does follows from its arguments, so
// that it can be proved against a naive oracle that keeps every sample. Times are event times
// in Unix ms and must not be negative. The horizon is the newest event time of all keys less the
// slack, how far a read may lie behind that; cells keep just what reads from there on need, and
// answer wrongly before it.
//
// Counts and sums are integers, exact in any order of samples; so is everything else but
// decayed sums, which are floats: bit-equal when the same samples come in the same order, within
// rounding in another.
//
// What it leaves out: which events count, with what field and under which key (package feature),
// where cells are kept and when they go (packages store and feature), and which events are late
// (package stream).
package window
