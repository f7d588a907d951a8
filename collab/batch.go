package collab

// Batch is a Model that scores several histories at once in less time than one after the other.
type Batch interface {
	Model
	// ScoreBatch fills scores, all items of the first history, then of the second and so on, as
	// Score does but for the last bits.
	ScoreBatch(scores []float32, histories [][]uint32)
}

// ScoreAll fills scores, a row of len(scores)/len(histories) items for each history, by the fastest
// way that the model has.
func ScoreAll(m Model, scores []float32, histories [][]uint32) {
	if len(histories) == 0 {
		return
	}
	if b, ok := m.(Batch); ok {
		b.ScoreBatch(scores, histories)
		return
	}
	n := len(scores) / len(histories)
	for r, history := range histories {
		m.Score(scores[r*n:(r+1)*n], history)
	}
}
