// Package epoch measures how long an epoch of training takes, in this process: rows of the shape of
// the Frappe data set, logistic regression and a factorization machine beside a program in C that takes
// the same steps in plain loops, and a DeepFM beside a goal.
//
//	result, err := epoch.Run(ctx, epoch.Options{Size: epoch.Full(), Now: …})
//	result.WriteText(os.Stdout)
//
// Both take turns, and of both the least time counts. After an epoch both must have learned the same. The
// same training on a stream of rows is done on once and four times as many rows, to see that memory
// does not grow with them.
package epoch
