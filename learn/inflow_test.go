package learn

import (
	"fmt"
	"testing"
)

// TestInflow: the share follows from the rows of this slice of time and the one before, and from the room.
func TestInflow(t *testing.T) {
	var f inflow
	for i, tt := range []struct {
		time       int64
		rows, free int
		halvings   int
	}{
		{1000, 10, 160, 0}, // 16 slices like this one have room
		{1050, 1, 160, 1},
		{1100, 1, 160, 1},  // as many came in the slice before
		{1200, 1, 16, 0},   // that is over
		{9000, 64, 100, 4}, // 1,024 are to come
		{9100, 0, -5, 11},  // until none is left
		{9300, 1, 16, 0},   // nothing came for a slice
	} {
		f.come(tt.time, 100, tt.rows)
		if got := f.share(tt.free); got != tt.halvings {
			t.Errorf("step %d: %d halvings of %+v with room for %d, want %d", i, got, f, tt.free, tt.halvings)
		}
	}
	kept := [4]int{}
	for i := range 8000 {
		request, before := fmt.Sprintf("r-%d", i), true
		for halvings := range kept {
			in := among(request, halvings)
			if in && !before {
				t.Fatalf("%s is left out at %d halvings, and in at one more", request, halvings-1)
			}
			if before = in; in {
				kept[halvings]++
			}
		}
	}
	for halvings, n := range kept {
		if want := 8000 >> halvings; n < want*9/10 || n > want*11/10 {
			t.Errorf("of 8000 requests %d are left after %d halvings", n, halvings)
		}
	}
}
