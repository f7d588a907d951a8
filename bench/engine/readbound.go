package engine

import (
	"math"
	"unsafe"
)

// line is a record of the bound of read: one cache line, with the sums that a read needs already
// made. Whatever a layout is, a read must fetch a line of each key.
type line struct {
	key      uint64
	newest   int64
	sum      float64 // decayed, by weights that grow forward from began
	events   uint64
	of, per  uint64
	category uint64 // of an item
	_        uint64
}

const _ = uint(64 - unsafe.Sizeof(line{})) // a line, and no more

// readBound is the bound of read: a record a key in flat tables.
type readBound struct {
	users, items, pairs, tastes *flat[line]
	itemWeights, tasteWeights   *weights
	plan                        struct{ item, pair, taste, space [atOnce]uint32 }
	found                       [atOnce]*line
}

func newReadBound(w *readWorld) *readBound {
	b := &readBound{
		users: newFlat[line](w.users()), items: newFlat[line](w.items), pairs: newFlat[line](w.pairs),
		tastes:      newFlat[line](min(w.pairs, w.users()*categories)),
		itemWeights: newWeights(itemHalfLife), tasteWeights: newWeights(tasteHalfLife),
	}
	return b
}

// fold adds at most atOnce events.
func (b *readBound) fold(batch []happening) {
	p := &b.plan
	for i := range batch {
		h := &batch[i]
		p.item[i], p.pair[i] = b.items.home(uint64(h.item)), b.pairs.home(joined(h.user, h.item))
		p.taste[i] = b.tastes.home(joined(h.user, uint32(categoryOf(h.item))))
	}
	b.items.ask(p.item[:len(batch)], 0, &p.space)
	b.pairs.ask(p.pair[:len(batch)], 0, &p.space)
	b.tastes.ask(p.taste[:len(batch)], 0, &p.space)
	for i := range batch {
		h := &batch[i]
		category := uint32(categoryOf(h.item))
		addTo(b.users, b.users.home(uint64(h.user)), uint64(h.user), h, 0)
		addTo(b.pairs, p.pair[i], joined(h.user, h.item), h, 0)
		addTo(b.tastes, p.taste[i], joined(h.user, category), h, b.tasteWeights.at(h.after))
		addTo(b.items, p.item[i], uint64(h.item), h, b.itemWeights.at(h.after)).category = uint64(category)
	}
}

func addTo(t *flat[line], at uint32, key uint64, h *happening, weight float64) *line {
	r := &t.records[t.seat(at, key)]
	r.newest, r.sum = h.time(), r.sum+weight
	r.events++
	if lane(h) == 0 {
		r.of++
	} else {
		r.per++
	}
	return r
}

// rows reads the ten features of every candidate at time q: the lines of items and pairs are
// asked for first, then those of the categories, which the items' lines name, then all are read.
func (b *readBound) rows(r *request, q int64, rows []float64) {
	p := &b.plan
	itemWeight, tasteWeight := math.Exp2(-float64(q-began)/itemHalfLife), math.Exp2(-float64(q-began)/tasteHalfLife)
	user := b.users.get(uint64(r.user))
	for first := 0; first < len(r.items); first += atOnce {
		items := r.items[first:min(first+atOnce, len(r.items))]
		n := len(items)
		for i, item := range items {
			p.item[i], p.pair[i] = b.items.home(uint64(item)), b.pairs.home(joined(r.user, item))
		}
		b.items.ask(p.item[:n], 0, &p.space)
		b.pairs.ask(p.pair[:n], 0, &p.space)
		for i, item := range items {
			b.found[i] = b.items.find(p.item[i], uint64(item))
			p.taste[i] = b.tastes.home(joined(r.user, uint32(b.found[i].category)))
		}
		b.tastes.ask(p.taste[:n], 0, &p.space)
		for i, item := range items {
			row := rows[(first+i)*columns : (first+i+1)*columns]
			m := b.found[i]
			row[userCount], row[userAge] = float64(user.events), age(q, user.newest)
			row[itemRate] = min(1, (float64(m.of)+prior[0])/(float64(m.per)+prior[0]+prior[1]))
			row[itemDecayed], row[itemCount] = m.sum*itemWeight, float64(m.events)
			row[pairCount], row[pairLast] = 0, math.NaN()
			if v := b.pairs.find(p.pair[i], joined(r.user, item)); v != nil {
				row[pairCount], row[pairLast] = float64(v.events), float64(v.newest)
			}
			row[tasteDecayed], row[tasteCount], row[tasteAge] = 0, 0, math.NaN()
			if c := b.tastes.find(p.taste[i], joined(r.user, uint32(m.category))); c != nil {
				row[tasteDecayed], row[tasteCount], row[tasteAge] = c.sum*tasteWeight, float64(c.events), age(q, c.newest)
			}
		}
	}
}
