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
//     version of every item and user, every definitions record.
//  3. check groups the rows by the definitions in force at their position, and for each
//     feature builds an index of its events by key and compares cell by cell.
//
// A read happens at (q, p): time q in Unix ms, journal position p. It sees the events that
// are not late, whose position is at or before p, and, for a feature with window W and
// hop h, for which
//
//	tile(q) - W/h < tile(ts) <= tile(q),   tile(t) = floor(t/h)
//
// The texts it goes by are feature/doc.go and docs/expressions.md. Where they are silent it
// takes the plain reading: an empty text of an attribute or of the context is a value,
// item.id has no value for an item that the catalogue does not know, and a last_k without
// elements may be answered as null or as []. What it finds no plain reading for it leaves
// open: the cell or the feature is reported as unchecked with the reason, never passed over
// in silence, and --everything makes that a failure. So are a last with numbers under some
// combinations of its key and texts under others, and a sum beyond an int64 of millionths.
//
// Decayed sums may differ by 1e-9 of the larger value; everything else is exactly equal. A
// derived feature is held against the values that the same row gives for the features it
// reads, each of which is compared by itself.
//
// Left out: the counters beside a value in a reply (updated_at, events, default), replies
// to requests that name features, and of expressions cross and item.published_ms. Sums over
// millions of events under one key are taken by pieces, see block; a test holds them
// against the definition.
//
// Exit status: 0 when every compared cell agrees, 1 when something differs or nothing was
// compared, 2 when the arguments or the input cannot be used.
package main
