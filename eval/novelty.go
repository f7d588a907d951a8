package eval

import "math"

// Novelty says how unexpected lists are: the mean self-information of their items, in bits (Zhou
// et al., "Solving the apparent diversity-accuracy dilemma of recommender systems", PNAS 2010;
// Vargas and Castells, RecSys 2011, §3.1):
//
//	−log2((takes of the item + 1) / (takes of all + items))
//
// We depart from them in adding one, so that an item nobody took is finite, and in counting takes
// rather than users. An item that has 1 in 1,000 takes is worth 10 bits. The zero Novelty knows of
// no item and is ready to use; items are numbers, each of which takes 8 bytes up to the highest.
type Novelty struct {
	takes []int64
	total int64
}

// Take counts one take of an item.
func (v *Novelty) Take(item uint32) {
	for int(item) >= len(v.takes) {
		v.takes = append(v.takes, 0)
	}
	v.takes[item]++
	v.total++
}

// List is the mean self-information of a list's items in a catalogue of so many items; 0 of an
// empty list.
func (v *Novelty) List(items []uint32, catalogue int) float64 {
	sum := 0.0
	for _, item := range items {
		sum += v.Bits(item, catalogue)
	}
	return sum / float64(max(1, len(items)))
}

// Bits is the self-information of one item in a catalogue of so many items; 0 when there is at
// most one item and so no surprise.
func (v *Novelty) Bits(item uint32, catalogue int) float64 {
	takes := int64(0)
	if int(item) < len(v.takes) {
		takes = v.takes[item]
	}
	all := float64(v.total) + float64(max(catalogue, 1))
	return max(0, math.Log2(all)-math.Log2(float64(takes+1)))
}
