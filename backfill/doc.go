// Package backfill makes point-in-time feature rows of the past and writes them as Parquet.
//
// There are two pasts. As served, a row is what the state said at the journal position where a
// slate read it; the caller folds the journal up to there and builds the row with package fold.
// As of event time, a value for time q is taken over
//
//	V_E(q) = { e : t_e < q and tile(t_e) > tile(q) − W/h }, ties by position
//
// over all events that are in features, whenever they came: what a feature would have said had it
// existed, and had every event been there at once. [History] does that one:
//
//	history := backfill.NewHistory(options)
//	history.Item(&doc, received, position)  // each record of the journal, in its order
//	history.Event(&event, position)
//	history.Ask(ask)                        // where the journal stood when the row was asked for
//	history.Rows(ctx, func(*Point) error)   // then all rows, by time
//
// A [Writer] writes either as one file; [Order] puts rows that were read in the journal's order
// into the order of their times.
//
// What it leaves out: reading the journal, and which slates and points there are (cmd/freshet).
package backfill
