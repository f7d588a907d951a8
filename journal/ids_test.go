package journal

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// naiveIDs remembers ids in a list and looks at all of them every time.
type naiveIDs struct {
	max     int
	now     int64
	evicted uint64
	list    []naiveID // oldest first, forgotten ones removed
}

type naiveID struct {
	id    [16]byte
	print uint64
	step  int64
}

func (n *naiveIDs) at(id [16]byte) int {
	for i, e := range n.list {
		if e.id == id {
			return i
		}
	}
	return -1
}

func (n *naiveIDs) look(id [16]byte, print uint64) Verdict {
	switch i := n.at(id); {
	case i < 0:
		return Unknown
	case n.list[i].print != print:
		return Conflict
	}
	return Duplicate
}

func (n *naiveIDs) add(id [16]byte, print uint64, keep int64) {
	step := int64(math.Floor(float64(keep) / KeepStep))
	if step < n.now || n.at(id) >= 0 {
		return
	}
	if len(n.list) == n.max {
		n.list = n.list[1:]
		n.evicted++
	}
	n.list = append(n.list, naiveID{id, print, step})
}

func (n *naiveIDs) advance(watermark int64) {
	n.now = max(n.now, int64(math.Floor(float64(watermark)/KeepStep)))
	kept := []naiveID{}
	for _, e := range n.list {
		if e.step >= n.now {
			kept = append(kept, e)
		}
	}
	n.list = kept
}

func TestIDsAgreeWithTheOracle(t *testing.T) {
	for _, c := range []struct {
		name           string
		max, ids, span int // span of keepUntil ahead of the watermark, in steps
	}{
		{"roomy", 5000, 300, 5},
		{"at the maximum", 50, 300, 5},
		{"at the maximum, many steps", 40, 100, 500},
		{"one", 1, 5, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(20) {
				rng := rand.New(rand.NewPCG(seed, 9))
				m, n := NewIDs(c.max), &naiveIDs{max: c.max, now: math.MinInt64}
				seen := map[Verdict]int{}
				watermark := int64(-3 * KeepStep)
				for step := range 1500 {
					id := Hash(fmt.Sprint(rng.IntN(c.ids)))
					print := uint64(rng.IntN(4) / 3)
					switch rng.IntN(8) {
					case 0:
						watermark += rng.Int64N(KeepStep)
						m.Advance(watermark)
						n.advance(watermark)
					case 1, 2, 3:
						keep := watermark + rng.Int64N(int64(c.span)*KeepStep) - KeepStep
						if rng.IntN(10) == 0 {
							keep = math.MaxInt64
						}
						m.Add(id, print, keep)
						n.add(id, print, keep)
					}
					got, want := m.Look(id, print), n.look(id, print)
					if got != want {
						t.Fatalf("seed %d step %d: %s, want %s", seed, step, got, want)
					}
					seen[got]++
					if m.Evicted() != n.evicted || m.Len() > c.max || m.Len() < len(n.list) {
						t.Fatalf("seed %d step %d: evicted %d want %d, held %d of at most %d and at least %d",
							seed, step, m.Evicted(), n.evicted, m.Len(), c.max, len(n.list))
					}
				}
				if len(seen) != 3 {
					t.Fatalf("seed %d: only verdicts %v came up", seed, seen)
				}
			}
		})
	}
}

func TestIDsFreeWhatIsForgotten(t *testing.T) {
	m := NewIDs(0)
	add := func(from, n int, keep int64) {
		for i := range n {
			var id [16]byte
			binary.LittleEndian.PutUint64(id[2:], uint64(from+i)) // ids that differ little
			m.Add(id, 1, keep)
		}
	}
	add(0, 10_000, 0)
	m.Advance(2 * KeepStep)
	for range 100 {
		m.Advance(2 * KeepStep) // no news
	}
	if m.Len() != 10_000-sweepAdvance {
		t.Errorf("one Advance freed %d", 10_000-m.Len())
	}
	add(10_000, 9_000, 5*KeepStep)
	if m.Len() != 9_000 {
		t.Errorf("%d held, want 9000", m.Len())
	}
	chunks := len(m.slots.chunks)
	m.Advance(7 * KeepStep)
	add(30_000, 9_000, 9*KeepStep)
	if m.Len() != 9_000 || len(m.slots.chunks) > chunks+1 {
		t.Errorf("%d held in %d chunks, want 9000 in about %d", m.Len(), len(m.slots.chunks), chunks)
	}
	if m.Evicted() != 0 {
		t.Errorf("%d evicted", m.Evicted())
	}
}

func TestIDsExtremes(t *testing.T) {
	m := NewIDs(10)
	m.Add(Hash("for ever"), 1, math.MaxInt64)
	m.Add(Hash("long gone"), 1, math.MinInt64)
	m.Advance(math.MaxInt64)
	if got := m.Look(Hash("for ever"), 1); got != Duplicate {
		t.Errorf("an id to keep for ever is %s", got)
	}
	if got := m.Look(Hash("long gone"), 1); got != Unknown {
		t.Errorf("an id to forget at once is %s", got)
	}
}

func TestHashIsStable(t *testing.T) {
	for id, want := range map[string]string{
		"":    "e3b0c44298fc1c149afbf4c8996fb924",
		"abc": "ba7816bf8f01cfea414140de5dae2223",
	} {
		if got := Hash(id); hex.EncodeToString(got[:]) != want {
			t.Errorf("Hash(%q) = %x, want %s", id, got, want)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	id := "550e8400-e29b-41d4-a716-446655440000"
	for b.Loop() {
		Hash(id)
	}
}

func BenchmarkIDs(b *testing.B) {
	b.Run("ids=1e6", func(b *testing.B) {
		m := NewIDs(1_000_000)
		rng := rand.New(rand.NewPCG(1, 1))
		var id [16]byte
		now := int64(0)
		for b.Loop() {
			binary.LittleEndian.PutUint64(id[:], rng.Uint64())
			binary.LittleEndian.PutUint64(id[8:], rng.Uint64())
			if m.Look(id, 1) == Unknown {
				m.Add(id, 1, now+10*KeepStep)
			}
			if now++; now%1000 == 0 {
				m.Advance(now)
			}
		}
	})
}
