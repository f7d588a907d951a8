package collab

// Popular scores an item by how many users took it, whatever the history.
type Popular struct{ scores []float32 }

// TrainPopular counts.
func TrainPopular(m *Matrix) *Popular {
	p := &Popular{scores: make([]float32, m.Items)}
	for _, i := range m.Item {
		p.scores[i]++
	}
	return p
}

// Score implements Model.
func (p *Popular) Score(scores []float32, _ []uint32) { copy(scores, p.scores) }
