package window

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/slab"
)

// kind is an aggregate under test: how it is made, and what it is by the words of package feature,
// over samples that are all kept.
type kind struct {
	name string
	make func(s *slab.Slab) Aggregate
	read func(v *Value, kept []Sample, q int64) // kept in the order in which they were added
}

// itemID has another order than the numbers.
func itemID(item uint32) string {
	if item == 0 {
		return ""
	}
	return fmt.Sprintf("i%02d", 100-item)
}

func kinds() []kind {
	order := func(s *slab.Slab) Order { return Order{Slab: s, ItemID: itemID} }
	list := []kind{
		{"count", func(*slab.Slab) Aggregate { return Count{} }, func(v *Value, kept []Sample, _ int64) {
			v.Value = float64(len(kept))
		}},
		{"sum", func(*slab.Slab) Aggregate { return Sum{} }, func(v *Value, kept []Sample, _ int64) {
			v.Value = exactSum(kept)
		}},
		{"mean", func(*slab.Slab) Aggregate { return Mean{} }, func(v *Value, kept []Sample, _ int64) {
			if v.Null = len(kept) == 0; !v.Null {
				v.Value = exactSum(kept) / float64(len(kept))
			}
		}},
		{"min", func(*slab.Slab) Aggregate { return Min{} }, func(v *Value, kept []Sample, _ int64) {
			v.Null = len(kept) == 0
			for i, s := range kept {
				if i == 0 || s.Number < v.Value {
					v.Value = s.Number
				}
			}
		}},
		{"max", func(*slab.Slab) Aggregate { return Max{} }, func(v *Value, kept []Sample, _ int64) {
			v.Null = len(kept) == 0
			for i, s := range kept {
				if i == 0 || s.Number > v.Value {
					v.Value = s.Number
				}
			}
		}},
		rateKind("rate", [2]float64{1, 20}),
		rateKind("plain rate", [2]float64{}),
		{"last", func(s *slab.Slab) Aggregate { return &Last{order(s)} }, func(v *Value, kept []Sample, _ int64) {
			if v.Null = len(kept) == 0; !v.Null {
				newest := newestFirst(kept)[0]
				v.Value, v.Text, v.IsText = newest.Number, newest.Text, newest.IsText
			}
		}},
		{"last_time", func(*slab.Slab) Aggregate { return LastTime{} }, func(v *Value, kept []Sample, _ int64) {
			if v.Null = len(kept) == 0; !v.Null {
				v.Value = float64(newestFirst(kept)[0].Time)
			}
		}},
		{"age", func(*slab.Slab) Aggregate { return Age{} }, func(v *Value, kept []Sample, q int64) {
			if v.Null = len(kept) == 0; !v.Null {
				v.Value = float64(max(0, q-newestFirst(kept)[0].Time)) / 1000
			}
		}},
		{"distinct", func(s *slab.Slab) Aggregate { return &Distinct{s} }, func(v *Value, kept []Sample, _ int64) {
			v.Value, v.Events = estimate(kept), 0
			for _, s := range kept {
				if !s.More {
					v.Events++
				}
			}
		}},
	}
	for _, k := range []int{1, 3, 20} {
		list = append(list, kind{fmt.Sprintf("last_%d", k), func(s *slab.Slab) Aggregate { return &LastK{k, order(s)} }, func(v *Value, kept []Sample, _ int64) {
			v.List = []Entry{}
			for i, s := range newestFirst(kept) {
				if i < k {
					v.List = append(v.List, Entry{s.Item, s.Time})
				}
			}
			v.Events = int64(len(v.List))
		}})
	}
	return list
}

func rateKind(name string, prior [2]float64) kind {
	return kind{name, func(*slab.Slab) Aggregate { return &Rate{prior} }, func(v *Value, kept []Sample, _ int64) {
		var of, per int64
		for _, s := range kept {
			if s.Lanes&LaneOf != 0 {
				of++
			}
			if s.Lanes&LanePer != 0 {
				per++
			}
		}
		v.Events = of + per
		over, under := float64(of)+prior[0], float64(per)+prior[0]+prior[1]
		if over > 0 {
			v.Value = min(1, over/under)
		}
	}}
}

// want is the value of an aggregate of the samples that covers allows.
func (k *kind) want(kept []Sample, q int64, covers func(t int64) bool) Value {
	var covered []Sample
	newest := int64(0)
	for _, s := range kept {
		if newest = max(newest, s.Time); covers(s.Time) {
			covered = append(covered, s)
		}
	}
	v := Value{Events: int64(len(covered))}
	if k.read(&v, covered, q); v.Events > 0 {
		v.Updated = newest
	}
	return v
}

func always(int64) bool { return true }

// exactSum is the sum of the numbers, each rounded to 10⁻⁶, half to even.
func exactSum(kept []Sample) float64 {
	sum := new(big.Int)
	for _, s := range kept {
		sum.Add(sum, big.NewInt(int64(math.RoundToEven(s.Number*1e6))))
	}
	whole, _ := new(big.Float).SetInt(sum).Float64()
	return whole / 1e6
}

// newestFirst sorts samples by time, item id and event id, the one added later first among equals.
func newestFirst(kept []Sample) []Sample {
	sorted := slices.Clone(kept)
	slices.Reverse(sorted)
	slices.SortStableFunc(sorted, func(a, b Sample) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), strings.Compare(itemID(b.Item), itemID(a.Item)), strings.Compare(b.EventID, a.EventID))
	})
	return sorted
}

// estimate is what distinct says of the samples' hashes: their number, or beyond 128 the estimate
// of a HyperLogLog, written down here from Ertl's paper (equations 19 and 20, algorithm 6) once more.
func estimate(kept []Sample) float64 {
	hashes := map[uint64]bool{}
	for _, s := range kept {
		hashes[s.Hash] = true
	}
	if len(hashes) <= 128 {
		return float64(len(hashes))
	}
	var ranks [2048]int
	for h := range hashes {
		rank := 1
		for bit := 52; bit >= 0 && h>>bit&1 == 0; bit-- {
			rank++
		}
		ranks[h>>53] = max(ranks[h>>53], rank)
	}
	var count [55]float64
	for _, rank := range ranks {
		count[rank]++
	}
	const m = 2048.0
	z := 0.0 // m·τ(1 − C₅₄/m): τ(x) = (1 − x − Σ (1 − x^(2^−k))²·2^−k)/3
	if x := 1 - count[54]/m; x != 0 && x != 1 {
		tau := 1 - x
		for k := 1.0; k < 100; k++ {
			tau -= math.Pow(1-math.Pow(x, math.Exp2(-k)), 2) * math.Exp2(-k)
		}
		z = m * tau / 3
	}
	for k := 53; k >= 1; k-- {
		z = (z + count[k]) / 2
	}
	x := count[0] / m // m·σ(C₀/m): σ(x) = x + Σ x^(2^k)·2^(k−1)
	sigma := x
	for k := 1.0; k < 60; k++ {
		sigma += math.Pow(x, math.Exp2(k)) * math.Exp2(k-1)
	}
	return math.Round(m * m / (2 * math.Ln2) / (z + m*sigma))
}

// drawSample makes a sample at a time. Its item, its event's id and the time decide what the field
// is, so that of two events of one order it is the same.
func drawSample(rng *rand.Rand, t int64) Sample {
	s := Sample{Time: t, Item: uint32(rng.IntN(4)), EventID: []string{"", "a", "b", "a longer id of an event"}[rng.IntN(4)], Horizon: math.MinInt64}
	field := mix(uint64(t)<<8 ^ uint64(s.Item)<<4 ^ uint64(len(s.EventID)) ^ fnv(fnvBasis, s.EventID))
	if s.IsText = field%3 == 0; s.IsText {
		s.Text = strings.Repeat("text", int(field>>8%9))
	}
	s.Number = float64(int64(field%4_000_001)-2_000_000) / 1e4 // some of them halves of 10⁻⁶, most are not
	if field>>60 == 0 {
		s.Number = 0
	}
	s.Hash = HashNumber(float64(rng.IntN(600)))
	s.More = rng.IntN(5) == 0
	s.Lanes = uint8(1 + rng.IntN(3))
	return s
}

// same compares what was read with what is wanted.
func same(t *testing.T, got, want Value, format string, args ...any) {
	t.Helper()
	if why := differs(got, want); why != "" {
		t.Fatalf("%s: %s\n%+v, want\n%+v", fmt.Sprintf(format, args...), why, got, want)
	}
}

func differs(got, want Value) string {
	switch {
	case got.Null != want.Null || got.IsText != want.IsText || (got.List == nil) != (want.List == nil):
		return "the kind"
	case !got.IsText && got.Value != want.Value:
		return "the number"
	case got.Text != want.Text:
		return "the text"
	case !slices.Equal(got.List, want.List):
		return "the list"
	case got.Events != want.Events:
		return "the events"
	case got.Updated != want.Updated:
		return "the newest time"
	}
	return ""
}

// packed is a cell or a state in bytes.
func packed(pack1 func(w *pack.Writer, words []uint64), words []uint64) []byte {
	var w pack.Writer
	pack1(&w, words)
	return w.Bytes
}
