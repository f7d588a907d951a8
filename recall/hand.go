package recall

// hand bounds how much the lists of many items hold together: once there is more than most, it
// goes around the items and empties lists that were not used since it came by last (CLOCK:
// Corbató, "A paging experiment with the Multics system", 1969). Each thing added moves it by
// at most handSteps items, so that no addition takes long.
type hand struct {
	most  int
	count int // things in all lists
	next  int // item to look at
}

const handSteps = 64

// turn moves the hand after something was added. look looks at the list of an item: it takes
// its mark of use away if there is one, else empties it, and returns how much that freed.
func (h *hand) turn(items int, look func(item int) (freed int, used bool)) {
	for step := 0; step < handSteps && h.count > h.most; step++ {
		if h.next >= items {
			h.next = 0
		}
		freed, _ := look(h.next)
		h.count -= freed
		h.next++
	}
}
