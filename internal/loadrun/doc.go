// Command loadrun drives a live server with behaviour events at a given rate and keeps
// some of its feature rows, for dumpcheck to recompute afterwards from the dump.
//
// Typical sequence:
//
//  1. Every item is sent to POST /v1/items with categories, tags and attributes, and nine
//     of ten users to POST /v1/users with theirs.
//  2. Each client posts its batches to POST /v1/events when they fall due, as NDJSON. The
//     load is an open loop: a slow reply delays the batches behind it but drops none of
//     them, and the largest delay is reported. Meanwhile items and users are replaced. Since
//     the server needs the processor, events are written before the first batch is due; as
//     they are sent they get their ids and their times, which are counted from that moment.
//  3. Beside them readers ask POST /v1/features for a random visitor, a context and five
//     random items, evenly over the run, and write request and reply to a file, one JSON
//     line each.
//  4. The summary is printed as one JSON line.
//
// The world is made from a seed: users and items follow a Zipf law, a share of the events
// is shifted in time, a few are sent again and a few are too late on purpose. Since those
// are known, every reply is checked: anything but the expected counts of accepted,
// duplicate, refused and late events makes the run fail.
//
// Left out: retries (a refused or lost batch is a finding), sessions, and a choice of the
// time that rows are read for, which is the server's. The server is expected to start empty or to have
// been driven by loadrun only, with a lateness of 1h and a max_future of 1m.
//
// Exit status: 0 when every reply was as expected, 1 when one was not, 2 when the
// arguments or the rows file cannot be used.
package main
