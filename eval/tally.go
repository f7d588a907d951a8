package eval

// Tally sums up asks that each want exactly one item, so that all ranking measures follow
// from its rank. Asks belong to groups (visitors, as a rule): asks of one group are alike, so
// an interval must draw whole groups. Use NewTally.
type Tally struct {
	k     int
	ranks []int     // ranks[r] asks had the item at rank r; 0 is a miss
	ndcg  []float64 // by group: the sum over its asks
	hits  []float64 // by group
	asks  []int     // by group
}

// NewTally returns an empty Tally of lists cut at k ≥ 1.
func NewTally(k int) *Tally { return &Tally{k: k, ranks: make([]int, k+1)} }

// Add notes one ask. group ≥ 0 indexes a slice, so numbers should be dense. rank is where the
// wanted item stood, 1-based; 0 (not listed) and ranks above k are misses.
func (t *Tally) Add(group, rank int) {
	if rank < 0 || rank > t.k {
		rank = 0
	}
	t.ranks[rank]++
	for group >= len(t.asks) {
		t.asks, t.ndcg, t.hits = append(t.asks, 0), append(t.ndcg, 0), append(t.hits, 0)
	}
	t.asks[group]++
	if rank > 0 {
		t.ndcg[group] += discount(rank)
		t.hits[group]++
	}
}

// N is the number of asks.
func (t *Tally) N() int {
	n := 0
	for _, asks := range t.ranks {
		n += asks
	}
	return n
}

// HitRate is the share of asks with the item among the first k; 0 without asks.
func (t *Tally) HitRate() float64 { return t.mean(func(int) float64 { return 1 }) }

// NDCG is the mean of 1/log2(rank+1), which is [NDCG] for one relevant item; 0 without asks.
func (t *Tally) NDCG() float64 { return t.mean(discount) }

// MRR is the mean of 1/rank, misses counting 0; 0 without asks.
func (t *Tally) MRR() float64 { return t.mean(func(rank int) float64 { return 1 / float64(rank) }) }

func (t *Tally) mean(value func(rank int) float64) float64 {
	sum := 0.0
	for rank := t.k; rank >= 1; rank-- { // small terms first
		sum += float64(float64(t.ranks[rank]) * value(rank))
	}
	return sum / float64(max(1, t.N()))
}

// Groups returns by group the sum of its asks' NDCG and their number, for [Bootstrap]. The
// slices are the Tally's own: read only.
func (t *Tally) Groups() (sums []float64, asks []int) { return t.ndcg, t.asks }

// Hits returns by group the number of its asks that were hit, and of all, likewise.
func (t *Tally) Hits() (hits []float64, asks []int) { return t.hits, t.asks }
