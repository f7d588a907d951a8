package rank

// FM is a factorization machine of degree two (Rendle, "Factorization Machines", ICDM 2010, eq. 1
// and 5): logistic regression, plus for each pair of weights that count the product of their vectors
// and of how much they count.
type FM struct {
	LR
	Dim     int       // of a vector, 1 to MaxDim
	Vectors []float32 // by weight, Dim numbers each
}

// Predict implements Model.
func (m *FM) Predict(b *Batch, odds []float32) {
	fields := len(m.Fields.Fields)
	for row := range b.Rows(fields) {
		index, value := b.Row(fields, row)
		odds[row] = m.Bias + linear(m.Weights, index, value) + pairs(m.Vectors, m.Dim, index, value)
	}
}

// linear sums the weights that count, each times how much, in the order of the entries.
func linear(weights []float32, index []uint32, value []float32) float32 {
	sum := float32(0)
	for i, at := range index {
		sum += weights[at] * value[i]
	}
	return sum
}

// pairs sums the products of all pairs of vectors in the form of Rendle's lemma 3.1, whose cost is
// that of one pass: ½ Σ_d ((Σ v_d·x)² − Σ (v_d·x)²). Over the entries it sums in their order, and
// then over the dimensions in theirs.
func pairs(vectors []float32, dim int, index []uint32, value []float32) float32 {
	total := float32(0)
	for d := range dim {
		sum, squares := float32(0), float32(0)
		for i, at := range index {
			part := vectors[int(at)*dim+d] * value[i]
			sum += part
			squares += part * part
		}
		total += sum*sum - squares
	}
	return total / 2
}

// Explain implements Model.
func (m *FM) Explain(b *Batch, rows []int, parts []float32) {
	explain(b, rows, parts, &m.LR, m.Vectors, m.Dim, nil)
}
