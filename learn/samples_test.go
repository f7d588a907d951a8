package learn

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank"
)

var sampleNames = rank.Names{Numbers: []string{"a", "b"}, Words: []string{"w", "x"}}

// randomRow has numbers that are hard to write, and lists of any length.
func randomRow(rng *rand.Rand) rank.Row {
	hard := []float64{0, math.Copysign(0, -1), math.Inf(1), 1e-300, rng.NormFloat64()}
	row := rank.Row{Numbers: []float64{hard[rng.IntN(len(hard))], rng.Float64()}}
	for range 2 {
		for range rng.IntN(4) {
			row.Words = append(row.Words, rank.Token(rng.Uint64()))
		}
		row.End()
	}
	return row
}

// TestSamplesComeBack holds what is read against what was appended, from every place.
func TestSamplesComeBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	disk := fsys.NewMem()
	s, err := NewSamples(disk, "training/rows", sampleNames)
	if err != nil {
		t.Fatal(err)
	}
	var want []Sample
	const n, unsettled = 3*blockRows + 100, 30
	for i := range n + unsettled {
		row := randomRow(rng)
		at, err := s.Append(&row)
		if err != nil || at != i {
			t.Fatalf("row %d is number %d, %v", i, at, err)
		}
		if i < n {
			sample := Sample{Row: row, Time: rng.Int64(), Group: rng.Uint32(), Signals: rng.Uint32(), Stands: rng.Float32()}
			want = append(want, sample)
			if err := s.Settle(&sample); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Seal(); err != nil || s.Len() != n {
		t.Fatalf("%d rows, %v; want %d", s.Len(), err, n)
	}
	for _, c := range [][2]int{{0, n}, {0, 1}, {n - 1, n}, {blockRows, 2 * blockRows}, {blockRows - 1, 2*blockRows + 1}, {5, 5}} {
		at := c[0]
		err := s.Each(c[0], c[1], func(i int, got *Sample) error {
			if i != at || !reflect.DeepEqual(normal(got), normal(&want[i])) {
				t.Fatalf("row %d: %+v, want %+v", i, got, want[i])
			}
			at++
			return nil
		})
		if err != nil || at != c[1] {
			t.Errorf("[%d, %d): ended at %d, %v", c[0], c[1], at, err)
		}
	}
	if err := s.Remove(); err != nil {
		t.Fatal(err)
	}
	if list, err := disk.ReadDir("training"); err != nil || len(list) != 0 {
		t.Errorf("%v is left, %v", list, err)
	}
}

// normal is a sample whose slices compare.
func normal(s *Sample) Sample {
	out := *s
	out.Row = rank.Row{Numbers: slices.Clone(s.Row.Numbers), Words: append([]rank.Token{}, s.Row.Words...), Ends: slices.Clone(s.Row.Ends)}
	return out
}

// TestShuffledRowsAreAllRows: an epoch brings each row once, with its label, in an order that the
// seed decides.
func TestShuffledRowsAreAllRows(t *testing.T) {
	schema, err := rank.NewSchema([]rank.Field{{Name: "a", Kind: rank.Scaled, Scale: 1}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSamples(fsys.NewMem(), "rows", schema.Names())
	if err != nil {
		t.Fatal(err)
	}
	const n = 2*blockRows + 7
	for i := range n {
		if _, err := s.Append(&rank.Row{Numbers: []float64{float64(i+1) / n}}); err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(&Sample{Stands: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	epoch := func(seed uint64) (order []float32) {
		rng := rand.New(rand.NewPCG(seed, 0))
		err := s.shuffle(n, 100, schema, func(i int, _ *Sample) float32 { return float32(i) }, rng, func(b *rank.Batch, labels []float32) error {
			if b.Rows(1) != len(labels) || len(labels) > 100 {
				t.Fatalf("%d rows with %d labels", b.Rows(1), len(labels))
			}
			for i, label := range labels {
				if _, v := b.Row(1, i); v[0] != float32(float64(label+1)/n) {
					t.Fatalf("row %v has the label %v", v, label)
				}
			}
			order = append(order, labels...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return order
	}
	one := epoch(1)
	if !slices.Equal(one, epoch(1)) || slices.Equal(one, epoch(2)) || slices.IsSorted(one) {
		t.Error("the order is not that of the seed")
	}
	slices.Sort(one)
	for i, label := range one {
		if label != float32(i) {
			t.Fatalf("row %d came as %v", i, label)
		}
	}
}
