package window

import (
	"math"
	"sort"
)

// recent is a ring of times and numbers in ascending order of time: word 0, the place of the first
// and how many there are, 32 bits each, the number below; then time and bits of the number of each.
type recent []uint64

func (r recent) len() int  { return int(r[0] & math.MaxUint32) }
func (r recent) room() int { return (len(r) - 1) / 2 }

// place is the word of entry i.
func (r recent) place(i int) int {
	if i += int(r[0] >> 32); i >= r.room() {
		i -= r.room()
	}
	return 1 + 2*i
}

func (r recent) at(i int) (t int64, amount float64) {
	at := r.place(i)
	return int64(r[at]), math.Float64frombits(r[at+1])
}

// insert adds an amount at a time; there must be room for an entry more.
func (r recent) insert(t int64, amount float64) {
	n := r.len()
	i := n
	if i > 0 && int64(r[r.place(i-1)]) > t {
		i = sort.Search(i, func(j int) bool { return int64(r[r.place(j)]) > t })
	}
	if i > 0 {
		if at := r.place(i - 1); int64(r[at]) == t {
			r[at+1] = math.Float64bits(math.Float64frombits(r[at+1]) + amount)
			return
		}
	}
	if first, end := r.place(i), r.place(n); i < n && first < end { // they stand in one piece
		copy(r[first+2:end+2], r[first:end])
	} else {
		for j := n; j > i; j-- {
			to, from := r.place(j), r.place(j-1)
			r[to], r[to+1] = r[from], r[from+1]
		}
	}
	at := r.place(i)
	r[at], r[at+1] = uint64(t), math.Float64bits(amount)
	r[0]++
}

// follow adds an amount at a time after all others, unless there is no room for it.
func (r recent) follow(t int64, amount float64) bool {
	room := r.room()
	first, n := int(r[0]>>32), int(r[0]&math.MaxUint32)
	if n == room {
		return false
	}
	end := first + n
	if end >= room {
		end -= room
	}
	at := r[1+2*end : 3+2*end : 3+2*end]
	at[0], at[1] = uint64(t), math.Float64bits(amount)
	r[0]++
	return true
}

// forget takes out what is not after the horizon.
func (r recent) forget(horizon int64) {
	for r.len() > 0 && int64(r[r.place(0)]) <= horizon {
		r.drop()
	}
}

// drop takes out the first.
func (r recent) drop() {
	next := r[0]>>32 + 1
	if next == uint64(r.room()) {
		next = 0
	}
	r[0] = r[0]&math.MaxUint32 - 1 | next<<32
}

// denseFlag in word 0 marks a piece that is dense.
const denseFlag = 1 << 63

// dense are numbers by time, a word for each ms of a span that ends with the newest: that of time
// t at place t mod their number. In those before the span are numbers that nobody asks for.
type dense []uint64

func (d *decayedSum) dense(words []uint64) dense { return dense(words[1 : 1+d.slack]) }

// add adds an amount at t, within the span of newest, which was at head before.
func (w dense) add(t int64, amount float64, head, newest int64) {
	span := int64(len(w))
	for at := max(head+1, newest-span+1, 0); at <= newest; at++ {
		w[at%span] = 0
	}
	if t > newest-span {
		w[t%span] = math.Float64bits(math.Float64frombits(w[t%span]) + amount)
	}
}

// each calls visit with what was added at each time after q, the newest first.
func (w dense) each(newest, q int64, visit func(t int64, amount float64)) {
	span := int64(len(w))
	at := newest % span
	for t := newest; t > max(q, newest-span, -1); t-- {
		if amount := math.Float64frombits(w[at]); amount != 0 {
			visit(t, amount)
		}
		if at--; at < 0 {
			at = span - 1
		}
	}
}
