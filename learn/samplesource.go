package learn

import (
	"github.com/freshet-rec/freshet/rank"
)

// samplesSource is rows [from, to) of the samples of a fit, labelled as the fit labels them.
type samplesSource struct {
	*fitting
	from, to int
	reader   *sampleReader // nil before the first Reset
	sample   Sample
}

// Names implements Source.
func (s *samplesSource) Names() rank.Names { return s.samples.Names }

// Reset implements Source.
func (s *samplesSource) Reset() error {
	s.reader = s.samples.reader(s.from, s.to)
	return nil
}

// Next implements Source. All weights are 1.
func (s *samplesSource) Next(row *rank.Row) (label, weight float32, err error) {
	if s.reader == nil {
		s.reader = s.samples.reader(s.from, s.to)
	}
	i := s.reader.at
	if err := s.reader.next(&s.sample); err != nil {
		return 0, 0, err
	}
	*row = s.sample.Row
	if s.label(i, &s.sample) {
		label = 1
	}
	return label, 1, nil
}
