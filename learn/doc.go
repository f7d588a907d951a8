// Package learn trains models: it fits encoders and weights to rows and writes whole models
// for package rank to read.
//
//	rows := learn.NewRows(names)
//	rows.Add(row, label)                     // in the order of time
//	model, report, err := learn.TrainLR(rows, learn.Options{…})
//
// Rows must be point in time: each holds what was known when its label was not. The trainer
// validates on the newest rows and never sees them while it fits.
//
// It leaves out where rows and labels come from and where models are kept. Equal rows, options
// and seed give equal bytes.
package learn
