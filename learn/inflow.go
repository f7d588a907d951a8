package learn

import (
	"hash/fnv"

	"github.com/freshet-rec/freshet/internal/pack"
)

// inflow counts how many rows come, and says which share of them may be kept waiting: so many that those
// of the next quarter of a Window have room in what is free now, at the pace of late. So a share is kept
// at all times, whatever the pace, and everything while there is room enough.
type inflow struct {
	number    int64 // of the slice of time
	now, last int   // rows that came in it, and in the one before
}

// inflowSlices is how many slices a Window has.
const inflowSlices = 64

// come counts rows that come at time t, in slices of so many ms.
func (f *inflow) come(t, slice int64, rows int) {
	switch n := t / max(1, slice); {
	case n == f.number+1:
		f.number, f.now, f.last = n, 0, f.now
	case n > f.number:
		f.number, f.now, f.last = n, 0, 0
	}
	f.now += rows
}

// share is how many times the rows are to be halved where there is room for so many more.
func (f *inflow) share(free int) (halvings int) {
	for ahead := max(f.now, f.last) * inflowSlices / 4; ahead > max(0, free) && halvings < 40; ahead /= 2 {
		halvings++
	}
	return halvings
}

func (f *inflow) pack(w *pack.Writer) {
	w.Int(f.number)
	w.Uint(uint64(f.now))
	w.Uint(uint64(f.last))
}

func (f *inflow) unpack(r *pack.Reader) {
	f.number, f.now, f.last = r.Int(), int(r.Number(1<<31)), int(r.Number(1<<31))
}

// among reports that a request is among those that are left when all are halved so often: the same ones,
// and fewer of them the more often.
func among(request string, halvings int) bool {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(request)) // which never fails
	return (sum.Sum64()>>7)&(1<<halvings-1) == 0
}
