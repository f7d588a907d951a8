package eval

import "math/bits"

// ItemSet collects the items that lists have shown, by item number. It takes an eighth of a
// byte for every number up to the highest. The zero ItemSet is empty and ready to use.
type ItemSet struct {
	words []uint64
}

// Add puts an item into the set.
func (s *ItemSet) Add(item uint32) {
	for int(item/64) >= len(s.words) {
		s.words = append(s.words, 0)
	}
	s.words[item/64] |= 1 << (item % 64)
}

// Has reports whether an item is in the set.
func (s *ItemSet) Has(item uint32) bool {
	return int(item/64) < len(s.words) && s.words[item/64]>>(item%64)&1 == 1
}

// remove takes out an item that is in the set.
func (s *ItemSet) remove(item uint32) { s.words[item/64] &^= 1 << (item % 64) }

// Len is the number of items in the set.
func (s *ItemSet) Len() int {
	n := 0
	for _, w := range s.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// Coverage is the share of a catalogue that the set holds, in [0, 1]: how much of what there
// is was ever shown. catalogue is the number of items that could have been; with 0 it is 0.
func (s *ItemSet) Coverage(catalogue int) float64 {
	if catalogue <= 0 {
		return 0
	}
	return float64(s.Len()) / float64(catalogue)
}
