package recall

import (
	"testing"

	"pgregory.net/rapid"
)

// TestSaidAgreesWithProducts: in one pass comes what the products give, to the bit.
func TestSaidAgreesWithProducts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := NewTexts()
		for item := range uint32(rapid.IntRange(1, 12).Draw(t, "items")) {
			x.Entry(item+1, anyDoc(t, item+1))
		}
		var acts []Past
		for range rapid.IntRange(0, similarActs).Draw(t, "acts") {
			acts = append(acts, Past{Item: rapid.Uint32Range(1, 14).Draw(t, "on")}) // of some there is no entry
		}
		said, common := x.said(acts), make([]float64, len(acts))
		for item := range uint32(15) {
			said.with(x, item, common)
			v := x.words(nil, item, 1)
			for k, past := range acts {
				if want := dot(v, x.squared(past.Item)); common[k] != want {
					t.Fatalf("item %d has %v in common with act %d, want %v", item, common[k], k, want)
				}
			}
		}
	})
}
