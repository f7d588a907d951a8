package backfill

import (
	"slices"

	"github.com/freshet-rec/freshet"
)

// versions keeps what each of some numbered things was at every position of the journal.
type versions[T any] struct{ of [][]version[T] } // by number, by position

// version is what a thing was from a position on.
type version[T any] struct {
	from freshet.Position
	doc  *T
}

// add notes what a thing is from p on, which is after all positions noted for it.
func (v *versions[T]) add(n uint32, p freshet.Position, doc *T) {
	for int(n) >= len(v.of) {
		v.of = append(v.of, nil)
	}
	v.of[n] = append(v.of[n], version[T]{p, doc})
}

// at is which version of a thing, counted from 1, held at p; 0 is none.
func (v *versions[T]) at(n uint32, p freshet.Position) int {
	if int(n) >= len(v.of) {
		return 0
	}
	i, found := slices.BinarySearchFunc(v.of[n], p, func(a version[T], p freshet.Position) int {
		switch {
		case a.from < p:
			return -1
		case a.from > p:
			return 1
		}
		return 0
	})
	if found {
		i++
	}
	return i
}
