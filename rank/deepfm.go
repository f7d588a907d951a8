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
