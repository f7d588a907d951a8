package vector

import (
	"context"
	"math/rand/v2"

	"github.com/freshet-rec/freshet/internal/simd"
)

// partition divides vectors among centres: each belongs to a centre that is about the nearest.
type partition struct {
	dim     int
	centres []float32 // rows of length dim, one behind the other
	codes   coded     // of the centres: that of a row takes a sixth of the time of float32
	half    []float32 // of each centre, half the square of its norm
	workers int
}

// count is the number of centres.
func (p *partition) count() int { return len(p.centres) / p.dim }

// train sets the centres by Lloyd's algorithm (Lloyd 1982) on a sample of rows, from distinct rows
// of it. A centre that no row belongs to takes half of the largest one's, as in FAISS (Johnson,
// Douze and Jégou 2017). Equal seeds give equal centres on any number of workers, since the sum of
// a centre is added up by one of them, in the order of the rows.
func (p *partition) train(ctx context.Context, rows []float32, lists, perList, rounds int, rng *rand.Rand) error {
	n := len(rows) / p.dim
	sample := rng.Perm(n)[:min(n, lists*perList)]
	p.centres = make([]float32, lists*p.dim)
	for i := range lists {
		copy(p.centres[i*p.dim:][:p.dim], rows[sample[i]*p.dim:])
	}
	belongs := make([]uint32, len(sample))
	for range rounds {
		if err := p.assign(ctx, belongs, func(i int) []float32 { return rows[sample[i]*p.dim:][:p.dim] }); err != nil {
			return err
		}
		if err := p.center(ctx, belongs, func(i int) []float32 { return rows[sample[i]*p.dim:][:p.dim] }); err != nil {
			return err
		}
	}
	p.encode()
	return nil
}

// encode makes the codes of the centres.
func (p *partition) encode() {
	p.codes, p.half = newCoded(p.count(), p.dim), make([]float32, p.count())
	code := make([]int8, p.codes.length)
	for i := range p.half {
		centre := p.centres[i*p.dim:][:p.dim]
		p.codes.put(i, centre, code)
		size := norm(centre)
		p.half[i] = float32(size * size / 2)
	}
}

// assign sets belongs[i] to the centre that is about the nearest to vector i: ‖v−c‖² is least where
// v·c − ‖c‖²/2 is greatest, and the products are those of the codes.
func (p *partition) assign(ctx context.Context, belongs []uint32, vector func(i int) []float32) error {
	p.encode()
	return share(ctx, p.workers, len(belongs), chunk, func(from, to int) {
		scores, code := make([]float32, p.codes.slots), make([]int8, p.codes.length)
		for i := from; i < to; i++ {
			q := p.codes.query(code, vector(i))
			p.codes.scores(scores, q.code, 0)
			belongs[i] = uint32(simd.Largest(scores[:len(p.half)], q.scale, p.half))
		}
	})
}

// center moves every centre to the mean of the vectors that belong to it.
func (p *partition) center(ctx context.Context, belongs []uint32, vector func(i int) []float32) error {
	members, ends := grouped(belongs, p.count())
	counts := make([]int, p.count())
	err := share(ctx, p.workers, p.count(), 16, func(from, to int) {
		sum := make([]float64, p.dim)
		for c := from; c < to; c++ {
			own := members[start(ends, c):ends[c]]
			if counts[c] = len(own); len(own) == 0 {
				continue
			}
			clear(sum)
			for _, i := range own {
				for j, x := range vector(int(i)) {
					sum[j] += float64(x)
				}
			}
			for j, s := range sum {
				p.centres[c*p.dim+j] = float32(s / float64(len(own)))
			}
		}
	})
	p.fill(counts)
	return err
}

// fill moves each centre without vectors next to the one with most, which is then counted as half.
func (p *partition) fill(counts []int) {
	const apart = 1.0 / 1024
	for c, count := range counts {
		if count > 0 {
			continue
		}
		largest := 0
		for other, count := range counts {
			if count > counts[largest] {
				largest = other
			}
		}
		if counts[largest] < 2 {
			return
		}
		counts[c] = counts[largest] / 2
		counts[largest] -= counts[c]
		for j := range p.dim {
			x, sign := p.centres[largest*p.dim+j], float32(1-2*(j%2))
			p.centres[c*p.dim+j] = max(-MaxMagnitude, min(MaxMagnitude, x*(1+apart*sign)))
			p.centres[largest*p.dim+j] = max(-MaxMagnitude, min(MaxMagnitude, x*(1-apart*sign)))
		}
	}
}

// grouped lists what belongs to each of n groups, in order, one group behind the other, and where
// each group ends.
func grouped(belongs []uint32, n int) (members []uint32, ends []int) {
	ends = make([]int, n)
	for _, group := range belongs {
		ends[group]++
	}
	sum := 0
	for group, count := range ends {
		ends[group] = sum
		sum += count
	}
	members = make([]uint32, len(belongs))
	for i, group := range belongs {
		members[ends[group]] = uint32(i)
		ends[group]++
	}
	return members, ends
}

// start is where group i begins.
func start(ends []int, i int) int {
	if i == 0 {
		return 0
	}
	return ends[i-1]
}
