package collab

import (
	"context"
	"fmt"

	"github.com/freshet-rec/freshet/internal/dense"
)

// scoreFloats is about how many scores a worker of ScoreRows has at a time: 64 MiB.
const scoreFloats = 1 << 24

// ScoreRows scores all items for every row of h, whose items are the model's, by products of whole
// blocks of users: what Score does for one, much faster for many, and with other last bits. Weights
// of h count. It calls each with the number of a row and its scores, from several goroutines at once
// with workers above 1, once for every row in no certain order; the scores are each's until it
// returns. It fails with ctx's error, soon after its end, or where a row does not fold in.
func (m *IALS) ScoreRows(ctx context.Context, workers int, h *Matrix, each func(row int, scores []float32)) error {
	if h.Items > m.items {
		return fmt.Errorf("score rows: a matrix of %d items for a model of %d", h.Items, m.items)
	}
	if err := h.check(); err != nil {
		return err
	}
	if m.items == 0 {
		for r := range h.Users {
			each(r, nil)
		}
		return ctx.Err()
	}
	across := make([]float32, len(m.vectors)) // transposed once, not with every block
	for i := range m.items {
		for j, v := range m.vectors[i*m.stride : (i+1)*m.stride] {
			across[j*m.items+i] = v
		}
	}
	block := min(256, max(1, scoreFloats/m.items))
	failed := make([]error, (h.Users+block-1)/block)
	eachBlock(ctx, workers, len(failed), func() func(b int) bool {
		f := m.NewFolder()
		vectors, scores := make([]float32, block*m.stride), make([]float32, block*m.items)
		return func(b int) bool {
			rows := min(block, h.Users-b*block)
			for r := range rows {
				u := b*block + r
				if failed[b] = f.fold(h.Row(u), h.Weights(u)); failed[b] != nil {
					failed[b] = fmt.Errorf("score row %d: %w", u, failed[b])
					return false
				}
				copy(vectors[r*m.stride:], f.vector)
			}
			dense.Gemm(1, false, false, rows, m.items, m.stride, 1, vectors, m.stride, across, m.items, 0, scores, m.items)
			for r := range rows {
				if ctx.Err() != nil {
					return false
				}
				each(b*block+r, scores[r*m.items:(r+1)*m.items:(r+1)*m.items])
			}
			return true
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}
