// Package audit recomputes feature values from raw events, the slow and obvious way, so that
// what was served can be held against it.
//
//	oracle := audit.NewOracle(audit.Options{Features: defs, Slack: maxFuture, OneIn: 64})
//	oracle.Upsert(item, &doc)               // the catalogue as it stands from here on
//	oracle.User(visitor, &doc)              // a user's attributes from here on
//	oracle.Event(visitor, item, &event)     // each event that is not late, in journal order
//	want, known := oracle.Read(column, visitor, item, q, context)
//	same := audit.Same(served, want)
//
// It shares no state and no arithmetic with package feature: it keeps the events themselves,
// and sums over them at each read, by the words of that package's comment. What keeps it
// affordable is that it need not keep all keys: of each feature's keys one in OneIn, chosen by a
// hash, and fewer when those have too many events.
//
// What it leaves out: derived features, which follow from the others; features with a filter,
// unless it is told how to compile one; which events are late (package stream); and what to do
// about a value that differs.
package audit
