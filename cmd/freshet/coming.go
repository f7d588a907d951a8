package main

import (
	"cmp"
	"slices"
)

// coming are those who are about to look at a slate, by time; of equal times the first added is first.
// The zero value is nobody.
type coming[V interface{ Time() int64 }] []V

// add lets somebody come at their time.
func (c *coming[V]) add(v V) {
	i, _ := slices.BinarySearchFunc(*c, v.Time()+1, func(v V, t int64) int { return cmp.Compare(v.Time(), t) })
	*c = slices.Insert(*c, i, v)
}

// next takes out who is first, if that is by a time (Unix ms).
func (c *coming[V]) next(by int64) (v V, due bool) {
	if len(*c) == 0 || (*c)[0].Time() > by {
		return v, false
	}
	v = (*c)[0]
	*c = (*c)[1:]
	return v, true
}
