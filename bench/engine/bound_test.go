package engine

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestWorld holds what a world promises: its size, the order of time, the shares of the names and
// that the seed decides.
func TestWorld(t *testing.T) {
	size := tiny()
	w, again, other := newWorld(&size, 7), newWorld(&size, 7), newWorld(&size, 8)
	if !slices.Equal(w.happened, again.happened) || slices.Equal(w.happened, other.happened) {
		t.Error("the seed does not decide")
	}
	var reactions [len(names)]int
	var most int
	users := map[uint32]int{}
	for i, h := range w.happened {
		reactions[h.reaction]++
		users[h.user]++
		most = max(most, users[h.user])
		if h.user < 1 || int(h.user) > size.Users || h.item < 1 || int(h.item) > size.Items {
			t.Fatalf("event %d is of user %d and item %d", i, h.user, h.item)
		}
		if i > 0 && h.after < w.happened[i-1].after || int64(h.after) >= span.Milliseconds() {
			t.Fatalf("event %d is %d ms after the beginning", i, h.after)
		}
	}
	for i, want := range []float64{0.70, 0.25, 0.05} {
		if got := float64(reactions[i]) / float64(size.Events); math.Abs(got-want) > 0.02 {
			t.Errorf("%.3f of the events are %s, want %.2f", got, names[i], want)
		}
	}
	if most < size.Events/20 {
		t.Errorf("the busiest user has %d of %d events: no Zipf law", most, size.Events)
	}
	if w.users[1] != "u1" || w.users[size.Users] != "u300" || w.items[17] != "i17" {
		t.Errorf("ids %q, %q, %q", w.users[1], w.users[size.Users], w.items[17])
	}
}

// TestFoldBound: flat tables, maps and a list of all events come to the same.
func TestFoldBound(t *testing.T) {
	size := tiny()
	w := newWorld(&size, 3)
	keys := countKeys(w)
	flat, maps := newFoldBound(w, keys), newMapBound(w)
	for batch := range slices.Chunk(w.happened, atOnce) {
		flat.fold(batch)
		maps.fold(batch)
	}
	if flat.keys() != keys.all() || maps.keys() != keys.all() || flat.pairs.keys != keys.pairs || flat.tastes.keys != keys.tastes {
		t.Errorf("%d keys in flat tables, %d in maps, want %d", flat.keys(), maps.keys(), keys.all())
	}
	for key, want := range maps.tastes {
		if got := flat.tastes.get(key); got == nil || got.key != key || got.newest != want.newest || got.long != want.long || got.sum != want.sum {
			t.Fatalf("user %d, category %d: %+v in the flat table, %+v in the map", key>>32, uint32(key), got, want)
		}
	}
	for key, want := range maps.pairs {
		if got := flat.pairs.get(key); got == nil || got.key != key || got.newest != want.newest || got.short != want.short {
			t.Fatalf("user %d, item %d: %+v in the flat table, %+v in the map", key>>32, uint32(key), got, want)
		}
	}
	for key, want := range maps.items {
		if got := flat.items.get(key); got == nil || got.key != key || got.newest != want.newest || got.rate != want.rate || got.short != want.short {
			t.Fatalf("item %d: %+v in the flat table, %+v in the map", key, got, want)
		}
	}
	q, row := w.newest(), make([]float64, columns)
	met := 0
	for _, p := range pickRows(w, 1) {
		flat.row(p.user, p.item, q, row)
		if want := slow(w, p, q); same(row, want) != nil {
			t.Errorf("user %d, item %d: %v, want %v", p.user, p.item, row, want)
		}
		if row[pairCount] > 0 && row[itemRate] != prior[0]/(prior[0]+prior[1]) {
			met++
		}
	}
	if met == 0 {
		t.Error("no row has anything in its windows: nothing was compared")
	}
}

// slow makes a row out of all events.
func slow(w *world, p pair, q int64) []float64 {
	row := make([]float64, columns)
	row[userAge], row[pairLast], row[tasteAge] = math.NaN(), math.NaN(), math.NaN()
	var of, per float64
	for i := range w.happened {
		h := &w.happened[i]
		t := h.time()
		within := func(window, hop int64) float64 {
			if t/hop > q/hop-window/hop { // began is a multiple of both hops
				return 1
			}
			return 0
		}
		if h.user == p.user {
			row[userCount] += within(300_000, shortHop)
			row[userAge] = float64(q-t) / 1000
			if h.item == p.item {
				row[pairCount] += within(300_000, shortHop)
				row[pairLast] = float64(t)
			}
			if w.category[h.item] == w.category[p.item] {
				row[tasteDecayed] += math.Exp2(-float64(q-t) / tasteHalfLife)
				row[tasteCount] += within(3_600_000, longHop)
				row[tasteAge] = float64(q-t) / 1000
			}
		}
		if h.item == p.item {
			row[itemDecayed] += math.Exp2(-float64(q-t) / itemHalfLife)
			row[itemCount] += within(300_000, shortHop)
			if h.reaction > 0 {
				of += within(3_600_000, longHop)
			} else {
				per += within(3_600_000, longHop)
			}
		}
	}
	row[itemRate] = min(1, (of+prior[0])/(per+prior[0]+prior[1]))
	return row
}

func TestFlat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfDistinct(rapid.Uint64Min(1), func(k uint64) uint64 { return k }).Draw(t, "keys")
		table := newFlat[line](len(keys))
		if slots := len(table.records); slots*3 < len(keys)*5 {
			t.Fatalf("%d places for %d keys", slots, len(keys))
		}
		for i, k := range keys {
			if table.get(k) != nil {
				t.Fatalf("key %d is there before it came", k)
			}
			table.records[table.seat(table.home(k), k)].events = uint64(i)
			if at := table.seat(table.home(k), k); table.records[at].key != k {
				t.Fatalf("place %d of key %d has key %d", at, k, table.records[at].key)
			}
		}
		for i, k := range keys {
			if r := table.get(k); r == nil || r.events != uint64(i) {
				t.Fatalf("key %d: %+v, want %d", k, r, i)
			}
		}
		if table.keys != len(keys) {
			t.Fatalf("%d keys, want %d", table.keys, len(keys))
		}
	})
}

// TestReadWorld: every item is met, no pair twice, and half of the candidates were met.
func TestReadWorld(t *testing.T) {
	for _, size := range []Size{{ReadItems: 1000, ReadPairs: 1000}, {ReadItems: 1009, ReadPairs: 5000}, {ReadItems: 4096, ReadPairs: 12_345}} {
		w := newReadWorld(&size)
		items, pairs := map[uint32]bool{}, map[uint64]bool{}
		var last uint32
		for k := range w.pairs {
			h := w.met(k)
			items[h.item], pairs[joined(h.user, h.item)] = true, true
			if h.after < last || int(h.user) > w.users() || h.item < 1 || int(h.item) > w.items {
				t.Fatalf("pair %d of %+v: %+v", k, size, h)
			}
			last = h.after
		}
		if len(items) != size.ReadItems || len(pairs) != size.ReadPairs {
			t.Errorf("%+v: %d items, %d pairs", size, len(items), len(pairs))
		}
		for _, r := range w.requests(20, 1) {
			met := 0
			for _, item := range r.items {
				if pairs[joined(r.user, item)] {
					met++
				}
			}
			if met < candidates/2 {
				t.Errorf("user %d met %d of the candidates", r.user, met)
			}
		}
	}
}

func TestWeights(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	w := newWeights(itemHalfLife)
	for range 1000 {
		after := uint32(rng.Int64N(span.Milliseconds()))
		want := math.Exp2(float64(after) / itemHalfLife)
		if got := w.at(after); math.Abs(got-want) > 1e-14*want {
			t.Errorf("after %d ms the weight is %v, want %v", after, got, want)
		}
	}
}
