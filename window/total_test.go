package window

import (
	"math"
	"testing"
)

func TestTotal(t *testing.T) {
	type add struct {
		lane   int
		amount int64
	}
	tests := []struct {
		name string
		adds []add
		want [2]int64
	}{
		{"nothing", nil, [2]int64{0, 0}},
		{"lanes are kept apart", []add{{0, 3}, {1, -4}, {0, 2}}, [2]int64{5, -4}},
		{"over the top", []add{{0, math.MaxInt64 - 2}, {0, 1}, {0, 9}}, [2]int64{math.MaxInt64, 0}},
		{"below the bottom", []add{{1, math.MinInt64}, {1, -1}}, [2]int64{0, math.MinInt64}},
		{"from one end to the other", []add{{1, math.MinInt64}, {1, math.MaxInt64}}, [2]int64{0, -1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			total := Total{Lanes: 2}
			cell := make([]uint64, total.Words())
			for _, a := range tt.adds {
				total.Add(cell, a.lane, a.amount)
			}
			if got := [2]int64{total.Sum(cell, 0), total.Sum(cell, 1)}; got != tt.want {
				t.Errorf("lanes %v, want %v", got, tt.want)
			}
		})
	}
}
