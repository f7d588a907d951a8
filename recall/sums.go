package recall

// sums adds up scores by item for one request, and notes which of the request's acts or queries gave
// an item most.
type sums struct {
	score   []float64 // by item number, 0 outside touched
	because []int32   // an index into the request's acts or queries
	most    []float64
	touched []uint32
}

// grow makes room for so many items.
func (s *sums) grow(items int) {
	if grow := items - len(s.score); grow > 0 {
		s.score = append(s.score, make([]float64, grow)...)
		s.most = append(s.most, make([]float64, grow)...)
		s.because = append(s.because, make([]int32, grow)...)
	}
}

// add adds v, which is above 0, to an item's score.
func (s *sums) add(item uint32, v float64) {
	if s.score[item] == 0 {
		s.touched = append(s.touched, item)
	}
	s.score[item] += v
}

func (s *sums) reset() {
	for _, item := range s.touched {
		s.score[item], s.most[item], s.because[item] = 0, 0, 0
	}
	s.touched = s.touched[:0]
}
