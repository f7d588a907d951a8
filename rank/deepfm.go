package rank

import "github.com/freshet-rec/freshet/internal/dense"

// DeepFM is a factorization machine beside a network that shares its vectors (Guo et al., "DeepFM: A
// Factorization-Machine based Neural Network for CTR Prediction", IJCAI 2017, §2): the input of the
// network is one vector a field, the sum of its vectors that count, each times how much it counts;
// its output is added to the log-odds.
type DeepFM struct {
	FM
	Layers []Layer // one or more: the first takes Dim numbers a field; the last gives one

	packed *network
	back   []*dense.Layer // by layer but the last, for Explain
}

// Layer is one layer of a network: max(0, W·x + b), and without the max for the last.
type Layer struct {
	In, Out int
	Weights []float32 // by output, In numbers each
	Bias    []float32 // by output
}

// Bounds of vectors and networks.
const (
	MaxDim    = 256
	MaxWidth  = 4096 // of a layer
	MaxLayers = 8
)

// Pack is FM.Pack, and lays the layers out for Predict and Explain, which otherwise do so in every call.
func (m *DeepFM) Pack() {
	m.FM.Pack()
	m.packed, m.back = m.pack(), m.packBack()
}

func (m *DeepFM) pack() *network { return newNetwork(m.kit, m.Layers, apartFor(m.Layers[0].In)) }

// Predict implements Model.
func (m *DeepFM) Predict(b *Batch, odds []float32) {
	n := m.packed
	if n == nil {
		n = m.pack()
	}
	r := n.take(m.Dim)
	defer n.rooms.Put(r)
	odds = odds[:b.Rows(len(m.Fields.Fields))]
	for from := 0; from < len(odds); from += block {
		odds := odds[from:min(from+block, len(odds))]
		e := m.entries(b, from, len(odds))
		m.linear(e, odds)
		m.kit.Pool(r.pairs[:len(odds)], m.Vectors, m.Dim, &e, r.x, n.apart, r.sums)
		deep := n.output(len(odds), r.x, r)
		for i := range odds {
			odds[i] += r.pairs[i]/2 + deep[i]
		}
	}
}

// Explain implements Model.
func (m *DeepFM) Explain(b *Batch, rows []int, parts []float32) {
	explain(b, rows, parts, &m.LR, &m.FM, m)
}
