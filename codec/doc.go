// Package codec turns JSON into the nouns of package freshet and back. It is strict, tells
// every problem at once, and never repairs: a document that leaves it without problems means
// exactly what it says.
//
// Typical sequence:
//
//  1. A transport reads a whole body under its own size limit and calls [DecodeEvents] (or
//     [DecodeItems], [DecodeUsers]) with the rules of the moment. A *[Malformed] error says
//     that the body as a whole is unusable; otherwise the good events are in List and each
//     refused one has its problems in Problems.
//  2. [Fingerprint] tells a retried event from another one under the same id.
//  3. [AppendEvent], [AppendItem] and [AppendUser] write the canonical form, which is what the
//     journal keeps; [DecodeEvent], [DecodeItem] and [DecodeUser] read it back without loss.
//  4. Requests that carry no events (recommend, features, rules) are read with [Object],
//     which hands out raw fields with strict typed getters.
//
// # What refuses what
//
// Errors in the structure of a document (brackets, commas, quotes, a second document) make
// all of it malformed. Faults inside one value refuse only the event, item or user that holds it:
// numbers outside the JSON grammar such as NaN or 01 ([CodeBadNumber]), text with raw control
// characters, unknown escapes, invalid UTF-8 or half surrogate pairs ([CodeBadText]), and
// everything that concerns meaning. In NDJSON a malformed line refuses only itself.
//
// # Bounds
//
// An event, item or user may nest [MaxDepth] deep (its own braces are depth 1), have [MaxFields]
// members at all depths together, strings of [MaxTextBytes] bytes, number literals of
// [MaxNumberBytes] bytes and [MaxElements] array elements in its free data. An entry of a batch
// has at most [MaxRecordBytes]; one read alone is bounded by its caller. A batch holds at
// most Rules.MaxEvents entries and reports at most [MaxProblems] problems, [MaxProblemsEach]
// for one entry. Nesting beyond the limit is stepped over without recursion, at one bit a
// level.
//
// # What it leaves out
//
// Body size limits, compression and media types belong to the transports; whether an event is
// late, a duplicate or in conflict with an earlier one belongs to what holds the history; what
// free data means belongs to package feature. No function here keeps state, reads a clock or
// retains its input: results share no memory with the bytes they came from, and all functions
// are safe for concurrent use.
package codec
