// Package storetest judges engines of package store: every one must pass Run.
package storetest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/store"
)

// Run checks that the tables open makes keep cells as store.Table promises. open is called
// with the number of words of a cell.
func Run(t *testing.T, open func(words int) store.Table) {
	t.Run("new cells are zeroed and kept apart", func(t *testing.T) {
		table := open(3)
		for k := range store.Key(5000) {
			cell := table.Cell(k)
			if !slices.Equal(cell, []uint64{0, 0, 0}) {
				t.Fatalf("new cell %d = %v, want zeros", k, cell)
			}
			cell[0], cell[2] = uint64(k), uint64(k)*7
		}
		if table.Len() != 5000 {
			t.Fatalf("Len = %d, want 5000", table.Len())
		}
		for k := range store.Key(5000) {
			if got, want := table.Find(k), []uint64{uint64(k), 0, uint64(k) * 7}; !slices.Equal(got, want) {
				t.Fatalf("Find(%d) = %v, want %v", k, got, want)
			}
		}
		if cell := table.Find(5000); cell != nil {
			t.Fatalf("Find of a key never written = %v, want nil", cell)
		}
	})
	t.Run("agrees with a map under random writes and sweeps", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 7))
		table, want := open(2), map[store.Key][2]uint64{}
		isSpent := func(cell []uint64) bool { return cell[1]%3 == 0 }
		for step := range 50_000 {
			k := store.Key(rng.Uint64N(3000))
			cell := table.Cell(k)
			if got := [2]uint64(cell); got != want[k] {
				t.Fatalf("step %d: Cell(%d) = %v, want %v", step, k, got, want[k])
			}
			cell[0] = uint64(step + 1) // unique, so that a swept cell names its key
			cell[1] = rng.Uint64N(100)
			want[k] = [2]uint64(cell)
			if step%5 == 0 {
				table.Sweep(3, func(cell []uint64) bool {
					if !isSpent(cell) {
						return false
					}
					for k, v := range want {
						if v == [2]uint64(cell) && isSpent(v[:]) {
							delete(want, k)
							break
						}
					}
					return true
				})
				if table.Len() != len(want) {
					t.Fatalf("step %d: %d cells, want %d", step, table.Len(), len(want))
				}
			}
		}
	})
	t.Run("sweeping goes round", func(t *testing.T) {
		table := open(1)
		for k := range store.Key(100) {
			table.Cell(k)[0] = uint64(k)
		}
		for range 50 {
			table.Sweep(2, func(cell []uint64) bool { return cell[0]%2 == 1 })
		}
		if table.Len() != 50 {
			t.Fatalf("after one round %d cells are left, want the 50 even ones", table.Len())
		}
		for k := range store.Key(100) {
			if found := table.Find(k) != nil; found != (k%2 == 0) {
				t.Errorf("key %d found: %v", k, found)
			}
		}
	})
}
