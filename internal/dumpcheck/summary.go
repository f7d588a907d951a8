package main

import "fmt"

// summary is the one line that the command prints.
type summary struct {
	Rows               int               `json:"rows"`
	Cells              int               `json:"cells"`
	Differing          int               `json:"differing"`
	MaxRelErrorDecayed float64           `json:"max_rel_error_decayed"`
	ByAgg              map[string]*tally `json:"by_agg"`
	Filled             map[string]int    `json:"filled"`    // aggregate -> cells with an event behind them
	Estimated          int               `json:"estimated"` // cells of distinct that are estimates
	LateEvents         int               `json:"late_events"`
	LateDiffering      int               `json:"late_differing"`
	UnknownPositions   int               `json:"unknown_positions"`
	Events             int               `json:"events"`
	OtherRecords       int               `json:"other_records"`
	Unchecked          map[string]string `json:"unchecked"`       // feature -> why
	UncheckedCells     map[string]int    `json:"unchecked_cells"` // feature and why -> cells
}

// tally counts the cells of one aggregate.
type tally struct {
	Cells     int `json:"cells"`
	Differing int `json:"differing"`
}

// newSummary starts a summary with what the journal alone tells.
func newSummary(j *journal, rows int) summary {
	return summary{
		Rows: rows, ByAgg: map[string]*tally{}, Filled: map[string]int{},
		Unchecked: map[string]string{}, UncheckedCells: map[string]int{},
		Events: len(j.events), OtherRecords: j.other,
		LateEvents: j.lateEvents, LateDiffering: len(j.lateDiffered),
	}
}

// add counts one cell.
func (s *summary) add(o outcome) {
	if o.undecided != "" {
		s.UncheckedCells[o.feature+": "+o.undecided]++
		return
	}
	t := s.ByAgg[o.agg]
	if t == nil {
		t = &tally{}
		s.ByAgg[o.agg] = t
	}
	s.Cells++
	t.Cells++
	if o.filled {
		s.Filled[o.agg]++
	}
	if o.estimated {
		s.Estimated++
	}
	if o.differs {
		s.Differing++
		t.Differing++
	}
	s.MaxRelErrorDecayed = max(s.MaxRelErrorDecayed, o.relative)
}

// failures lists why the comparison cannot pass; it passes when there are none. Where
// everything must be checked, what was not is one.
func (s summary) failures(everything bool) []string {
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
	if n := len(s.Unchecked) + len(s.UncheckedCells); everything && n > 0 {
		reasons = append(reasons, fmt.Sprintf("%d features or some of their cells are unchecked", n))
	}
	if s.Cells == 0 {
		reasons = append(reasons, "no cell was compared")
	}
	return reasons
}
