package rank

// The models in plain loops of float64: what Predict is held against.

func plainLR(m *LR, b *Batch, row int) float64 {
	sum := float64(m.Bias)
	index, value := b.Row(len(m.Fields.Fields), row)
	for i, at := range index {
		sum += float64(m.Weights[at]) * float64(value[i])
	}
	return sum
}

// plainFM multiplies every pair of vectors.
func plainFM(m *FM, b *Batch, row int) float64 {
	sum := plainLR(&m.LR, b, row)
	index, value := b.Row(len(m.Fields.Fields), row)
	for i := range index {
		for j := range i {
			for d := range m.Dim {
				sum += float64(m.Vectors[int(index[i])*m.Dim+d]) * float64(m.Vectors[int(index[j])*m.Dim+d]) * float64(value[i]) * float64(value[j])
			}
		}
	}
	return sum
}

func plainDeepFM(m *DeepFM, b *Batch, row int) float64 {
	fields := len(m.Fields.Fields)
	input := make([]float64, fields*m.Dim)
	for field := range fields {
		index, value := b.Entries(fields, row, field)
		for i, at := range index {
			for d := range m.Dim {
				input[field*m.Dim+d] += float64(m.Vectors[int(at)*m.Dim+d]) * float64(value[i])
			}
		}
	}
	for l, layer := range m.Layers {
		output := make([]float64, layer.Out)
		for o := range output {
			output[o] = float64(layer.Bias[o])
			for i, w := range layer.Weights[o*layer.In:][:layer.In] {
				output[o] += float64(w) * input[i]
			}
			if l < len(m.Layers)-1 {
				output[o] = max(0, output[o])
			}
		}
		input = output
	}
	return plainFM(&m.FM, b, row) + input[0]
}
