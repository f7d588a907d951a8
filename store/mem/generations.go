package mem

import "slices"

// generations are lists of places, one a generation, in ascending order. The links stand
// beside the records.
type generations struct{ lists []list }

type list struct {
	generation int64
	head, tail uint32 // places plus one
}

// enlist puts a place at the end of a generation's list.
func (t *Table) enlist(place uint32, generation int64) {
	lists := t.generations.lists
	i := len(lists)
	for i > 0 && lists[i-1].generation > generation { // new ones come at the end, or nearly
		i--
	}
	*t.link(place) = 0
	if i > 0 && lists[i-1].generation == generation {
		l := &lists[i-1]
		*t.link(l.tail - 1) = place + 1
		l.tail = place + 1
		return
	}
	t.generations.lists = slices.Insert(lists, i, list{generation, place + 1, place + 1})
}

// oldest takes out the first place of the oldest generation.
func (t *Table) oldest() uint32 {
	l := &t.generations.lists[0]
	place := l.head - 1
	if next := *t.link(place); next != 0 {
		l.head = next
	} else {
		t.generations.lists = slices.Delete(t.generations.lists, 0, 1)
	}
	return place
}

// Oldest implements store.Table.
func (t *Table) Oldest() (generation int64, ok bool) {
	if len(t.generations.lists) == 0 {
		return 0, false
	}
	return t.generations.lists[0].generation, true
}
