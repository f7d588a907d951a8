// Package feature computes streaming features: one [Definition] each, one piece of code for
// the stream, for serving and for every replay.
//
//	engine := feature.New(defs, feature.Options{Slack: time a read may lie behind, …})
//	engine.Upsert(item, &doc)           // the catalogue as it stands from here on
//	engine.Apply(visitor, item, &event) // each event that is not late, in journal order
//	engine.Row(visitor, item, q, row)   // the values at time q
//
// # The exact meaning
//
// A value is a function of (q, p): the event time q it is read for and the journal position
// p up to which records were applied. With a window W and hop h, tile(t) = ⌊t/h⌋, it is taken
// over the events e with position(e) ≤ p and tile(q) − W/h < tile(t_e) ≤ tile(q); without a
// window over all events with position(e) ≤ p. Of those:
//
//	count        how many
//	sum          Σ field, each as an integer of 10⁻⁶: the float64 product field·10⁶, half-even
//	rate         min(1, (c+α)/(e+α+β)), c events of and e events per over the same span
//	decayed_sum  Σ amount · 2^(−age/half_life), age = q − t_e clamped at 0, amount 1 or field
//	last_time    the newest t_e in ms, null when there is none
//	age          (q − newest t_e) in seconds, clamped at 0, null when there is none
//
// A key on an item attribute joins at write: the event counts under the value the item had
// when the event was applied, and not at all when the item was unknown then. A read uses the
// value the item has now. An attribute with several values counts once under each, and a
// read takes the mean over the item's values.
//
// Counts and sums are integers, exact under any order of arrival; decayed sums are bit-equal
// for the same order and within rounding under another.
//
// What it leaves out: which events are late (package stream), durability and order (package
// journal). An Engine is for one writer or many readers at a time; the caller holds the lock.
package feature
