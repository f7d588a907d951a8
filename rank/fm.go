package rank

import "sync"

// FM is a factorization machine of degree two (Rendle, "Factorization Machines", ICDM 2010, eq. 1
// and 5): logistic regression, plus for each pair of weights that count the product of their vectors
// and of how much they count. The pairs are summed in the form of lemma 3.1, at the cost of one pass:
// ½ Σ_d ((Σ v_d·x)² − Σ (v_d·x)²).
type FM struct {
	LR
	Dim     int       // of a vector, 1 to MaxDim
	Vectors []float32 // by weight, Dim numbers each

	squares []float32 // by vector: of its length
}

// Pack works out what Explain needs of the vectors, which otherwise it does for each that counts. The
// parameters must not be changed any more, or Pack be called again. It is not safe beside other calls.
func (m *FM) Pack() {
	squares := make([]float32, len(m.Weights))
	for at := range squares {
		squares[at] = m.square(at)
	}
	m.squares = squares
}

// square is that of the length of a vector.
func (m *FM) square(at int) float32 {
	sum := 0.0
	for _, v := range m.Vectors[at*m.Dim:][:m.Dim] {
		sum += float64(float64(v) * float64(v))
	}
	return float32(sum)
}

// block is how many rows are computed at a time: whole tiles of the kernels, and few enough that
// the inputs of a network stay in the cache.
const block = 48

// pairRooms are kept between calls: each is a *[block]float32.
var pairRooms = sync.Pool{New: func() any { return new([block]float32) }}

// Predict implements Model.
func (m *FM) Predict(b *Batch, odds []float32) {
	room := pairRooms.Get().(*[block]float32)
	defer pairRooms.Put(room)
	odds = odds[:b.Rows(len(m.Fields.Fields))]
	for from := 0; from < len(odds); from += block {
		n := min(block, len(odds)-from)
		e := m.entries(b, from, n)
		m.linear(e, odds[from:][:n])
		m.kit.Pairs(room[:n], m.Vectors, m.Dim, &e)
		for i, both := range room[:n] {
			odds[from+i] += both / 2
		}
	}
}

// Explain implements Model.
func (m *FM) Explain(b *Batch, rows []int, parts []float32) {
	explain(b, rows, parts, &m.LR, m, nil)
}
