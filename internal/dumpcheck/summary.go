package main

import "fmt"

// summary is the one line that the command prints.
type summary struct {
	Rows               int               `json:"rows"`
	Cells              int               `json:"cells"`
	Differing          int               `json:"differing"`
	MaxRelErrorDecayed float64           `json:"max_rel_error_decayed"`
	ByAgg              map[string]*tally `json:"by_agg"`
	LateEvents         int               `json:"late_events"`
	LateDiffering      int               `json:"late_differing"`
	UnknownPositions   int               `json:"unknown_positions"`
	Events             int               `json:"events"`
	OtherRecords       int               `json:"other_records"`
	Unchecked          map[string]string `json:"unchecked"` // feature -> why
}

// tally counts the cells of one aggregate.
type tally struct {
	Cells     int `json:"cells"`
	Differing int `json:"differing"`
}

// newSummary starts a summary with what the journal alone tells.
func newSummary(j *journal, rows int) summary {
	return summary{
		Rows: rows, ByAgg: map[string]*tally{}, Unchecked: map[string]string{},
		Events: len(j.events), OtherRecords: j.other,
		LateEvents: j.lateEvents, LateDiffering: len(j.lateDiffered),
	}
}

// add counts one cell.
func (s *summary) add(o outcome) {
	t := s.ByAgg[o.agg]
	if t == nil {
		t = &tally{}
		s.ByAgg[o.agg] = t
	}
	s.Cells++
	t.Cells++
	if o.differs {
		s.Differing++
		t.Differing++
	}
	s.MaxRelErrorDecayed = max(s.MaxRelErrorDecayed, o.relative)
}

// failures lists why the comparison cannot pass; it passes when there are none.
func (s summary) failures() []string {
	var reasons []string
	for _, f := range []struct {
		n    int
		what string
	}{
		{s.Differing, "cells differ"},
		{s.LateDiffering, "late flags differ"},
		{s.UnknownPositions, "rows have a position that is not in the dump"},
	} {
		if f.n > 0 {
			reasons = append(reasons, fmt.Sprintf("%d %s", f.n, f.what))
		}
	}
	if s.Cells == 0 {
		reasons = append(reasons, "no cell was compared")
	}
	return reasons
}
