// Command dumpcheck recomputes feature values from the output of `freshet dump` and
// compares them with rows that a live server answered.
//
// It is an independent witness: it shares no code with the rest of the repository, uses
// the standard library only, and keeps no incremental state. Every value is worked out
// from the whole list of events under its key, as the definition of the value reads.
//
// Typical sequence:
//
//  1. readRows reads the kept replies of POST /v1/features.
//  2. readDump reads the journal: events with their recomputed lateness verdict, every
//     version of every item, every definitions record.
//  3. check groups the rows by the definitions in force at their position, and for each
//     feature builds an index of its events by key and compares cell by cell.
//
// A read happens at (q, p): time q in Unix ms, journal position p. It sees the events that
// are not late, whose position is at or before p, and, for a feature with window W and
// hop h, for which
//
//	tile(q) - W/h < tile(ts) <= tile(q),   tile(t) = floor(t/h)
//
// Left out: the counters beside a value in a reply (updated_at, events, default),
// aggregates other than count, sum, rate, decayed_sum, last_time and age, expressions,
// `where` filters, and keys on anything but the user and the item. Features that need one
// of those are reported as unchecked, never passed over in silence.
//
// Exit status: 0 when every compared cell agrees, 1 when something differs or nothing was
// compared, 2 when the arguments or the input cannot be used.
package main
