// Package factors measures the models of vectors in this process: the fold-in of a history, as a
// request needs it, and the training of implicit alternating least squares.
//
// Typical sequence:
//
//	result, err := factors.Run(ctx, factors.Options{Size: factors.Full(), Workers: 2, Now: …})
//	result.WriteText(os.Stdout)
//
// The bound is arithmetic: the operations that the method cannot do without, at the rate at which
// this machine multiplies large matrices ([dense.Gemm] of 2,048 × 2,048), measured before and after.
// For a row of n entries and vectors of d floats these are n·d·(d+1) for the sum of outer products,
// of which one half is enough, d³/3 for Cholesky's factor and 2·d² for the solution. It asks for no
// byte of memory, so that what is gathered at random counts against us.
//
// It leaves out how good the vectors are, which is the business of package eval.
package factors
