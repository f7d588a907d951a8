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
	End      time.Time // the history ends here: no event is later; from the year 2000 to 2200
}

// The sizes used where Options says 0. They give about 60,000 events.
const (
	defaultItems    = 2000
	defaultVisitors = 2000
	defaultDays     = 14
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
	if year := o.End.UTC().Year(); year < 2000 || year > 2200 {
		return fmt.Errorf("a simulated history ends in a year from 2000 to 2200, not %d", year)
	}
	return nil
}
