package learn

import (
	"errors"
	"io/fs"
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
	again, err := OpenSamples(disk, "training/rows")
	if err != nil || again.Len() != n || !reflect.DeepEqual(again.Names, sampleNames) {
		t.Fatalf("opened again: %+v, %v", again, err)
	}
	err = again.Each(n-1, n, func(i int, got *Sample) error {
		if !reflect.DeepEqual(normal(got), normal(&want[i])) {
			t.Errorf("opened again, row %d: %+v, want %+v", i, got, want[i])
		}
		return nil
	})
	if err := errors.Join(err, again.Close()); err != nil {
		t.Error(err)
	}
	if err := errors.Join(s.Close(), RemoveSamples(disk, "training/rows")); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSamples(disk, "training/rows"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed: %v", err)
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
