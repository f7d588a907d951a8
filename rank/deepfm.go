package rank

// DeepFM is a factorization machine beside a network that shares its vectors (Guo et al., "DeepFM: A
// Factorization-Machine based Neural Network for CTR Prediction", IJCAI 2017, §2): the input of the
// network is one vector a field, the sum of its vectors that count, each times how much it counts;
// its output is added to the log-odds.
type DeepFM struct {
	FM
	Layers []Layer // the first takes Dim numbers a field; the last gives one
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

// Predict implements Model.
func (m *DeepFM) Predict(b *Batch, odds []float32) {
	m.FM.Predict(b, odds)
	fields := len(m.Fields.Fields)
	for row := range b.Rows(fields) {
		input := make([]float32, fields*m.Dim)
		for field := range fields {
			index, value := b.Entries(fields, row, field)
			pool(input[field*m.Dim:][:m.Dim], m.Vectors, index, value)
		}
		odds[row] += m.network(input)
	}
}

// pool adds up vectors, each times how much it counts, in the order of the entries.
func pool(sum, vectors []float32, index []uint32, value []float32) {
	for i, at := range index {
		for d, v := range vectors[int(at)*len(sum):][:len(sum)] {
			sum[d] += v * value[i]
		}
	}
}

// network is the output of the layers for an input of one row.
func (m *DeepFM) network(input []float32) float32 {
	for l, layer := range m.Layers {
		output := make([]float32, layer.Out)
		for o := range output {
			output[o] = layer.Bias[o]
			for i, w := range layer.Weights[o*layer.In:][:layer.In] {
				output[o] += w * input[i]
			}
			if l < len(m.Layers)-1 {
				output[o] = max(0, output[o])
			}
		}
		input = output
	}
	return input[0]
}

// Explain implements Model.
func (m *DeepFM) Explain(b *Batch, rows []int, parts []float32) {
	explain(b, rows, parts, &m.LR, m.Vectors, m.Dim, &network{m.Layers, m.Dim})
}
