// Command gen writes the assembly of package simd: stubs_amd64.go and kernels_amd64.s beside this
// folder. It is a module of its own, so that avo is no dependency of what it writes.
//
//	go generate ./internal/simd
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	dotAVX512()
	dotAVX2()
	dotRowsAVX512()
	dotRowsAVX2()
	dotAtAVX512()
	dotAtAVX2()
	dotInt8AVX512()
	dotInt8AVX2()
	dotRowsInt8AVX512()
	dotAtInt8AVX512()
	scanInt8AVX512()
	scanInt8AVX2()
	atLeastAVX512()
	atLeastAVX2()
	readAVX512()
	readAVX2()
	largestAVX512()
	Generate()
}

// kernel begins a function that keeps none of its arguments.
func kernel(name, signature, doc string) {
	TEXT(name, NOSPLIT, signature)
	Doc(doc)
	Pragma("noescape")
}
