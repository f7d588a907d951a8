package backfill

import (
	"cmp"
	"slices"
)

// Order gives the rows of many requests, which are done in any order, in the order of their times.
// Those of a request wait until all earlier ones are done: where requests read in about the order
// of their times, few wait.
type Order struct {
	places []uint32 // by request: its place by time
	next   uint32   // the place to come
	done   map[uint32][]Encoded
	write  func([]Encoded) error
}

// NewOrder returns an Order of requests by their times, those of one time as they come in times;
// write gets the rows of each.
func NewOrder(times []int64, write func([]Encoded) error) *Order {
	byTime := make([]uint32, len(times))
	for i := range byTime {
		byTime[i] = uint32(i)
	}
	slices.SortStableFunc(byTime, func(a, b uint32) int { return cmp.Compare(times[a], times[b]) })
	o := &Order{places: make([]uint32, len(times)), done: map[uint32][]Encoded{}, write: write}
	for place, i := range byTime {
		o.places[i] = uint32(place)
	}
	return o
}

// Done takes the rows of a request, all of them. The error is that of write.
func (o *Order) Done(request int, rows []Encoded) error {
	o.done[o.places[request]] = rows
	for {
		rows, ok := o.done[o.next]
		if !ok {
			return nil
		}
		delete(o.done, o.next)
		o.next++
		if err := o.write(rows); err != nil {
			return err
		}
	}
}
