package rank

// FM is a factorization machine of degree two (Rendle, "Factorization Machines", ICDM 2010, eq. 1
// and 5): logistic regression, plus for each pair of weights that count the product of their vectors
// and of how much they count.
type FM struct {
	LR
	Dim     int       // of a vector, 1 to MaxDim
	Vectors []float32 // by weight, Dim numbers each
}
