package recall

import (
	"cmp"
	"slices"
)

// said is what some acts' items say, by token: what an entry has in common with each of them is found
// in one pass over its tokens, most of which none of them has.
type said struct {
	words []saidWord // by hash, then by act
	slots []int32    // by the low bits of the hash: where its words begin, plus one; open addressing
}

type saidWord struct {
	hash   uint64
	act    int32
	weight float64 // as Texts.squared has it
}

// said collects what the acts' items say.
func (x *Texts) said(acts []Past) said {
	var s said
	for k, past := range acts {
		for _, w := range x.squared(past.Item) {
			s.words = append(s.words, saidWord{w.hash, int32(k), w.weight})
		}
	}
	slices.SortFunc(s.words, func(a, b saidWord) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.act, b.act))
	})
	size := 64
	for size < 4*len(s.words) {
		size *= 2
	}
	s.slots = make([]int32, size)
	for i := range s.words {
		if h := s.words[i].hash; i == 0 || s.words[i-1].hash != h {
			at := s.slot(h)
			s.slots[at] = int32(i + 1)
		}
	}
	return s
}

// slot is where a token's place stands, or the free slot where it would.
func (s *said) slot(hash uint64) int {
	at := int(hash) & (len(s.slots) - 1)
	for s.slots[at] != 0 && s.words[s.slots[at]-1].hash != hash {
		at = (at + 1) & (len(s.slots) - 1)
	}
	return at
}

// with sets common to the products of the vectors of idf · f/(k1 + f) of an item and of each act's,
// adding up by ascending hash as dot does.
func (s *said) with(x *Texts, item uint32, common []float64) {
	clear(common)
	if int(item) >= len(x.docs) {
		return
	}
	d, slope := x.docs[item], x.slope()
	hashes, counts := x.tokens(d)
	for i, h := range hashes {
		at := s.slots[s.slot(h)]
		if at == 0 {
			continue
		}
		f := saturated(countOf(counts, i), d.length, slope)
		for _, w := range s.words[at-1:] {
			if w.hash != h {
				break
			}
			common[w.act] += float64(f * w.weight)
		}
	}
}
