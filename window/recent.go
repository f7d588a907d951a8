package window

import (
	"math"
	"sort"
)

// recent is times and numbers, ascending in time but for the last few, which are late: one event after
// the other that stands behind newer ones, or beside one of its own time. Where most events are older
// than the newest, each would have to be looked for a place and all after it to make room; so late ones
// come into their places many at once, and readers find theirs on their own.
//
// Word 0 is the place of the first entry and how many there are, 32 bits each, the number below; word 1
// how many of them are late; then time and bits of the number of each.
type recent []uint64

// mostLate is how many entries may be late, or a quarter of the room if that is less, but at least
// leastLate: the more, the less often those in order are moved, and the more a read has to sort. A guess.
const mostLate, leastLate = 64, 8

// entry is a number and its time.
type entry struct {
	t      int64
	amount float64
}

func (r recent) len() int   { return int(r[0] & math.MaxUint32) }
func (r recent) first() int { return int(r[0] >> 32) }
func (r recent) late() int  { return int(r[1]) }
func (r recent) room() int  { return (len(r) - 2) / 2 }

// place is the word of entry i.
func (r recent) place(i int) int { return 2 + 2*(r.first()+i) }

func (r recent) at(i int) (t int64, amount float64) {
	at := r.place(i)
	return int64(r[at]), math.Float64frombits(r[at+1])
}

func (r recent) time(i int) int64 { return int64(r[r.place(i)]) }

func (r recent) set(i int, t int64, amount float64) {
	at := r.place(i)
	r[at], r[at+1] = uint64(t), math.Float64bits(amount)
}

// more adds to the amount of entry i.
func (r recent) more(i int, amount float64) {
	at := r.place(i) + 1
	r[at] = math.Float64bits(math.Float64frombits(r[at]) + amount)
}

// add adds an amount at a time, which newest says is after all others, unless there is no room behind
// the last or too many are late.
func (r recent) add(t int64, amount float64, newest bool) bool {
	late := r[1]
	end := 2 + 2*(int(r[0]>>32)+int(r[0]&math.MaxUint32))
	if end+1 >= len(r) || late >= min(mostLate, max(leastLate, uint64(len(r)/8))) {
		return false
	}
	at := r[end : end+2 : end+2]
	at[0], at[1] = uint64(t), math.Float64bits(amount)
	r[0]++
	if !newest || late != 0 {
		r[1] = late + 1
	}
	return true
}

// insert adds an amount at a time, in its place. No entry is late, and there must be room behind the last.
func (r recent) insert(t int64, amount float64) {
	n := r.len()
	i := r.after(0, n, t)
	if i > 0 && r.time(i-1) == t {
		r.more(i-1, amount)
		return
	}
	copy(r[r.place(i+1):], r[r.place(i):r.place(n)])
	r.set(i, t, amount)
	r[0]++
}

// after is the first entry later than t of those from one up to another, which are in order.
func (r recent) after(from, to int, t int64) int {
	if from == to || r.time(to-1) <= t {
		return to
	}
	if r.time(from) > t {
		return from
	}
	return from + sort.Search(to-from, func(i int) bool { return r.time(from+i) > t })
}

// sorted copies the entries that are late, in order of time, those of one time in the order they came.
func (r recent) sorted(buffer *[mostLate]entry) []entry {
	late := buffer[:r.late()]
	for i, n := 0, r.len()-len(late); i < len(late); i++ {
		t, amount := r.at(n + i)
		j := i
		for ; j > 0 && late[j-1].t > t; j-- {
			late[j] = late[j-1]
		}
		late[j] = entry{t, amount}
	}
	return late
}

// order brings the entries that are late into their places.
func (r recent) order() {
	if r.late() == 0 {
		return
	}
	var buffer [mostLate]entry
	var places [mostLate]int // of what is new, the entry that it comes before
	late := r.sorted(&buffer)
	n := r.len() - len(late)
	fresh := late[:0]
	for i, place := 0, 0; i < len(late); i++ {
		e := late[i]
		place = r.after(place, n, e.t)
		switch last := len(fresh) - 1; {
		case place > 0 && r.time(place-1) == e.t:
			r.more(place-1, e.amount)
		case last >= 0 && fresh[last].t == e.t:
			fresh[last].amount += e.amount
		default:
			places[len(fresh)] = place
			fresh = append(fresh, e)
		}
	}
	r[0] -= uint64(len(late) - len(fresh))
	r[1] = 0
	for i, end := len(fresh), n; i > 0; i-- {
		place := places[i-1]
		copy(r[r.place(place+i):], r[r.place(place):r.place(end)])
		r.set(place+i-1, fresh[i-1].t, fresh[i-1].amount)
		end = place
	}
}

// each calls visit with what was added at each time after q, the newest first.
func (r recent) each(q int64, visit func(t int64, amount float64)) {
	ordered := r[r.place(0):r.place(r.len()-r.late())]
	after := func(t int64) {
		i := len(ordered)
		for ; i > 0 && int64(ordered[i-2]) > t; i -= 2 {
			visit(int64(ordered[i-2]), math.Float64frombits(ordered[i-1]))
		}
		ordered = ordered[:i]
	}
	if r.late() > 0 {
		var buffer [mostLate]entry
		late := r.sorted(&buffer)
		for j := len(late); j > 0 && late[j-1].t > q; {
			t := late[j-1].t
			after(t)
			same := j - 1
			for same > 0 && late[same-1].t == t {
				same--
			}
			amount := late[same].amount
			if i := len(ordered); i > 0 && int64(ordered[i-2]) == t {
				amount += math.Float64frombits(ordered[i-1])
				ordered = ordered[:i-2]
			}
			for _, e := range late[same+1 : j] {
				amount += e.amount
			}
			visit(t, amount)
			j = same
		}
	}
	after(q)
}

// forget takes out what is not after the horizon. No entry is late.
func (r recent) forget(horizon int64) {
	for r.len() > 0 && r.time(0) <= horizon {
		r.drop()
	}
}

// drop takes out the first, which is not late.
func (r recent) drop() { r[0] += 1<<32 - 1 }

// spare makes room behind the last, and says whether there is any: entries move to the front when an
// eighth of the room is free there, so that they do not move with each event.
func (r recent) spare() bool {
	first, n, room := r.first(), r.len(), r.room()
	if first+n < room {
		return true
	}
	if n > room-max(1, room/8) {
		return false
	}
	copy(r[2:], r[r.place(0):r.place(n)])
	r[0] = uint64(n)
	return true
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
