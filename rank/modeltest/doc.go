// Package modeltest says what every model of rows must do. Each model passes
//
//	modeltest.Test(t, make)
//
// where make returns a model over a given schema whose parameters follow from a seed. It leaves out
// whether what a model predicts is any good.
package modeltest
