package fold

import "slices"

// Newest are the visitors who acted last, the newest first, at most n. It looks at every visitor.
func (a *Acts) Newest(n int) []uint32 {
	var list []uint32
	older := func(visitor uint32, p uint64) int {
		switch at := uint64(a.last[visitor].Position); {
		case at > p:
			return -1
		case at < p:
			return 1
		}
		return 0
	}
	for visitor := range a.last {
		p := uint64(a.last[visitor].Position)
		if p == 0 || n <= 0 || len(list) == n && older(list[n-1], p) <= 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(list, p, older)
		list = slices.Insert(list, at, uint32(visitor))
		list = list[:min(len(list), n)]
	}
	return list
}
