package window

import (
	"math"
	"testing"
)

// TestHashValues are a format: sketches that were kept count by them.
func TestHashValues(t *testing.T) {
	for text, want := range map[string]uint64{
		"":      0xb6fcea7f248b153a,
		"ada":   0x03f8f4d2db1e9ae1,
		"u:ada": 0x51d7c85ced92ffa5,
		"Ada":   0xd45b94283a9f32f5,
		"grüße": 0xf5d56e06dae35b6a,
		"海":     0x7e9ed3a58d66acac,
		"1":     0x09aae104e6d9854d,
		"true":  0xe9aaf8ef64162efb,
		"\x00":  0xc8bbd785c7492620,
	} {
		if got := HashText(text); got != want {
			t.Errorf("HashText(%q) = %#016x, want %#016x", text, got, want)
		}
	}
	for _, c := range []struct {
		x    float64
		want uint64
	}{
		{0, 0x0a362912333025e6},
		{math.Copysign(0, -1), 0x0a362912333025e6},
		{1, 0xf8e46110455c6e53},
		{-1, 0xa18ed0387af151f9},
		{0.1, 0x837ca36254533d98},
		{100_000, 0x0f90d11b7e4aa024},
		{1e6, 0x2bc750be77c70c36}, // of 1e+06
		{1e21, 0xa49278e2a803d06e},
		{math.Pi, 0x80075f5e95fbbb6b},
		{math.SmallestNonzeroFloat64, 0x42a992304037fb93},
		{math.MaxFloat64, 0xb509241853411e2c},
	} {
		if got := HashNumber(c.x); got != c.want {
			t.Errorf("HashNumber(%v) = %#016x, want %#016x", c.x, got, c.want)
		}
	}
	if got := [2]uint64{HashBool(false), HashBool(true)}; got != [2]uint64{0x2ac9235c4ba6c807, 0xc84eea02d9a2820a} {
		t.Errorf("HashBool gives %#x", got)
	}
}
