package main

import (
	"fmt"
	"math"
	"testing"
)

// TestHash holds both halves of the hash against published values.
func TestHash(t *testing.T) {
	// FNV-1a of nothing and of "a", from draft-eastlake-fnv.
	for word, fnv := range map[string]uint64{"": 0xcbf29ce484222325, "a": 0xaf63dc4c8601ec8c, "foobar": 0x85944171f73967e8} {
		if got := hash(word); got != mix(fnv) {
			t.Errorf("hash of %q is %x", word, got)
		}
	}
	// The first outputs of SplitMix64 seeded with 0 are mixed multiples of its constant.
	for n, want := range map[uint64]uint64{1: 0xe220a8397b1dcdaf, 2: 0x6e789e6aa1b965f4, 3: 0x06c45d188009454f} {
		if got := mix(n * 0x9e3779b97f4a7c15); got != want {
			t.Errorf("SplitMix64 output %d is %x, want %x", n, got, want)
		}
	}
}

func TestDistinctIsExactUpTo128(t *testing.T) {
	var words []string
	for n := range 129 {
		if got, estimated := distinctCount(words); got != float64(n) || estimated {
			t.Errorf("%d words: %v, estimated %v", n, got, estimated)
		}
		words = append(words, fmt.Sprintf("tw%d", n), fmt.Sprintf("tw%d", n))
	}
	got, estimated := distinctCount(words)
	if !estimated || math.Abs(got-129) > 5 {
		t.Errorf("129 words: %v, estimated %v", got, estimated)
	}
}

// TestEstimateIsTheFormula writes the estimator out as the series of the paper, and holds
// its error against the promised one.
func TestEstimateIsTheFormula(t *testing.T) {
	hashes := map[uint64]bool{}
	for _, n := range []int{1, 200, 2000, 5000, 20_000, 100_000, 400_000} {
		for i := len(hashes); i < n; i++ {
			hashes[hash(fmt.Sprintf("n%d", i))] = true
		}
		ranks := map[uint64]int{}
		for h := range hashes {
			rank := 1
			for bit := 52; bit >= 0 && h>>bit&1 == 0; bit-- {
				rank++
			}
			ranks[h>>53] = max(ranks[h>>53], rank)
		}
		m, below := 2048.0, 0.0
		for _, rank := range ranks {
			below += math.Pow(2, -float64(rank)) // no rank is near 54 here, so τ(1) = 0 adds nothing
			if rank > 50 {
				t.Fatalf("a rank of %d", rank)
			}
		}
		empty := (m - float64(len(ranks))) / m
		series := empty
		for k := 1; k < 40; k++ {
			series += math.Pow(empty, math.Pow(2, float64(k))) * math.Pow(2, float64(k-1))
		}
		want := math.Round(1 / (2 * math.Ln2) * m * m / (below + m*series))
		if got := estimate(hashes); got != want {
			t.Errorf("%d: %v, want %v", n, got, want)
		}
		if off := math.Abs(want-float64(n)) / float64(n); off > 3*1.04/math.Sqrt(m) {
			t.Errorf("%d is estimated as %v", n, want)
		}
	}
}

// TestFullRegisters takes the other end: all 53 bits below a register are zero.
func TestFullRegisters(t *testing.T) {
	hashes := map[uint64]bool{}
	for i := range uint64(2048) {
		hashes[i<<53] = true
		if i%2 == 0 {
			hashes[i<<53|1<<52] = true // rank 1 changes nothing beside rank 54
		}
	}
	if got := estimate(hashes); !math.IsInf(got, 1) {
		t.Errorf("all registers full: %v", got)
	}
	delete(hashes, 0)
	// One register holds rank 1, the others 54: z = 2048 τ(1/2048) 2^-53 + 1/2, and the
	// first term is nothing beside the second.
	if got, want := estimate(hashes), math.Round(2048*2048/(2*math.Ln2)*2); got != want {
		t.Errorf("all but one: %v, want %v", got, want)
	}
}

func TestSigmaAndTau(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"σ(0)", sigma(0), 0},
		{"σ(1)", sigma(1), math.Inf(1)},
		{"σ(1/2)", sigma(0.5), 0.5 + 1.0/4 + 2.0/16 + 4.0/256 + 8.0/65536 + 16.0/(1<<32)},
		{"τ(0)", tau(0), 0},
		{"τ(1)", tau(1), 0},
	} {
		if c.got != c.want && math.Abs(c.got-c.want) > 1e-15 {
			t.Errorf("%s is %v, want %v", c.name, c.got, c.want)
		}
	}
	want := 1 - 0.25
	for k := 1; k < 60; k++ {
		want -= math.Pow(1-math.Pow(0.25, math.Pow(2, -float64(k))), 2) * math.Pow(2, -float64(k))
	}
	if got := tau(0.25); math.Abs(got-want/3) > 1e-15 {
		t.Errorf("τ(1/4) is %v, want %v", got, want/3)
	}
}
