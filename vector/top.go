package vector

import (
	"math"
	"math/bits"
	"slices"

	"github.com/freshet-rec/freshet/internal/simd"
)

// top collects the best of many scored rows. A row is offered when its score reaches a threshold
// that rises: rows gather until there is no room, then all but the best are dropped and the
// threshold is the score of the last of them. So nearly every row of a scan costs one comparison
// of a register, and no row an insertion into an order.
//
// A row and its score are one number, the greater the better, and no two are equal: so what is
// kept does not depend on the order in which rows come.
type top struct {
	n     int     // rows wanted
	spare int     // rows kept beyond them, since their scores are not the last word
	slack float32 // rows this much below the last of them are kept too
	limit int     // of rows kept by slack; beyond it overflow is set, and the best of them stay
	least float32 // a score below it is of no use
	last  float32 // the score of the last of the n best at the last prune; −Inf before there are n
	keys  []uint64
	next  int // as many keys make it worth while to drop some

	overflow bool
}

// begin makes t ready for the n best, keeping its memory. At least one of spare and slack is 0.
func (t *top) begin(n, spare int, slack float32, limit int) {
	none := float32(math.Inf(-1))
	*t = top{n: n, spare: spare, slack: slack, limit: max(limit, n), least: none, last: none, keys: t.keys}
	t.keys, t.next = t.keys[:0], 2*max(n, chunk)
}

// key is a number that orders a score before a lower one, and of equal scores the lower row.
func key(score float32, row uint32) uint64 {
	b := math.Float32bits(score + 0) // −0 becomes +0
	if b>>31 != 0 {
		b = ^b
	} else {
		b |= 1 << 31
	}
	return uint64(b)<<32 | uint64(^row)
}

// unkey is the row of a key and its score.
func unkey(k uint64) Hit {
	b := uint32(k >> 32)
	if b>>31 != 0 {
		b &^= 1 << 31
	} else {
		b = ^b
	}
	return Hit{Row: ^uint32(k), Score: math.Float32frombits(b)}
}

// add offers a row.
func (t *top) add(score float32, row uint32) {
	if score >= t.least {
		t.keys = append(t.keys, key(score, row))
	}
}

// tidy prunes when enough rows have gathered; so at most limit + 2·max(n, chunk) of them ever do,
// when no more than a chunk is added between two calls.
func (t *top) tidy() {
	if len(t.keys) >= t.next {
		t.prune()
		t.next = len(t.keys) + max(t.n, chunk)
	}
}

// prune drops the rows that are of no use and raises the threshold.
func (t *top) prune() {
	if t.n == 0 || len(t.keys) < t.n {
		return
	}
	if kept := t.n + t.spare; len(t.keys) >= kept && t.slack == 0 {
		split(t.keys, kept)
		t.keys = t.keys[:kept]
		t.least = unkey(slices.Min(t.keys)).Score
	}
	split(t.keys, t.n)
	t.last = unkey(slices.Min(t.keys[:t.n])).Score
	if t.slack > 0 {
		t.relax()
	}
}

// relax keeps what is less than slack below the last of the n best, which come first.
func (t *top) relax() {
	t.least = t.last - t.slack
	kept := t.n
	for _, k := range t.keys[t.n:] {
		t.keys[kept] = k
		if unkey(k).Score >= t.least {
			kept++
		}
	}
	t.keys = t.keys[:kept]
	if kept > t.limit {
		split(t.keys, t.limit)
		t.keys, t.overflow = t.keys[:t.limit], true
	}
}

// appendHits appends the rows collected, best first.
func (t *top) appendHits(dst []Hit) []Hit {
	t.prune()
	slices.Sort(t.keys)
	for i := len(t.keys) - 1; i >= 0; i-- {
		dst = append(dst, unkey(t.keys[i]))
	}
	return dst
}

// eachAtLeast calls accept with the places of the scores that are at least least, in order. scores
// has whole words of 64 and at most a chunk, NaN where there is no row.
func eachAtLeast(scores []float32, least float32, accept func(place int)) {
	var mask [chunk / 64]uint64
	words := mask[:len(scores)/64]
	simd.AtLeast(words, scores, least)
	for i, word := range words {
		for ; word != 0; word &= word - 1 {
			accept(64*i + bits.TrailingZeros64(word))
		}
	}
}

// split reorders keys, which are all different, so that the n greatest come first, in any order:
// quickselect (Hoare 1961, algorithm 65) with the median of three, and without branches in the
// inner loop. Keys on which it takes too many rounds are sorted.
func split(keys []uint64, n int) {
	low, high := 0, len(keys)
	for rounds := 2 * bits.Len(uint(len(keys))); high-low > 1 && low < n && n < high; rounds-- {
		if rounds == 0 {
			slices.SortFunc(keys[low:high], func(a, b uint64) int {
				if a > b {
					return -1
				}
				return 1
			})
			return
		}
		middle, end := low+(high-low)/2, high-1
		if keys[middle] > keys[low] {
			keys[middle], keys[low] = keys[low], keys[middle]
		}
		if keys[end] > keys[low] {
			keys[end], keys[low] = keys[low], keys[end]
		}
		if keys[middle] > keys[end] {
			keys[middle], keys[end] = keys[end], keys[middle]
		}
		pivot, store := keys[end], low
		for i := low; i < end; i++ {
			k := keys[i]
			keys[i] = keys[store]
			keys[store] = k
			if k > pivot {
				store++
			}
		}
		keys[end], keys[store] = keys[store], pivot
		if store < n {
			low = store + 1
		} else {
			high = store
		}
	}
}
