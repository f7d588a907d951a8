// Package learn trains models: it fits encoders and weights to rows and writes whole models
// for package rank to read.
//
//	h, err := learn.NewHistory(options, disk, "training/rows")
//	h.Apply(ctx, entry)                      // each record of a journal, in order
//	samples, err := h.Samples()              // rows with what came of them, in files
//	ranker, fits, err := learn.FitRanker(ctx, samples, targets, learn.FitOptions{Kind: "fm"})
//
// Rows must be point in time: each holds what was known when its label was not. Of the rows, in the
// order of time, the newest only measure, and those before them say when to stop and how to calibrate.
//
// It leaves out where models are kept. Equal rows, options
// and seed give equal bytes.
package learn
