package recall

import (
	"math"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/simd"
)

// crowd knows how much each item is wanted by everybody, by the last minutes as by the last
// days: positive acts whose weights fade by every half-life of the ladder. The zero crowd is
// empty and ready to use.
//
// It keeps the crowdTop most wanted items of each rung. That is exact and takes no search: two
// weights of one rung that are not added to keep their ratio, so an item rises only when it is
// wanted itself, and the order of log2(weight) + time/halfLife never needs the time now.
type crowd struct {
	items []wanted // by item
	total fading6
	tops  [rungs]topItems
}

// fading6 is an amount that fades by each half-life of the ladder.
type fading6 struct {
	weight [rungs]float64 // faded to at
	at     int64          // newest event time added, Unix ms
}

// wanted is the same for an item, smaller.
type wanted struct {
	weight [rungs]float32
	at     int64
}

const crowdTop = 128

// topItems are items with the highest keys, in no order.
type topItems struct {
	items []uint32
	keys  []float64
	low   int // where the lowest key stands, ties by the greatest item number
}

// add notes an act at time t. One that comes late is added as it would have faded by now.
func (c *crowd) add(item uint32, t int64, weight float64) {
	for int(item) >= len(c.items) {
		c.items = append(c.items, wanted{})
	}
	w := &c.items[item]
	old, young := fades(t-w.at), fades(w.at-t)
	allOld, allYoung := fades(t-c.total.at), fades(c.total.at-t)
	w.at, c.total.at = max(w.at, t), max(c.total.at, t)
	for k := range rungs {
		w.weight[k] = float32(float64(float64(w.weight[k])*old[k]) + float64(weight*young[k]))
		c.total.weight[k] = float64(c.total.weight[k]*allOld[k]) + float64(weight*allYoung[k])
		if w.weight[k] > 0 {
			c.tops[k].raise(item, math.Log2(float64(w.weight[k]))+float64(w.at)/halfLife[k])
		}
	}
}

// raise gives an item a key that is not below the one it had.
func (t *topItems) raise(item uint32, key float64) {
	if i := simd.Index(t.items, item); i >= 0 {
		t.keys[i] = key
		if i == t.low {
			t.sink()
		}
		return
	}
	switch {
	case len(t.items) < crowdTop:
		t.items, t.keys = append(t.items, item), append(t.keys, key)
		t.sink()
	case key > t.keys[t.low]:
		t.items[t.low], t.keys[t.low] = item, key
		t.sink()
	}
}

// sink finds the lowest.
func (t *topItems) sink() {
	low := 0
	for i, key := range t.keys {
		if key < t.keys[low] || key == t.keys[low] && t.items[i] > t.items[low] {
			low = i
		}
	}
	t.low = low
}

// crowdAt is the crowd as seen at one time.
type crowdAt struct {
	*crowd
	q     int64
	share [rungs]float64 // one over the faded total; 0 where there is nothing
}

func (c *crowd) at(q int64) crowdAt {
	a := crowdAt{crowd: c, q: q}
	f := fades(q - c.total.at)
	for k := range rungs {
		if total := c.total.weight[k] * f[k]; total > 1e-30 { // else all is far in the past
			a.share[k] = 1 / total
		}
	}
	return a
}

// chances are the shares of an item in all that is wanted, by rung.
func (a *crowdAt) chances(item uint32) (p [rungs]float64) {
	if int(item) >= len(a.items) {
		return p
	}
	w := &a.items[item]
	f := fades(a.q - w.at)
	for k := range rungs {
		p[k] = min(1, float64(w.weight[k])*f[k]*a.share[k])
	}
	return p
}

func (c *crowd) pack(w *pack.Writer) {
	w.Int(c.total.at)
	for _, v := range c.total.weight {
		w.Float(v)
	}
	w.Len(len(c.items))
	for i := range c.items {
		w.Int(c.items[i].at)
		for _, v := range c.items[i].weight {
			w.Single(v)
		}
	}
	for k := range c.tops {
		t := &c.tops[k]
		w.Len(len(t.items))
		for i, item := range t.items {
			w.Uint(uint64(item))
			w.Float(t.keys[i])
		}
	}
}

func (c *crowd) unpack(r *pack.Reader, items int) {
	c.total.at = r.Int()
	for k := range c.total.weight {
		c.total.weight[k] = r.Float()
	}
	c.items = make([]wanted, r.Len(1+4*rungs))
	if len(c.items) > items {
		r.Fail("what is wanted of %d items where there are %d", len(c.items), items)
	}
	for i := range c.items {
		c.items[i].at = r.Int()
		for k := range c.items[i].weight {
			c.items[i].weight[k] = r.Single()
		}
	}
	for k := range c.tops {
		t := &c.tops[k]
		n := r.Len(9)
		if n > crowdTop {
			r.Fail("%d most wanted items", n)
		}
		for range n {
			t.items, t.keys = append(t.items, r.Number(len(c.items))), append(t.keys, r.Float())
		}
		if r.Err() != nil {
			return
		}
		if n > 0 {
			t.sink()
		}
	}
}
