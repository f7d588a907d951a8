package sim

import "math/rand/v2"

// noiseVisitors is how many visitors are looked at to know how often books are clicked for their own
// sake: their visits together show some 20,000 books, of which about one in ten is.
const noiseVisitors = 1000

// noiseFor is the share of what is shown that must be clicked by accident for accidents to be the
// given share of all clicks. With m the mean chance that a shown book is clicked for its own sake, a
// share s of clicks follows from s = noise / (noise + (1−noise)·m). Nothing else of the world
// depends on its generators.
func (w *World) noiseFor(share float64) float64 {
	o := &w.options
	sum, shown := 0.0, 0
	for i := range min(noiseVisitors, o.Visitors) {
		v := newVisitor(i+1, *o, rand.New(rand.NewPCG(o.Seed, uint64(i)+1)))
		rng := rand.New(rand.NewPCG(o.Seed^0x4015e, uint64(i)))
		for range v.sessions {
			at := visitTime(*o, rng)
			m := moment{time: at, errand: v.errand(at, o, rng)}
			for rank, b := range w.show(&v, &m, rng) {
				sum += v.liking(&w.books[b], at, m.errand, o) / (1 + o.PositionBias*float64(rank))
				shown++
			}
		}
	}
	mean := sum / float64(max(1, shown))
	return share * mean / (1 - share + share*mean)
}
