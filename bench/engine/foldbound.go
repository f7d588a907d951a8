package engine

import (
	"math"
	"unsafe"
)

// atOnce is how many events are folded, and candidates read, at a time: their lines are asked
// for first, then used.
const atOnce = 128

// The records of the four kinds of key. newest is the newest event time, the age and the last
// time; tile T of a ring of n is at place T mod n. A decayed sum is kept by weights that grow
// forward from began, so that adding to it needs nothing of the record but the sum.
type (
	userRecord struct {
		key    uint64
		newest int64
		short  [shortTiles]uint32
	}
	itemRecord struct {
		key    uint64
		newest int64
		sum    float64
		short  [shortTiles]uint32
		rate   [longTiles][2]uint32 // of, per
	}
	tasteRecord struct {
		key    uint64
		newest int64
		sum    float64
		long   [longTiles]uint32
	}
)

// foldBound is the bound of fold: the ten features over flat tables.
type foldBound struct {
	world  *world
	users  *flat[userRecord]
	items  *flat[itemRecord]
	pairs  *flat[userRecord]
	tastes *flat[tasteRecord]

	itemWeights, tasteWeights *weights
	plan                      foldPlan
}

// foldPlan is the working space of a batch.
type foldPlan struct {
	user, item, pair, taste [atOnce]uint32 // places
	space                   [atOnce]uint32
}

func newFoldBound(w *world, k *keyCounts) *foldBound {
	return &foldBound{
		world: w,
		users: newFlat[userRecord](k.users), items: newFlat[itemRecord](k.items),
		pairs: newFlat[userRecord](k.pairs), tastes: newFlat[tasteRecord](k.tastes),
		itemWeights: newWeights(itemHalfLife), tasteWeights: newWeights(tasteHalfLife),
	}
}

func (b *foldBound) keys() int {
	return b.users.keys + b.items.keys + b.pairs.keys + b.tastes.keys
}

func (b *foldBound) bytes() int {
	return b.users.bytes() + b.items.bytes() + b.pairs.bytes() + b.tastes.bytes()
}

// fold adds at most atOnce events, by ascending time: the homes of their keys, then their places
// and the tiles there, then the arithmetic, so that the misses of a batch overlap.
func (b *foldBound) fold(batch []happening) {
	p := &b.plan
	n := len(batch)
	for i := range batch {
		h := &batch[i]
		p.user[i], p.item[i] = b.users.home(uint64(h.user)), b.items.home(uint64(h.item))
		p.pair[i] = b.pairs.home(joined(h.user, h.item))
		p.taste[i] = b.tastes.home(b.taste(h))
	}
	b.users.ask(p.user[:n], 0, &p.space)
	b.items.ask(p.item[:n], 0, &p.space)
	b.pairs.ask(p.pair[:n], 0, &p.space)
	b.tastes.ask(p.taste[:n], 0, &p.space)
	for i := range batch {
		h := &batch[i]
		p.user[i], p.item[i] = b.users.seat(p.user[i], uint64(h.user)), b.items.seat(p.item[i], uint64(h.item))
		p.pair[i] = b.pairs.seat(p.pair[i], joined(h.user, h.item))
		p.taste[i] = b.tastes.seat(p.taste[i], b.taste(h))
	}
	long := int(batch[0].time() / longHop % longTiles)
	b.items.ask(p.item[:n], int(unsafe.Offsetof(itemRecord{}.short))/8, &p.space)
	b.items.ask(p.item[:n], int(unsafe.Offsetof(itemRecord{}.rate))/8+long, &p.space)
	b.tastes.ask(p.taste[:n], int(unsafe.Offsetof(tasteRecord{}.long))/8+long/2, &p.space)
	for i := range batch {
		h := &batch[i]
		t := h.time()
		short, long := t/shortHop, t/longHop
		shortAt, longAt := short%shortTiles, long%longTiles

		u := &b.users.records[p.user[i]]
		advance(u.short[:], u.newest/shortHop, short)
		u.short[shortAt]++
		u.newest = t

		v := &b.pairs.records[p.pair[i]]
		advance(v.short[:], v.newest/shortHop, short)
		v.short[shortAt]++
		v.newest = t

		m := &b.items.records[p.item[i]]
		advance(m.short[:], m.newest/shortHop, short)
		m.short[shortAt]++
		advance(m.rate[:], m.newest/longHop, long)
		m.rate[longAt][lane(h)]++
		m.sum += b.itemWeights.at(h.after)
		m.newest = t

		c := &b.tastes.records[p.taste[i]]
		advance(c.long[:], c.newest/longHop, long)
		c.long[longAt]++
		c.sum += b.tasteWeights.at(h.after)
		c.newest = t
	}
}

// taste is the key of the user and the item's category.
func (b *foldBound) taste(h *happening) uint64 {
	return joined(h.user, uint32(b.world.category[h.item]))
}

// lane is the half of a rate that an event counts in.
func lane(h *happening) int {
	if h.reaction > 0 {
		return 0
	}
	return 1
}

// advance clears the tiles of a ring after tile from, up to tile to.
func advance[T any](ring []T, from, to int64) {
	if to == from {
		return
	}
	n := int64(len(ring))
	if to-from >= n {
		clear(ring)
		return
	}
	var zero T
	at := from % n
	for range to - from {
		if at++; at == n {
			at = 0
		}
		ring[at] = zero
	}
}

// row reads the ten features as the engine gives them; NaN is null. q is at or after the newest
// event.
func (b *foldBound) row(user, item uint32, q int64, row []float64) {
	for i := range row {
		row[i] = 0
	}
	row[userAge], row[pairLast], row[tasteAge] = math.NaN(), math.NaN(), math.NaN()
	row[itemRate] = prior[0] / (prior[0] + prior[1])
	if u := b.users.get(uint64(user)); u != nil {
		row[userCount] = covered(u.short[:], u.newest, q, shortHop, 300_000)
		row[userAge] = age(q, u.newest)
	}
	if m := b.items.get(uint64(item)); m != nil {
		of, per := coveredBoth(m.rate[:], m.newest, q)
		row[itemRate] = min(1, (of+prior[0])/(per+prior[0]+prior[1]))
		row[itemDecayed] = m.sum * math.Exp2(-float64(q-began)/itemHalfLife)
		row[itemCount] = covered(m.short[:], m.newest, q, shortHop, 300_000)
	}
	if v := b.pairs.get(joined(user, item)); v != nil {
		row[pairCount] = covered(v.short[:], v.newest, q, shortHop, 300_000)
		row[pairLast] = float64(v.newest)
	}
	if c := b.tastes.get(joined(user, uint32(b.world.category[item]))); c != nil {
		row[tasteDecayed] = c.sum * math.Exp2(-float64(q-began)/tasteHalfLife)
		row[tasteCount] = covered(c.long[:], c.newest, q, longHop, 3_600_000)
		row[tasteAge] = age(q, c.newest)
	}
}

func age(q, newest int64) float64 { return float64(q-newest) / 1000 }

// covered sums the tiles of a ring that a window covers at q.
func covered(ring []uint32, newest, q, hop, window int64) float64 {
	sum := 0.0
	for tile := q/hop - window/hop + 1; tile <= newest/hop; tile++ {
		sum += float64(ring[tile%int64(len(ring))])
	}
	return sum
}

func coveredBoth(ring [][2]uint32, newest, q int64) (of, per float64) {
	for tile := q/longHop - 3_600_000/longHop + 1; tile <= newest/longHop; tile++ {
		both := ring[tile%int64(len(ring))]
		of, per = of+float64(both[0]), per+float64(both[1])
	}
	return of, per
}

// weights has 2^(after/half-life) for every millisecond of the day, as a product of two tables.
// Events come by ascending time, so that both are read from front to back.
type weights struct {
	coarse []float64
	fine   [fineWeights]float64
}

const fineWeights = 1 << 14

func newWeights(halfLife float64) *weights {
	w := &weights{coarse: make([]float64, span.Milliseconds()/fineWeights+1)}
	for i := range w.coarse {
		w.coarse[i] = math.Exp2(float64(i) * fineWeights / halfLife)
	}
	for i := range w.fine {
		w.fine[i] = math.Exp2(float64(i) / halfLife)
	}
	return w
}

func (w *weights) at(after uint32) float64 {
	return w.coarse[after/fineWeights] * w.fine[after%fineWeights]
}

// keyCounts is how many different keys of each kind there are.
type keyCounts struct{ users, items, pairs, tastes int }

func (k *keyCounts) all() int { return k.users + k.items + k.pairs + k.tastes }

// countKeys counts the different keys of a world.
func countKeys(w *world) *keyCounts {
	count := func(key func(h *happening) uint64) int {
		seen := newFlat[uint64](len(w.happened))
		for i := range w.happened {
			k := key(&w.happened[i])
			seen.seat(seen.home(k), k)
		}
		return seen.keys
	}
	return &keyCounts{
		users:  count(func(h *happening) uint64 { return uint64(h.user) }),
		items:  count(func(h *happening) uint64 { return uint64(h.item) }),
		pairs:  count(func(h *happening) uint64 { return joined(h.user, h.item) }),
		tastes: count(func(h *happening) uint64 { return joined(h.user, uint32(w.category[h.item])) }),
	}
}
