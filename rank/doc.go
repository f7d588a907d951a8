// Package rank holds the models that score candidates, as the serving side sees them: read
// only, pure given a row.
//
//	model, err := rank.Read(bytes)         // a model that package learn trained
//	score := model.Score(row)              // row[i] is the value of model.Schema.Fields[i]
//	parts := model.Explain(row, nil)       // what each field added
//
// A row is a list of numbers, one a field, in the order of the model's [Schema]; NaN is "no
// value". Each field enters as a piecewise linear function with knots at quantiles of the
// training data, so no field's unit or outliers matter and what a field does can be read off
// its weights.
//
// It leaves out where rows come from (package fold) and how weights are learned (package
// learn). Models are immutable and safe for concurrent use.
package rank
