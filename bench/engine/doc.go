// Package engine measures the feature engine in its own process, beside bounds that are measured
// in the same run: loops over flat tables that do the same arithmetic for the same keys and
// nothing else.
//
// Typical sequence:
//
//	result, err := engine.Run(ctx, engine.Options{Size: engine.Full(), Parts: engine.Parts(), Seed: 7, …})
//	result.WriteText(os.Stdout)
//
// There are three parts. Fold applies a day of events to ten features under four kinds of key,
// from empty, on one goroutine. Read makes the rows of one user and 300 candidates out of a state
// far larger than the cache. Wait has readers come by for the lock that the writer holds while it
// applies.
//
// As in package bench, the bound is measured before and after the engine, and a ratio says how
// much of it is reached. Fold and read run the two on the same events and compare the values
// that come out of them, so that they cannot drift apart: where they differ, Run fails. The
// events, keys and candidates depend on the seed alone; what was measured does not.
//
// It leaves out everything around the engine: decoding, the journal, the order of events, which
// here come by ascending time.
package engine
