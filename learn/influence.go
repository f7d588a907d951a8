package learn

import "github.com/freshet-rec/freshet/internal/pack"

// influence bounds what one visitor and one item have a say in, within each window of time: how far
// they may move weights, all movements together, and how many of their rows are learned from and
// judged. It keeps the sums of 65,536 groups, into which visitors and items are hashed: those who share
// a group share its bounds, nobody can be forgotten by sending many others, and memory is fixed.
type influence struct {
	window   int64 // length, ms
	number   int64 // of the window that the sums are of
	visitors []say
	items    []say
	most     say // of a visitor
	mostItem say
}

// say is what somebody had a say in, or the most they may.
type say struct {
	moved float32 // sum of |movement| over all weights
	rows  uint32
}

const influenceGroups = 1 << 16

func newInfluence(window int64, visitor, item say) *influence {
	return &influence{window: window, visitors: make([]say, influenceGroups), items: make([]say, influenceGroups), most: visitor, mostItem: item}
}

// group is that of a number that the state gave: multiplicative hashing (Knuth, The Art of Computer
// Programming, volume 3, §6.4), by 2^32 over the golden ratio.
func group(number uint32) uint32 { return number * 2654435769 >> 16 }

// at begins the window of a time. Those of earlier times have ended.
func (f *influence) at(t int64) {
	if n := t / f.window; n > f.number {
		f.number = n
		clear(f.visitors)
		clear(f.items)
	}
}

// may reports that a row of a visitor and an item is within both bounds, and counts it.
func (f *influence) may(visitor, item uint32) bool {
	v, i := &f.visitors[group(visitor)], &f.items[group(item)]
	if v.moved >= f.most.moved || v.rows >= f.most.rows || i.moved >= f.mostItem.moved || i.rows >= f.mostItem.rows {
		return false
	}
	v.rows++
	i.rows++
	return true
}

// room reports that the visitor and the item may still move weights.
func (f *influence) room(visitor, item uint32) bool {
	return f.visitors[group(visitor)].moved < f.most.moved && f.items[group(item)].moved < f.mostItem.moved
}

// moved notes how far a row of a visitor and an item moved weights.
func (f *influence) moved(visitor, item uint32, by float64) {
	f.visitors[group(visitor)].moved += float32(by)
	f.items[group(item)].moved += float32(by)
}

func (f *influence) pack(w *pack.Writer) {
	w.Int(f.number)
	for _, list := range [][]say{f.visitors, f.items} {
		n := 0
		for i := range list {
			if list[i] != (say{}) {
				n++
			}
		}
		w.Len(n)
		for i := range list {
			if list[i] != (say{}) {
				w.Uint(uint64(i))
				w.Single(list[i].moved)
				w.Uint(uint64(list[i].rows))
			}
		}
	}
}

func (f *influence) unpack(r *pack.Reader) {
	f.number = r.Int()
	for _, list := range [][]say{f.visitors, f.items} {
		clear(list)
		for range r.Len(6) {
			at := r.Number(len(list))
			list[at] = say{moved: r.Single(), rows: uint32(r.Number(1 << 31))}
		}
	}
}
