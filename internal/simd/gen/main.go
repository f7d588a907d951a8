// Command gen writes the assembly of package simd: stubs_amd64.go and kernels_amd64.s beside this
// folder. It is a module of its own, so that avo is no dependency of what it writes.
//
//	go generate ./internal/simd
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func main() {
	dotAVX512()
	dotAVX2()
	dotRowsAVX512()
	dotRowsAVX2()
	dotAtAVX512()
	dotAtAVX2()
	dotInt8AVX512()
	dotInt8AVX2()
	dotAtInt8AVX512()
	scanInt8AVX512()
	scanInt8AVX2()
	atLeastAVX512()
	atLeastAVX2()
	readAVX512()
	readAVX2()
	largestAVX512()
	indexAVX512()
	indexAVX2()
	Generate()
}

// kernel begins a function that keeps none of its arguments.
func kernel(name, signature, doc string) {
	TEXT(name, NOSPLIT, signature)
	Doc(doc)
	Pragma("noescape")
}

// askAhead asks for the line of a table that is scanned as far behind m as will be read some hundred
// nanoseconds later. The processor asks ahead too, but not beyond a page of 4 KiB, and not while the
// caller looks at the scores of a call. What is asked for behind the end of the table is not read.
// Measured over a million rows of 64, in units of a plain read of as many bytes: int8 1.33 without,
// 1.08 with 1 or 2 KiB, 1.15 with 4 or 8; float32 1.14 without, 1.02 with 2 KiB, 0.99 with 8.
func askAhead(m Mem) {
	m.Disp += 2048
	PREFETCHT0(m)
}
