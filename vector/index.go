package vector

// Hit is a row found, with its score: the inner product with the query, or the cosine.
type Hit struct {
	Row   uint32
	Score float32
}

// Index finds the rows nearest to a query.
type Index interface {
	// Len is the number of rows, Dim the length of every vector.
	Len() int
	Dim() int
	// Search appends to dst up to n rows with the greatest scores, best first, ties by row, none of
	// which skip refuses. query has passed Check; skip may be nil. It is safe for concurrent use,
	// and equal indexes, queries and skips give equal hits, bit for bit.
	Search(dst []Hit, query []float32, n int, skip func(row uint32) bool) []Hit
}
