package learn

import (
	"math/rand/v2"

	"github.com/freshet-rec/freshet/rank"
)

// shuffledBlocks is how many blocks of rows are in memory at a time while they are shuffled.
const shuffledBlocks = 128

// encoded are rows as models learn from them.
type encoded struct {
	batch  rank.Batch
	labels []float32
	fields int
}

func (e *encoded) reset() { e.batch.Reset(); e.labels = e.labels[:0] }

// take appends row i of other.
func (e *encoded) take(other *encoded, i int) {
	for f := range e.fields {
		index, value := other.batch.Entries(e.fields, i, f)
		e.batch.Index, e.batch.Value = append(e.batch.Index, index...), append(e.batch.Value, value...)
		e.batch.Ends = append(e.batch.Ends, uint32(len(e.batch.Index)))
	}
	e.labels = append(e.labels, other.labels[i])
}

// shuffle reads rows [0, to) in an order that the generator decides, and hands them on in batches of
// the given size, the last of which may be smaller. Blocks of rows come in any order, and the rows of
// shuffledBlocks of them are mixed: fewer rows than that are shuffled altogether. So memory does not
// grow with the rows.
func (s *Samples) shuffle(to, size int, schema *rank.Schema, label func(i int, sample *Sample) float32, rng *rand.Rand, learn func(b *rank.Batch, labels []float32) error) error {
	mixed := &encoded{fields: len(schema.Fields)}
	batch := &encoded{fields: len(schema.Fields)}
	blocks := rng.Perm((to + blockRows - 1) / blockRows)
	for len(blocks) > 0 {
		mixed.reset()
		now := blocks[:min(len(blocks), shuffledBlocks)]
		blocks = blocks[len(now):]
		for _, block := range now {
			err := s.Each(block*blockRows, min(to, (block+1)*blockRows), func(i int, sample *Sample) error {
				schema.Encode(&mixed.batch, &sample.Row)
				mixed.labels = append(mixed.labels, label(i, sample))
				return nil
			})
			if err != nil {
				return err
			}
		}
		order := rng.Perm(len(mixed.labels))
		for from := 0; from < len(order); from += size {
			batch.reset()
			for _, i := range order[from:min(len(order), from+size)] {
				batch.take(mixed, i)
			}
			if err := learn(&batch.batch, batch.labels); err != nil {
				return err
			}
		}
	}
	return nil
}
