package sim

import (
	"fmt"
	"time"
)

// Options says which world to build. The zero value of every field but End has a meaning.
type Options struct {
	Seed     uint64    // any value; equal options give equal worlds
	Items    int       // books; 0 means 2,000, else in [50, 100,000]
	Visitors int       // visitors; 0 means 2,000, else in [2, 200,000]
	Days     int       // length of the history in days; 0 means 14, else in [1, 365]
	End      time.Time // the history ends here: no event of it is later; from the year 2000 to 2200

	Tastes       int     // length of the hidden vectors of visitors and books; 0 means 8, else in [1, 64]
	PositionBias float64 // b in the attention 1/(1+b·(rank−1)); 0 means 0.25, negative none, at most 10
	Noise        float64 // share of what is shown that is clicked by accident; 0 means 0.01, negative none, at most 0.5
	NoiseClicks  float64 // share of the history's clicks that are accidents, in place of Noise; 0 means that Noise says it, at most 0.9
	Drift        float64 // how far tastes swing, as a share of how far they lie apart; 0 means 0.3, negative none, at most 2

	// Errands is the share of visits by somebody who has come for one shelf, see doc.go; 0 means none,
	// at most 1. In a world that has some, visits go on to further shelves.
	Errands float64

	// Shift is when everybody's tastes change for others, drawn anew; zero means never.
	Shift time.Time
}

// The sizes used where Options says 0. They give about 60,000 events.
const (
	defaultItems    = 2000
	defaultVisitors = 2000
	defaultDays     = 14
	defaultTastes   = 8
	defaultBias     = 0.25
	defaultNoise    = 0.01
	defaultDrift    = 0.3
)

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	if o.Items == 0 {
		o.Items = defaultItems
	}
	if o.Visitors == 0 {
		o.Visitors = defaultVisitors
	}
	if o.Days == 0 {
		o.Days = defaultDays
	}
	if o.Tastes == 0 {
		o.Tastes = defaultTastes
	}
	orDefault := func(x *float64, otherwise float64) {
		switch {
		case *x == 0:
			*x = otherwise
		case *x < 0:
			*x = 0
		}
	}
	orDefault(&o.PositionBias, defaultBias)
	orDefault(&o.Noise, defaultNoise)
	orDefault(&o.Drift, defaultDrift)
	return o
}

// Check reports which field is out of its range, or nil.
func (o Options) Check() error {
	o = o.withDefaults()
	within := func(what string, n, low, high int) error {
		if n < low || n > high {
			return fmt.Errorf("a simulated shop has %d to %d %s, not %d", low, high, what, n)
		}
		return nil
	}
	if err := within("items", o.Items, 50, 100_000); err != nil {
		return err
	}
	if err := within("visitors", o.Visitors, 2, 200_000); err != nil {
		return err
	}
	if err := within("days", o.Days, 1, 365); err != nil {
		return err
	}
	if err := within("dimensions of taste", o.Tastes, 1, 64); err != nil {
		return err
	}
	for _, x := range []struct {
		what  string
		value float64
		most  float64
	}{{"position bias", o.PositionBias, 10}, {"share of accidental clicks", o.Noise, 0.5}, {"drift of tastes", o.Drift, 2}, {"share of clicks by accident", o.NoiseClicks, 0.9}, {"share of visits with an errand", o.Errands, 1}} {
		if !(x.value >= 0) {
			return fmt.Errorf("the %s of a simulated shop is at least 0, not %v", x.what, x.value)
		}
		if !(x.value <= x.most) {
			return fmt.Errorf("the %s of a simulated shop is at most %v, not %v", x.what, x.most, x.value)
		}
	}
	if year := o.End.UTC().Year(); year < 2000 || year > 2200 {
		return fmt.Errorf("a simulated history ends in a year from 2000 to 2200, not %d", year)
	}
	return nil
}
