package collab_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet/collab"
	"github.com/freshet-rec/freshet/internal/pack"
)

// smallItemItem is a model of five items whose third speaks for nothing.
func smallItemItem(t testing.TB) *collab.ItemItem {
	t.Helper()
	m, err := collab.NewItemItem(
		[][]uint32{{1, 2, 0, 4}, {3, 0}, {}, {4, 2, 1}, {0}},
		[][]float32{{0.5, 0.75, 9, -1}, {0, 2}, {}, {0.25, 0.25, 1}, {-0.5}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestItemItemNeighbours(t *testing.T) {
	m := smallItemItem(t)
	for i, want := range []struct {
		items   []uint32
		weights []float32
	}{
		{[]uint32{2, 1}, []float32{0.75, 0.5}}, // itself is left out, and the third best
		{[]uint32{0}, []float32{2}},            // a weight of 0 is left out
		{nil, nil},
		{[]uint32{1, 2}, []float32{1, 0.25}}, // equal weights by number
		{[]uint32{0}, []float32{-0.5}},
	} {
		items, weights := m.Neighbours(uint32(i))
		if !slices.Equal(items, want.items) || !slices.Equal(weights, want.weights) {
			t.Errorf("neighbours of %d: %v %v, want %v %v", i, items, weights, want.items, want.weights)
		}
	}
	scores := make([]float32, m.Len())
	m.Score(scores, []uint32{3, 77, 0}) // 77 came after the model
	if want := []float32{0, 1.5, 1, 0, 0}; !slices.Equal(scores, want) {
		t.Errorf("scores %v, want %v", scores, want)
	}
}

func TestItemItemRefuses(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		items   [][]uint32
		weights [][]float32
		want    string
	}{
		{[][]uint32{{2}, {}}, [][]float32{{1}, {}}, "item 0 has the neighbour 2; items are 0 to 1"},
		{[][]uint32{{1, 1}, {}}, [][]float32{{1, 2}, {}}, "item 0 has the neighbour 1 twice"},
		{[][]uint32{{1}, {}}, [][]float32{{inf}, {}}, "item 0 has the neighbour 1 with a weight of +Inf"},
		{[][]uint32{{1}, {}}, [][]float32{{}, {}}, "item 0 has 1 neighbours with 0 weights"},
		{[][]uint32{{1}, {}}, [][]float32{{1}}, "neighbours of 2 items with weights of 1"},
	} {
		if _, err := collab.NewItemItem(c.items, c.weights, 9); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestItemItemPacked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6).Draw(t, "items")
		items, weights := make([][]uint32, n), make([][]float32, n)
		for i := range items {
			for j := range uint32(n) {
				if rapid.Bool().Draw(t, "there") {
					items[i] = append(items[i], j)
					weights[i] = append(weights[i], rapid.Float32Range(-2, 2).Draw(t, "weight"))
				}
			}
		}
		m, err := collab.NewItemItem(items, weights, rapid.IntRange(1, 6).Draw(t, "most"))
		if err != nil {
			t.Fatal(err)
		}
		var w, again pack.Writer
		m.Pack(&w)
		r := pack.NewReader(w.Bytes)
		back, err := collab.UnpackItemItem(r)
		if err := errors.Join(err, r.Done()); err != nil {
			t.Fatal(err)
		}
		if back.Pack(&again); !slices.Equal(w.Bytes, again.Bytes) || back.Len() != n {
			t.Fatalf("packed again: %v, was %v", again.Bytes, w.Bytes)
		}
		// One byte of damage is an error or another sound model, never a panic.
		if len(w.Bytes) > 0 {
			bad := slices.Clone(w.Bytes)
			bad[rapid.IntRange(0, len(bad)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "damage"))
			if m, err := collab.UnpackItemItem(pack.NewReader(bad)); err == nil {
				m.Score(make([]float32, m.Len()), []uint32{0, 1, 2, 3, 4, 5})
			}
		}
	})
}

func TestItemItemDamaged(t *testing.T) {
	var w pack.Writer
	smallItemItem(t).Pack(&w)
	for cut := range w.Bytes {
		if _, err := collab.UnpackItemItem(pack.NewReader(w.Bytes[:cut])); !errors.Is(err, pack.ErrDamaged) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	newer := slices.Clone(w.Bytes)
	newer[0] = 9
	if _, err := collab.UnpackItemItem(pack.NewReader(newer)); err == nil || !strings.Contains(err.Error(), "version 9") {
		t.Errorf("another version: %v", err)
	}
	for _, c := range []struct {
		what string
		set  func(w *pack.Writer) // two items: the first's neighbours, the second's, the weights
	}{
		{"itself", func(w *pack.Writer) { w.Len(1); w.Uint(0); w.Len(0); w.Blob([]byte{0, 0, 128, 63}) }},
		{"out of range", func(w *pack.Writer) { w.Len(1); w.Uint(2); w.Len(0); w.Blob([]byte{0, 0, 128, 63}) }},
		{"not a number", func(w *pack.Writer) { w.Len(1); w.Uint(1); w.Len(0); w.Blob([]byte{0, 0, 192, 127}) }},
		{"too few weights", func(w *pack.Writer) { w.Len(1); w.Uint(1); w.Len(0); w.Blob(nil) }},
	} {
		var w pack.Writer
		w.Uint(1)
		w.Len(2)
		c.set(&w)
		if _, err := collab.UnpackItemItem(pack.NewReader(w.Bytes)); !errors.Is(err, pack.ErrDamaged) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}
