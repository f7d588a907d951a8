// Package vector finds nearest neighbours: of many vectors those with the greatest inner product
// with a query, or the greatest cosine.
//
//	exact, err := vector.NewExact(vectors, dim, vector.InnerProduct) // or NewExactInt8, NewIVF, NewHNSW
//	err = vector.Check(query, dim, vector.InnerProduct)              // what came from outside
//	hits := exact.Search(dst, query, n, skip)
//
// Indexes are immutable once built and safe for concurrent use. Rows are numbers from 0, in the
// order of the vectors. The exact index judges the others. What the package leaves out: ids, and
// items that come and go (a Delta holds those beside an index).
package vector
