// Package simd holds the kernels of vector arithmetic: products of float32 and of int8 vectors, one
// by one, against consecutive rows and against chosen rows, and searches of short lists.
//
//	score := simd.Dot(query, row)
//	simd.DotRows(scores, query, rows)        // of len(scores) rows that lie one behind the other
//	simd.DotAt(scores, query, rows, at)      // of the rows numbered at
//	at := simd.Index(items, item)            // where a number stands in a list
//
// # Same bits everywhere
//
// A product of float32 vectors is the same bits on every processor, so that what was served on one
// machine can be replayed on another. All kernels add in one order. There are 16 lanes, which begin
// as +0; element i is multiplied, rounded to float32, and added to lane i mod 16 in order of i,
// without fused multiply-add. Then the lanes are halved four times: lane j takes lane j+8, then
// j+4, j+2, j+1. Which NaN a NaN is, is not stated. Products of int8 vectors are exact integers
// modulo 2^32, so their order does not matter.
//
// Each kernel has a twin in plain Go, which says what it computes and is used where there is no
// assembly for the processor; the fuzz tests hold each against its twin. Functions that get
// slices whose lengths do not fit panic: that is a bug of the caller. All are safe for concurrent
// use, and none allocates.
package simd
