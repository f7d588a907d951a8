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
		user, item, pair, taste := uint64(h.user), uint64(h.item), joined(h.user, h.item), joined(h.user, uint32(b.world.category[h.item]))
		u, m, v, c := b.users[user], b.items[item], b.pairs[pair], b.tastes[taste]
		u.add(h)
		m.add(h, b.itemWeights)
		v.add(h)
		c.add(h, b.tasteWeights)
		b.users[user], b.items[item], b.pairs[pair], b.tastes[taste] = u, m, v, c
	}
}
