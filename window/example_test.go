package window_test

import (
	"fmt"

	"github.com/freshet-rec/freshet/internal/slab"
	"github.com/freshet-rec/freshet/window"
)

func ExampleHopping() {
	cells := window.NewHopping(window.Mean{}, 300_000, 30_000, 60_000) // 5 minutes, by 30 seconds
	cell := make([]uint64, cells.Words())
	for i, second := range []int64{10, 40, 290} {
		cells.Add(cell, &window.Sample{Time: second * 1000, Number: float64(i)})
	}
	var v window.Value
	for _, second := range []int64{290, 299, 300, 330, 600} {
		cells.Read(&v, cell, second*1000)
		fmt.Printf("at %ds: %v of %d events\n", second, v.Number(), v.Events)
	}
	// Output:
	// at 290s: 1 of 3 events
	// at 299s: 1 of 3 events
	// at 300s: 1.5 of 2 events
	// at 330s: 2 of 1 events
	// at 600s: NaN of 0 events
}

func ExampleNewDecayedSum() {
	var pieces slab.Slab
	cells := window.NewDecayedSum(60_000, 60_000, &pieces) // half as much after a minute
	cell := make([]uint64, cells.Words())
	cells.Add(cell, &window.Sample{Time: 60_000, Number: 1})
	cells.Add(cell, &window.Sample{Time: 0, Number: 1}) // an older event weighs less, whenever it comes
	fmt.Println(cells.Number(cell, 60_000), cells.Number(cell, 120_000))
	fmt.Println(cells.Number(cell, 30_000) > 1) // ahead of a read an event counts whole
	// Output:
	// 1.5 0.75
	// true
}

func ExampleAggregate() {
	var count window.Aggregate = &window.Rate{Prior: [2]float64{1, 20}}
	monday, tuesday := make([]uint64, count.Words()), make([]uint64, count.Words())
	for range 100 {
		count.Add(monday, &window.Sample{Lanes: window.LanePer})
	}
	for range 20 {
		count.Add(tuesday, &window.Sample{Lanes: window.LaneOf | window.LanePer})
	}
	count.Merge(tuesday, monday)
	var v window.Value
	count.Read(&v, window.Of(tuesday), 0)
	fmt.Printf("%.3f\n", v.Value)
	// Output: 0.149
}
