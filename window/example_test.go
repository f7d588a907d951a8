package window_test

import (
	"fmt"

	"github.com/freshet-rec/freshet/window"
)

func ExampleHopping() {
	h := window.Hopping{Window: 300_000, Hop: 30_000, Slack: 60_000, Lanes: 1} // 5 minutes, by 30 seconds
	cell := make([]uint64, h.Words())
	for _, second := range []int64{10, 40, 290} {
		h.Add(cell, second*1000, 0, 1)
	}
	for _, second := range []int64{290, 299, 300, 330} {
		fmt.Printf("at %ds: %d\n", second, h.Sum(cell, second*1000, 0))
	}
	// Output:
	// at 290s: 3
	// at 299s: 3
	// at 300s: 2
	// at 330s: 1
}

func ExampleDecay() {
	d := window.Decay{HalfLife: 60_000}
	cell := make([]uint64, d.Words())
	d.Add(cell, 60_000, 1)
	d.Add(cell, 0, 1) // an older event weighs less, whenever it comes
	fmt.Println(d.Read(cell, nil, 60_000), d.Read(cell, nil, 120_000))
	// Output: 1.5 0.75
}
