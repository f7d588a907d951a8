// Package dense multiplies and solves with dense matrices of float32: products, symmetric products,
// Cholesky factors, solutions, inverses and, in float64, eigenvectors.
//
//	dense.Syrk(workers, true, n, k, 1, x, n, 0, g, n, true)  // g = x'x
//	for i := range n { g[i*n+i] += lambda }
//	err := dense.Inverse(workers, n, g, n)                   // g = g⁻¹
//
// It also scores rows: [Kit] has the layers of a network, with weights laid out once, and sums over entries
// of sparse rows, of weights and of vectors.
//
//	layer := kit.NewLayer(in, out, weights, in, bias)
//	layer.Apply(rows, x, ldx, layer.Bias(), to, true)        // to = max(0, x·weights' + bias)
//	kit.Pool(pairs, vectors, dim, entries, x, ldx, sums)     // of a factorization machine
//
// A matrix is a slice and the distance of its rows: element (i, j) is a[i*lda+j]. Sizes and slices
// that do not go together are a bug of the caller and panic. Functions keep nothing, and are safe
// for concurrent use on different outputs. workers is how many goroutines compute, at least 1.
//
// # The same bits everywhere
//
// Every sum is a chain of fused multiply-adds in float32, in an order that the sizes alone decide:
// an element of a product is that of its row, its column and their length, wherever in the matrix
// it stands. So the number of workers changes no bit, a part computed alone has the bits of the
// whole, and so have the kernels: AVX-512, AVX2 and plain Go, which rounds like the instruction.
// [Kernel] names the one in use, for reports on speed.
//
// Blocking follows Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication"
// (2008); triangles are halved until they are products (Elmroth, Gustavson, Jonsson and Kågström,
// "Recursive Blocked Algorithms and Hybrid Data Structures for Dense Matrix Library Software",
// 2004).
//
// What it leaves out: sparse matrices, products in float64, pivoting, matrices that are not symmetric
// where something is solved.
package dense
