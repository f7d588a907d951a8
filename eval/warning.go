package eval

import (
	"encoding/json"
	"fmt"
)

// Warning is a doubt about figures: they are what was found, but hard to trust for this reason.
// It is a value beside the figures and never an error. Its JSON is
// {"code":"few_positives","message":"…"}.
type Warning struct {
	Code string // for programs: one of the constants below
	Text string // a sentence for people
}

// The codes of warnings.
const (
	FewAsks      = "few_asks"      // too few questions for figures that mean much
	Unanswerable = "unanswerable"  // many questions that nothing could have answered
	FewPositives = "few_positives" // too few of what is predicted came true
	FewGroups    = "few_groups"    // too few groups to draw an interval from
	Untrained    = "untrained"     // something was judged without its model
	LinesLeftOut = "lines_left_out"
	NoSupport    = "no_support"    // a policy does what the log never shows
	FewEffective = "few_effective" // a few rows of a log decide the estimate
	NotPaired    = "not_paired"    // configurations that were asked different questions
	Seen         = "seen"          // a model may have been trained on what it is asked
	Field        = "field"         // a field says nothing, or not all it could
	MergeLoses   = "merge_loses"   // all routes together find clearly less than one of them
	Propensities = "propensities"  // the logged propensities do not look like probabilities of what was logged
)

// MarshalJSON writes the form above.
func (w Warning) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}{w.Code, w.Text})
}

// leastPositives is below how many positives, or negatives, figures come with a warning. With 100
// the standard error of a share is a tenth of it, and of an AUC about 0.03 (Hanley and McNeil,
// "The meaning and use of the area under a ROC curve", Radiology 1982, table III).
const leastPositives = 100

// Scarce warns when positives, or the negatives among rows, are few: nil when there are enough.
func Scarce(positives, rows int) []Warning {
	switch {
	case positives < leastPositives:
		return []Warning{{FewPositives, fmt.Sprintf("only %d of %d rows are positive: the figures may be far off, see the intervals", positives, rows)}}
	case rows-positives < leastPositives:
		return []Warning{{FewPositives, fmt.Sprintf("only %d of %d rows are not positive: the figures may be far off, see the intervals", rows-positives, rows)}}
	}
	return nil
}
