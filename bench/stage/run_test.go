package stage

import (
	"math"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(closing{m}) }

// closing closes what all benchmarks share, once they have run.
type closing struct{ *testing.M }

func (c closing) Run() int {
	code := c.M.Run()
	if shared != nil {
		if err := shared.close(); err != nil {
			return max(code, 1)
		}
	}
	return code
}

// shared is the state of the full size, nil before a benchmark asks for it.
var shared *rig

// TestRun: a small world is made and asked, every slate is full, and every figure is one.
func TestRun(t *testing.T) {
	o := Full()
	o.Items, o.Users, o.Events, o.For, o.Rate, o.Acts = 3000, 200, 4000, 500*time.Millisecond, 100, 200
	o.Budget *= 100 // the machine may be busy
	o.Now, o.CPU, o.Say = time.Now, func() (time.Duration, error) { return time.Duration(time.Now().UnixNano()), nil }, t.Logf
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Slates != 50 || r.Short > 0 || r.Degraded > 0 || r.Took.P50 <= 0 || r.Took.P99 < r.Took.P50 || r.Took.Max < r.Took.P99 || len(r.Routes) != 6 {
		t.Errorf("%+v", r)
	}
	for _, route := range r.Routes {
		if route.Asked < 50 || route.Candidates == 0 && route.Kind != "trending" { // of so few events nothing stands out
			t.Errorf("route %+v", route)
		}
	}
	for _, line := range r.Lines() {
		if line.Value < 0 || math.IsNaN(line.Ratio) || line.Warning != "" {
			t.Errorf("line %+v", line)
		}
	}
}

// TestTheWorldFollowsFromTheSeed: the same seed, the same visits, and items that lie in the catalogue.
func TestTheWorldFollowsFromTheSeed(t *testing.T) {
	a, b, c := newWorld(1, 500, 20), newWorld(1, 500, 20), newWorld(2, 500, 20)
	same := 0
	for range 100 {
		x, y, z := a.visit(5), b.visit(5), c.visit(5)
		if len(x) != len(y) || x[0].Item != y[0].Item || x[0].User != y[0].User {
			t.Fatalf("%v and %v", x, y)
		}
		if x[0].Item == z[0].Item {
			same++
		}
		for _, e := range x {
			if e.Item < itemID(0) || e.Item > itemID(499) {
				t.Fatalf("item %s", e.Item)
			}
		}
	}
	if same > 50 {
		t.Errorf("another seed gives %d of 100 alike", same)
	}
}
