// Package stream decides when and in what order: it admits events to the journal, one at a
// time, and folds durable records into state, one at a time.
//
//	s := stream.New(stream.Options{Log: log, Fold: state, …})
//	err := s.Replay(reader, nil)            // rebuild what the journal already holds
//	s.Start()
//	out, err := s.Events(ctx, "http", received, events, nil)
//	s.View(func(p freshet.Position) { … })  // read the state at one position
//	err = s.Close()
//
// Admission, under one lock, gives each event its verdict: duplicate or conflicting by its
// id, late by its source's watermark, else accepted; and its position. The one applier folds
// records in order, never before they are durable. When Events returns without error, what
// it accepted is durable and applied: the next View reflects it.
//
// Invariants: positions are folded consecutively; nothing is folded that is not durable; a
// verdict, once journaled, is taken from the record and never decided again.
//
// A record that does not decode, or of which decoding or folding in panics, is a PoisonError: it is
// told to Options.Poisoned, and passed over by the next replay, which Options.Pass tells so. A live
// Stream that meets one keeps its state locked and says so by Poisoned.
//
// It leaves out what the records mean (the Fold's business) and how they are stored (package
// journal). A Stream is safe for concurrent use.
package stream
