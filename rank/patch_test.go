package rank

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// drawPatch is a patch of a model with so many weights.
func drawPatch(t *rapid.T, name string, weights, dim int) Patch {
	p := Patch{Dim: dim, Bias: rapid.Float32Range(-1, 1).Draw(t, name+" bias"), Index: []uint32{}, Weights: []float32{}, Vectors: []float32{}}
	for at := range weights {
		if !rapid.Bool().Draw(t, name+" has") {
			continue
		}
		p.Index = append(p.Index, uint32(at))
		p.Weights = append(p.Weights, rapid.Float32Range(-1, 1).Draw(t, name+" weight"))
		for range dim {
			p.Vectors = append(p.Vectors, rapid.Float32Range(-1, 1).Draw(t, name+" number"))
		}
	}
	return p
}

// TestPatchMergesAndPatches holds merging against maps, and reads back what was written.
func TestPatchMergesAndPatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights, dim := rapid.IntRange(1, 9).Draw(t, "weights"), rapid.IntRange(0, 3).Draw(t, "dim")
		a, b := drawPatch(t, "a", weights, dim), drawPatch(t, "b", weights, dim)
		merged := a.Merge(&b)
		want := map[uint32][]float32{}
		for _, p := range []*Patch{&a, &b} {
			for i, at := range p.Index {
				want[at] = append([]float32{p.Weights[i]}, p.Vectors[i*dim:(i+1)*dim]...)
			}
		}
		if merged.Bias != b.Bias || merged.Len() != len(want) {
			t.Fatalf("%d weights with the bias %v, want %d with %v", merged.Len(), merged.Bias, len(want), b.Bias)
		}
		for i, at := range merged.Index {
			got := append([]float32{merged.Weights[i]}, merged.Vectors[i*dim:(i+1)*dim]...)
			if !reflect.DeepEqual(got, want[at]) {
				t.Fatalf("weight %d became %v, want %v", at, got, want[at])
			}
		}
		text := merged.Append(nil)
		again, err := ReadPatch(text)
		if err != nil || !bytes.Equal(again.Append(nil), text) {
			t.Fatalf("read back: %v, %v", again, err)
		}
		base := &FM{LR: LR{Weights: make([]float32, weights)}, Dim: max(1, dim), Vectors: make([]float32, weights*max(1, dim))}
		var model Model = base
		if dim == 0 {
			model = &base.LR
		}
		made, err := Patched(model, &merged)
		if err != nil {
			t.Fatal(err)
		}
		var lr *LR
		switch m := made.(type) {
		case *LR:
			lr = m
		case *FM:
			lr = &m.LR
			for at := range weights {
				for d := range dim {
					if v := append(want[uint32(at)], make([]float32, 1+dim)...)[1+d]; m.Vectors[at*dim+d] != v {
						t.Fatalf("number %d of vector %d is %v, want %v", d, at, m.Vectors[at*dim+d], v)
					}
				}
			}
		}
		for at := range weights {
			if v := append(want[uint32(at)], 0)[0]; lr.Weights[at] != v {
				t.Fatalf("weight %d is %v, want %v", at, lr.Weights[at], v)
			}
			if base.Weights[at] != 0 {
				t.Fatal("the model itself was changed")
			}
		}
	})
}

func TestPatchIsRefused(t *testing.T) {
	m := &LR{Weights: make([]float32, 3)}
	nan := float32(math.NaN())
	for name, p := range map[string]Patch{
		"beyond the model": {Index: []uint32{3}, Weights: []float32{1}},
		"not ascending":    {Index: []uint32{1, 1}, Weights: []float32{1, 1}},
		"no value":         {Index: []uint32{1}},
		"NaN":              {Index: []uint32{1}, Weights: []float32{nan}},
		"NaN bias":         {Bias: nan},
		"vectors":          {Dim: 1, Index: []uint32{1}, Weights: []float32{1}, Vectors: []float32{1}},
	} {
		if _, err := Patched(m, &p); err == nil {
			t.Errorf("%s: it was added", name)
		}
	}
}

func FuzzReadPatch(f *testing.F) {
	p := Patch{Bias: 1, Dim: 1, Index: []uint32{0, 7}, Weights: []float32{1, 2}, Vectors: []float32{3, 4}}
	f.Add(p.Append(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ReadPatch(text)
		if err != nil {
			return
		}
		if again, err := ReadPatch(p.Append(nil)); err != nil || again.Len() != p.Len() {
			t.Fatalf("read once, and then %v", err)
		}
	})
}

// TestPatchesAreJoined: parts with weights in any order become the patch that they are parts of.
func TestPatchesAreJoined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dim := rapid.IntRange(0, 3).Draw(t, "dim")
		want := drawPatch(t, "whole", 9, dim)
		parts := make([]Patch, rapid.IntRange(1, 4).Draw(t, "parts"))
		for i := range parts {
			parts[i] = Patch{Bias: want.Bias, Dim: dim}
		}
		places := make([]int, want.Len())
		for i := range places {
			places[i] = i
		}
		for _, i := range rapid.Permutation(places).Draw(t, "order") {
			parts[rapid.IntRange(0, len(parts)-1).Draw(t, "part")].take(&want, i)
		}
		if got := Join(parts); !bytes.Equal(got.Append(nil), want.Append(nil)) {
			t.Errorf("joined is %+v, want %+v", got, want)
		}
	})
	if got := Join(nil); got.Len() != 0 || got.Bias != 0 {
		t.Errorf("of nothing: %+v", got)
	}
}
