package plot

import (
	"fmt"
	"math"
)

// Figure is panels side by side under one title.
type Figure struct {
	Title    string
	Subtitle string  // what was measured on what; "" for none
	Panels   []Panel // 1 to MaxPanels
}

// Panel is one measure over categories.
type Panel struct {
	Title      string // the measure, with its unit
	X          string // what the categories are
	Categories []string
	Series     []Series // 1 to MaxSeries
	Points     bool     // points with whiskers beside each other instead of lines with bands
	Percent    bool     // values are shares, shown times 100 with a sign
}

// Series is one thing measured at every category. A value that is not finite is left out.
type Series struct {
	Name      string
	Values    []float64 // as many as there are categories
	Low, High []float64 // ends of intervals, as many, or nil for none
}

// The bounds of a figure.
const (
	MaxPanels     = 2
	MaxSeries     = 8
	MaxCategories = 40
)

// check reports a figure that cannot be drawn.
func (f *Figure) check() error {
	if len(f.Panels) < 1 || len(f.Panels) > MaxPanels {
		return fmt.Errorf("a figure has 1 to %d panels, not %d", MaxPanels, len(f.Panels))
	}
	for _, p := range f.Panels {
		switch n := len(p.Categories); {
		case n < 1 || n > MaxCategories:
			return fmt.Errorf("panel %q has %d categories; 1 to %d can be drawn", p.Title, n, MaxCategories)
		case len(p.Series) < 1 || len(p.Series) > MaxSeries:
			return fmt.Errorf("panel %q has %d series; 1 to %d can be told apart", p.Title, len(p.Series), MaxSeries)
		}
		some := false
		for _, s := range p.Series {
			n := len(p.Categories)
			if len(s.Values) != n || s.Low != nil && len(s.Low) != n || s.High != nil && len(s.High) != n || (s.Low == nil) != (s.High == nil) {
				return fmt.Errorf("series %q of panel %q has %d values and %d to %d ends of intervals for %d categories", s.Name, p.Title, len(s.Values), len(s.Low), len(s.High), n)
			}
			for _, v := range s.Values {
				some = some || finite(v)
			}
		}
		if !some {
			return fmt.Errorf("panel %q has no value that can be drawn", p.Title)
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// span is the least and the greatest of all that is drawn, intervals included.
func (p *Panel) span() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, s := range p.Series {
		for i, v := range s.Values {
			if !finite(v) {
				continue
			}
			low, high = min(low, v), max(high, v)
			if s.Low != nil && finite(s.Low[i]) && finite(s.High[i]) {
				low, high = min(low, s.Low[i]), max(high, s.High[i])
			}
		}
	}
	return low, high
}
