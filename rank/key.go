package rank

import (
	"math"
	"math/bits"
	"slices"
)

// ground is where the fields of a part stand in a row.
type ground struct {
	numbers []int    // their places
	lists   [][2]int // runs of lists of words: the first, and the one after the last
}

func (g *ground) add(s *Schema, field int) {
	switch at := s.from[field]; {
	case s.Fields[field].Number():
		g.numbers = append(g.numbers, at)
	case s.Fields[field].Kind == Cross: // follows from lists before it
	case len(g.lists) > 0 && g.lists[len(g.lists)-1][1] == at:
		g.lists[len(g.lists)-1][1]++
	default:
		g.lists = append(g.lists, [2]int{at, at + 1})
	}
}

// run is the words of a run of lists of a row, and where each of them ends, counted from base.
func (r *Row) run(lists [2]int) (words []Token, ends []uint32, base uint32) {
	if lists[0] > 0 {
		base = r.Ends[lists[0]-1]
	}
	ends = r.Ends[lists[0]:lists[1]]
	return r.Words[base:ends[len(ends)-1]], ends, base
}

// hash is one of the words of a part of a row, which are mixed already; the high bits are the best.
func (g *ground) hash(row *Row) uint64 {
	h := uint64(0)
	for _, at := range g.numbers {
		h = bits.RotateLeft64(h, 7) ^ math.Float64bits(row.Numbers[at])*0x9e3779b97f4a7c15
	}
	for _, lists := range g.lists {
		words, _, _ := row.run(lists)
		for _, token := range words {
			h = bits.RotateLeft64(h, 7) ^ uint64(token)
		}
	}
	return h * 0x9e3779b97f4a7c15
}

// key is what decides a half: the bits of the numbers of its fields, and of each run of lists the
// words and where each list ends in them.
type key []Token

// keyOf appends the key of a part of a row to a key.
func keyOf(k key, g *ground, row *Row) key {
	for _, at := range g.numbers {
		k = append(k, Token(math.Float64bits(row.Numbers[at])))
	}
	for _, lists := range g.lists {
		words, ends, base := row.run(lists)
		k = append(k, words...)
		for _, end := range ends {
			k = append(k, Token(end-base))
		}
	}
	return k
}

// size is how long the key of a part of a row is.
func (g *ground) size(row *Row) int {
	n := len(g.numbers)
	for _, lists := range g.lists {
		words, ends, _ := row.run(lists)
		n += len(words) + len(ends)
	}
	return n
}

// of reports that the key is that of a part of a row.
func (k key) of(g *ground, row *Row) bool {
	if len(k) != g.size(row) {
		return false
	}
	for _, at := range g.numbers {
		if k[0] != Token(math.Float64bits(row.Numbers[at])) {
			return false
		}
		k = k[1:]
	}
	for _, lists := range g.lists {
		words, ends, base := row.run(lists)
		if len(k) < len(words)+len(ends) || !slices.Equal(words, k[:len(words)]) {
			return false
		}
		k = k[len(words):]
		for i, end := range ends {
			if k[i] != Token(end-base) {
				return false
			}
		}
		k = k[len(ends):]
	}
	return true
}
