package recall

import (
	"math"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/simd"
)

// The followers of an item are what was wanted next after it, by visitors who wanted it: the
// short memory of a route, beside the long one of pairs. Their weights fade by the middle half-lives
// of the ladder.
const (
	followerRungs = 4
	firstFollower = 1   // the rung of the ladder that the first weight fades by
	maxFollowers  = 48  // per item; the one that would have faded first goes
	followStretch = 5   // acts that a new one follows
	followBack    = 0.1 // what came later says little of what came before
)

// following is the weight of a step by how many acts lie between, plus one: d^-1.5.
var following = func() (w [followStretch + 1]float64) {
	for d := 1; d <= followStretch; d++ {
		w[d] = math.Pow(float64(d), -1.5)
	}
	return w
}()

type followers struct {
	items []uint32 // that followed, apart from the rest of list, so that one is found at a glance
	list  []follower
	total [followerRungs]float64 // of all that followed, those let go of too, faded to at
	at    int64
	used  bool // since the hand came by last, see hand
}

type follower struct {
	key    float64                // log2(weight) + time/halfLife of the rung followerKey
	at     int64                  // newest event time added, Unix ms
	weight [followerRungs]float32 // faded to at
}

// followerKey is the rung by whose order followers are let go: 7.2 hours.
const followerKey = 2

// add notes that item followed at time t.
func (f *followers) add(item uint32, t int64, weight float64) (more bool) {
	i := simd.Index(f.items, item)
	switch {
	case i >= 0:
	case len(f.list) < maxFollowers:
		i, more = len(f.list), true
		f.items, f.list = append(f.items, item), append(f.list, follower{at: t})
	default:
		i = f.last()
		f.items[i], f.list[i] = item, follower{at: t}
	}
	one := &f.list[i]
	old, young := fades(t-one.at), fades(one.at-t)
	allOld, allYoung := fades(t-f.at), fades(f.at-t)
	one.at, f.at = max(one.at, t), max(f.at, t)
	for k := range followerRungs {
		one.weight[k] = float32(float64(float64(one.weight[k])*old[firstFollower+k]) + float64(weight*young[firstFollower+k]))
		f.total[k] = float64(f.total[k]*allOld[firstFollower+k]) + float64(weight*allYoung[firstFollower+k])
	}
	one.key = math.Inf(-1)
	if w := one.weight[followerKey]; w > 0 {
		one.key = math.Log2(float64(w)) + float64(one.at)/halfLife[firstFollower+followerKey]
	}
	return more
}

// last is where the follower with the lowest key stands, the first of several.
func (f *followers) last() int {
	low := 0
	for i := range f.list {
		if f.list[i].key < f.list[low].key {
			low = i
		}
	}
	return low
}

// shares are one over the totals at time q; 0 where there is nothing.
func (f *followers) shares(q int64) (share [followerRungs]float64) {
	fade := fades(q - f.at)
	for k := range followerRungs {
		if total := f.total[k] * fade[firstFollower+k]; total > 1e-30 {
			share[k] = 1 / total
		}
	}
	return share
}

// chances are the follower's shares in all that followed, by rung; share is that of shares.
func (f *follower) chances(q int64, share *[followerRungs]float64) (p [followerRungs]float64) {
	fade := fades(q - f.at)
	for k := range followerRungs {
		p[k] = min(1, float64(f.weight[k])*fade[firstFollower+k]*share[k])
	}
	return p
}

func (f *followers) pack(w *pack.Writer) {
	w.Int(f.at)
	w.Bool(f.used)
	for _, v := range f.total {
		w.Float(v)
	}
	w.Len(len(f.list))
	for i := range f.list {
		one := &f.list[i]
		w.Uint(uint64(f.items[i]))
		w.Int(one.at)
		w.Float(one.key)
		for _, v := range one.weight {
			w.Single(v)
		}
	}
}

func (f *followers) unpack(r *pack.Reader, items int) {
	f.at, f.used = r.Int(), r.Bool()
	for k := range f.total {
		f.total[k] = r.Float()
	}
	n := r.Len(10 + 4*followerRungs)
	if n > maxFollowers {
		r.Fail("%d followers of an item", n)
	}
	if r.Err() != nil {
		return
	}
	if n > 0 {
		f.items, f.list = make([]uint32, n), make([]follower, n)
	}
	for i := range f.list {
		one := &f.list[i]
		f.items[i] = r.Number(items)
		*one = follower{at: r.Int(), key: r.Float()}
		for k := range one.weight {
			one.weight[k] = r.Single()
		}
	}
}
