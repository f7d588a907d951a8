package engine

// mapBound is the yardstick of fold: the same records as foldBound's, in Go's maps, one lookup
// and one store a key.
type mapBound struct {
	world  *world
	users  map[uint64]userRecord
	items  map[uint64]itemRecord
	pairs  map[uint64]userRecord
	tastes map[uint64]tasteRecord

	itemWeights, tasteWeights *weights
}

func newMapBound(w *world) *mapBound {
	return &mapBound{
		world: w,
		users: map[uint64]userRecord{}, items: map[uint64]itemRecord{},
		pairs: map[uint64]userRecord{}, tastes: map[uint64]tasteRecord{},
		itemWeights: newWeights(itemHalfLife), tasteWeights: newWeights(tasteHalfLife),
	}
}

func (b *mapBound) keys() int { return len(b.users) + len(b.items) + len(b.pairs) + len(b.tastes) }

// fold adds events, by ascending time.
func (b *mapBound) fold(batch []happening) {
	for i := range batch {
		h := &batch[i]
		t := h.time()
		short, long := t/shortHop, t/longHop
		shortAt, longAt := short%shortTiles, long%longTiles

		u := b.users[uint64(h.user)]
		advance(u.short[:], u.newest/shortHop, short)
		u.short[shortAt]++
		u.newest = t
		b.users[uint64(h.user)] = u

		pair := joined(h.user, h.item)
		v := b.pairs[pair]
		advance(v.short[:], v.newest/shortHop, short)
		v.short[shortAt]++
		v.newest = t
		b.pairs[pair] = v

		m := b.items[uint64(h.item)]
		advance(m.short[:], m.newest/shortHop, short)
		m.short[shortAt]++
		advance(m.rate[:], m.newest/longHop, long)
		m.rate[longAt][lane(h)]++
		m.sum += b.itemWeights.at(h.after)
		m.newest = t
		b.items[uint64(h.item)] = m

		taste := joined(h.user, uint32(b.world.category[h.item]))
		c := b.tastes[taste]
		advance(c.long[:], c.newest/longHop, long)
		c.long[longAt]++
		c.sum += b.tasteWeights.at(h.after)
		c.newest = t
		b.tastes[taste] = c
	}
}
