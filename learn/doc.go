// Package learn trains models: it fits fields and weights to rows and makes whole models for package
// rank to read.
//
//	h, err := learn.NewHistory(options, disk, "training/rows")
//	h.Apply(ctx, entry)                      // each record of a journal, in order
//	samples, err := h.Samples(ctx)           // rows with what came of them, in files
//	ranker, fits, err := learn.FitRanker(ctx, samples, targets, learn.FitOptions{Kind: "fm"})
//
// or, step by step, on rows of any Source:
//
//	fitted, err := learn.FitFields(names, rows, each, learn.FieldOptions{})
//	schema, err := rank.NewSchema(fitted.Fields)
//	learner := learn.NewDeepFM(schema, learn.DeepFMOptions{Seed: 1})
//	trained, err := learn.TrainEpochs(ctx, learner, schema, fitted.Counts, train, valid, learn.EpochOptions{})
//
// Rows must be point in time: each holds what was known when its label was not. What says when to
// stop is never trained on.
//
// It leaves out where models are kept. Equal rows, options and seed give equal bytes.
package learn
