// Package feature computes streaming features: one [Definition] each, one piece of code for
// the stream, for serving and for every replay.
//
//	engine := feature.New(defs, feature.Options{Slack: time a read may lie behind, …})
//	engine.Upsert(item, &doc)           // the catalogue as it stands from here on
//	engine.UpsertUser(visitor, &doc)    // a user's attributes from here on
//	engine.Apply(visitor, item, &event) // each event that is not late, in journal order
//	reader.Start(visitor, q, context)
//	reader.Row(item, row)               // the values at time q
//
// # The exact meaning
//
// A value is a function of (q, p): the event time q it is read for and the journal position
// p up to which records were applied. With a window W and hop h, tile(t) = ⌊t/h⌋, it is taken
// over the events e with position(e) ≤ p and tile(q) − W/h < tile(t_e) ≤ tile(q); without a
// window over all events with position(e) ≤ p. Of those count only the events that on (or of
// and per) names, that have the field, and of which where is true:
//
//	count        how many
//	sum          Σ field, each as an integer of 10⁻⁶: the float64 product field·10⁶, half-even; sums
//	             stop at the ends of int64, ±9.2·10¹²
//	mean         that sum divided by 10⁶, and then by the number of events; null when there are none
//	min, max     the smallest and the largest field, null when there is none
//	rate         min(1, (c+α)/(e+α+β)), c events of and e events per over the same span
//	decayed_sum  Σ amount · 2^(−age/half_life), age = q − t_e clamped at 0, amount 1 or field
//	last         the field of the newest event, a number or a text, null when there is none
//	last_time    the newest t_e in ms, null when there is none
//	age          (q − newest t_e) in seconds, clamped at 0, null when there is none
//	distinct     how many different values of field: exact up to 128 of them, beyond that the
//	             estimate of a HyperLogLog, see [window.Distinct]
//	last_k       item and time of the newest k events that have an item, newest first
//
// Of events at the same millisecond the one with the greater item id is newer, then the one with
// the greater event id, as bytes, then the one with the greater position.
//
// The parts of a key are user, item, item.<attribute>, user.<attribute> and context.<name>, or
// global alone for one value over everything. item.category is the first of the item's
// categories, item.categories all of them, item.tags its tags, item.id the id; any other
// attribute is looked up in the attributes of the catalogue. context.<name> is a field of the
// event's context. A list stands for its elements. Texts, numbers and truth values are values,
// anything else is none; numbers are the same value when they are the same float64. As a field of
// any aggregate but distinct, a number beyond ±[freshet.MaxValue] is none.
//
// Attributes join at write: an event counts under the values that the item and the user had when
// it was applied, and not at all when one of the key's parts has no value then. A read uses the
// values they have now, and the context of the request. When parts have several values, the
// event counts once under each combination; a read takes the mean over the combinations, of those
// that are not null. What is no number (last_k, last of a text) is read from the first
// combination that has it: the values of the later parts vary fastest, in the order user, item,
// item.…, user.…, context.…, and by name among those that begin alike.
//
// The estimate of a distinct goes by 64-bit hashes of texts: of a letter for the kind (t text, n
// number, b truth value) and the value (a number as the shortest decimal that gives the float64
// back, as %g prints it; an item's id; a visitor with its kind, as u:ada), by FNV-1a and then the finalizer of
// SplitMix64. Beyond 128 different hashes it is that of a HyperLogLog of 2048 registers: the upper
// 11 bits of the hash are the register, one more than the number of leading zeros in the 53 bits
// below them its rank, and the estimator, rounded to a whole number, is the improved one of Ertl,
// "New cardinality estimation algorithms for HyperLogLog sketches" (2017), section 4: a standard
// error of 1.04/√2048 = 2.3 %.
//
// Counts and sums are integers, exact under any order of arrival as long as no sum stops at its end; decayed sums are bit-equal
// for the same order and within rounding under another. All others do not depend on the order.
//
// A derived feature is an expression over the other features, the item, the user, the context
// and the time of the row; see package expression.
//
// An Engine with a bound on its keys lets the oldest go when there are more ([Options].MaxKeys): an
// event counts for a key only when the key did not go since. What goes follows from the events and
// their order alone, so every replay lets go of the same.
//
// What it leaves out: which events are late (package stream), durability and order (package
// journal). An Engine is for one writer or many readers at a time; the caller holds the lock.
package feature
