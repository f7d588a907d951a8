package recall

// sums adds up scores by item for one request, and notes which of the request's acts or queries gave
// an item most. The zero sums is empty and ready to use.
type sums struct {
	numbering
	list []summed // by number
	room []scored // for the best
}

type summed struct {
	score   float64
	most    float64
	because int32 // an index into the request's acts or queries
}

// add adds v, which is above 0, to an item's score, as what act or query k says of it.
func (s *sums) add(item uint32, v float64, k int) {
	number, first := s.of(item)
	if first {
		s.list = append(s.list, summed{})
	}
	one := &s.list[number]
	one.score += v
	if v > one.most {
		one.most, one.because = v, int32(k)
	}
}

func (s *sums) reset() {
	s.numbering.reset()
	s.list = s.list[:0]
}
