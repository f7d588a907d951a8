package engine

import (
	"math"
	"unsafe"

	"github.com/freshet-rec/freshet/internal/prefetch"
)

// atOnce is how many events a bound folds, and candidates it reads, at a time: their lines are
// asked for first, then used. 64 events have up to 450 lines, which fit a first-level cache of
// 32 KiB; 32 and 128 were slower.
const atOnce = 64

// The records of the four kinds of key, each of whole cache lines. newest is the newest event
// time, the age and the last time. A decayed sum is kept by weights that grow forward from began,
// so that adding to it needs nothing of the record but the sum.
type (
	userRecord struct {
		key    uint64
		newest int64
		short  [shortTiles]tile
	}
	itemRecord struct {
		key    uint64
		newest int64
		sum    float64
		short  [shortTiles]tile
		rate   [longTiles]rateTile
		_      [2]uint64
	}
	tasteRecord struct {
		key    uint64
		newest int64
		sum    float64
		long   [longTiles]tile
		_      [13]uint32
	}
)

// tile is a place of a ring: the number of the tile that it counts for, from 1 on since began, and
// the count. Whose number is another counts nothing, so that no tile is ever cleared. A rateTile
// has two counts.
type (
	tile     struct{ number, count uint16 }
	rateTile struct {
		number uint16
		counts [2]uint16 // of, per
		_      uint16
	}
)

func (t *tile) add(number uint16) {
	if t.number != number {
		*t = tile{number: number}
	}
	t.count++
}

func (t *rateTile) add(number uint16, lane int) {
	if t.number != number {
		*t = rateTile{number: number}
	}
	t.counts[lane]++
}

// This does not compile when a record is not of whole cache lines.
const _ = uint(-(unsafe.Sizeof(userRecord{})%prefetch.LineBytes + unsafe.Sizeof(itemRecord{})%prefetch.LineBytes + unsafe.Sizeof(tasteRecord{})%prefetch.LineBytes))

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
	short, long := shortTile(batch[0].after)%shortTiles, longTile(batch[0].after)%longTiles
	b.items.ask(p.item[:n], (int(unsafe.Offsetof(itemRecord{}.short))+4*int(short))/8, &p.space)
	b.items.ask(p.item[:n], int(unsafe.Offsetof(itemRecord{}.rate))/8+int(long), &p.space)
	b.tastes.ask(p.taste[:n], (int(unsafe.Offsetof(tasteRecord{}.long))+4*int(long))/8, &p.space)
	for i := range batch {
		h := &batch[i]
		b.users.records[p.user[i]].add(h)
		b.pairs.records[p.pair[i]].add(h)
		b.items.records[p.item[i]].add(h, b.itemWeights)
		b.tastes.records[p.taste[i]].add(h, b.tasteWeights)
	}
}

func (r *userRecord) add(h *happening) {
	short := shortTile(h.after)
	r.short[short%shortTiles].add(short)
	r.newest = h.time()
}

func (r *itemRecord) add(h *happening, w *weights) {
	short, long := shortTile(h.after), longTile(h.after)
	r.short[short%shortTiles].add(short)
	r.rate[long%longTiles].add(long, lane(h))
	r.sum += w.at(h.after)
	r.newest = h.time()
}

func (r *tasteRecord) add(h *happening, w *weights) {
	long := longTile(h.after)
	r.long[long%longTiles].add(long)
	r.sum += w.at(h.after)
	r.newest = h.time()
}

// shortTile and longTile are the numbers of the tiles of a moment, after began.
func shortTile(after uint32) uint16 { return uint16(after/shortHop) + 1 }
func longTile(after uint32) uint16  { return uint16(after/longHop) + 1 }

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

// row reads the ten features as the engine gives them; NaN is null. q is the time of the newest
// event.
func (b *foldBound) row(user, item uint32, q int64, row []float64) {
	after := uint32(q - began)
	clear(row)
	row[userAge], row[pairLast], row[tasteAge] = math.NaN(), math.NaN(), math.NaN()
	row[itemRate] = prior[0] / (prior[0] + prior[1])
	if u := b.users.get(uint64(user)); u != nil {
		row[userCount] = covered(u.short[:], shortTile(after))
		row[userAge] = age(q, u.newest)
	}
	if m := b.items.get(uint64(item)); m != nil {
		of, per := coveredBoth(&m.rate, longTile(after))
		row[itemRate] = min(1, (of+prior[0])/(per+prior[0]+prior[1]))
		row[itemDecayed] = m.sum * math.Exp2(-float64(after)/itemHalfLife)
		row[itemCount] = covered(m.short[:], shortTile(after))
	}
	if v := b.pairs.get(joined(user, item)); v != nil {
		row[pairCount] = covered(v.short[:], shortTile(after))
		row[pairLast] = float64(v.newest)
	}
	if c := b.tastes.get(joined(user, uint32(b.world.category[item]))); c != nil {
		row[tasteDecayed] = c.sum * math.Exp2(-float64(after)/tasteHalfLife)
		row[tasteCount] = covered(c.long[:], longTile(after))
		row[tasteAge] = age(q, c.newest)
	}
}

func age(q, newest int64) float64 { return float64(q-newest) / 1000 }

// covered sums the tiles of a ring that its window covers in the newest tile: the ring is longer
// than the window by what slack adds.
func covered(ring []tile, newest uint16) float64 {
	window, sum := shortWindow, 0.0
	if len(ring) == longTiles {
		window = longWindow
	}
	for _, t := range ring {
		if t.number > 0 && int(t.number) > int(newest)-window {
			sum += float64(t.count)
		}
	}
	return sum
}

func coveredBoth(ring *[longTiles]rateTile, newest uint16) (of, per float64) {
	for _, t := range ring {
		if t.number > 0 && int(t.number) > int(newest)-longWindow {
			of, per = of+float64(t.counts[0]), per+float64(t.counts[1])
		}
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
