package eval

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// Catalogue ranks the whole catalogue for many users and measures the lists: for every user all
// items but those that the user has seen, cut at K, by RecallAt(K) and NDCG at K, averaged over the
// users who want something.
//
// Items are numbers from 0. Equal scores stand in the order of their numbers, and a score that is
// not a number stands last. Users who want nothing are left out and not even scored.
type Catalogue struct {
	K       int // at least 1
	Users   int
	Items   int
	Seen    func(u int) []uint32 // never recommended; nil: nothing
	Wanted  func(u int) []uint32 // no item twice; one that is also seen, or no item at all, cannot be hit
	Workers int                  // at least 1
	Batch   int                  // how many users are scored at once, at least 1

	// Told, if any, is told the first Deep items of each list, which it must not keep or change, from
	// several goroutines at once. Measured are the first K all the same.
	Deep int
	Told func(u int, list []uint32)
}

// Lists is what Rank measured: means over N users.
type Lists struct {
	Recall, NDCG float64
	N            int
}

// Rank has users scored, batch by batch, in Workers goroutines at once, and measures what comes of
// it. score fills scores, Items for each of users, one after the other. The result does not depend
// on the number of workers. The error is that of the context.
func (c *Catalogue) Rank(ctx context.Context, score func(scores []float32, users []int)) (Lists, error) {
	var users []int
	for u := range c.Users {
		if len(c.Wanted(u)) > 0 {
			users = append(users, u)
		}
	}
	recall, ndcg := make([]float64, len(users)), make([]float64, len(users))
	batches := (len(users) + c.Batch - 1) / c.Batch
	var next atomic.Int64
	var wg sync.WaitGroup
	for range max(1, min(c.Workers, batches)) {
		wg.Go(func() {
			scores := make([]float32, c.Batch*c.Items)
			var list []uint32
			seen := make([]bool, c.Items)
			for b := int(next.Add(1) - 1); b < batches && ctx.Err() == nil; b = int(next.Add(1) - 1) {
				from, to := b*c.Batch, min((b+1)*c.Batch, len(users))
				score(scores[:(to-from)*c.Items], users[from:to])
				for at := from; at < to; at++ {
					list = c.best(list, seen, scores[(at-from)*c.Items:][:c.Items], users[at])
					if c.Told != nil {
						c.Told(users[at], list[:min(c.Deep, len(list))])
						list = list[:min(c.K, len(list))]
					}
					recall[at], ndcg[at] = MeasureList(list, c.Wanted(users[at]), c.K)
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return Lists{}, fmt.Errorf("rank the catalogue: %w", err)
	}
	l := Lists{N: len(users)}
	for at := range users {
		l.Recall += recall[at] / float64(len(users))
		l.NDCG += ndcg[at] / float64(len(users))
	}
	return l, nil
}

// best is the first of a user's list, K or Deep of them, in dst's memory. seen is all false before and after.
func (c *Catalogue) best(dst []uint32, seen []bool, scores []float32, u int) []uint32 {
	if c.Seen != nil {
		for _, i := range c.Seen(u) {
			if int(i) < len(seen) {
				seen[i] = true
			}
		}
		defer func() {
			for _, i := range c.Seen(u) {
				if int(i) < len(seen) {
					seen[i] = false
				}
			}
		}()
	}
	most := c.K
	if c.Told != nil {
		most = max(c.K, c.Deep)
	}
	dst = dst[:0]
	for i, s := range scores {
		// A later item of an equal score stands behind, so it does not get into a full list.
		if len(dst) == most && !before(s, scores[dst[most-1]]) || seen[i] {
			continue
		}
		at, _ := slices.BinarySearchFunc(dst, s, func(other uint32, s float32) int {
			if before(s, scores[other]) {
				return 1
			}
			return -1
		})
		if len(dst) < most {
			dst = append(dst, 0)
		}
		copy(dst[at+1:], dst[at:])
		dst[at] = uint32(i)
	}
	return dst
}

// before says whether a score stands before an earlier item's.
func before(s, earlier float32) bool { return s > earlier || earlier != earlier && s == s }

// MeasureList is RecallAt(k) and NDCG at k of a list of at most k items, each wanted item being worth 1.
func MeasureList(list, wanted []uint32, k int) (recall, ndcg float64) {
	gains, relevant := make([]float64, len(list)), make([]float64, len(wanted))
	for i := range relevant {
		relevant[i] = 1
	}
	hits := 0
	for rank, item := range list {
		if slices.Contains(wanted, item) {
			gains[rank] = 1
			hits++
		}
	}
	return float64(hits) / float64(len(wanted)), NDCG(gains, relevant, k)
}
