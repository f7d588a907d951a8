package sim

import (
	"math"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
)

// TestNoiseClicks: of the clicks of a history so many are accidents, by its own truth.
func TestNoiseClicks(t *testing.T) {
	for _, o := range []Options{
		{Seed: 3, NoiseClicks: 0.1, Tastes: 16, End: harbourEnd},
		{Seed: 3, NoiseClicks: 0.3, Tastes: 16, End: harbourEnd},
		{Seed: 4, NoiseClicks: 0.1, PositionBias: -1, Visitors: 500, End: harbourEnd},
	} {
		w := New(o)
		accidents, clicks := 0.0, 0.0
		for e := range w.History() {
			if e.Name == "expose" {
				accidents += w.options.Noise
				clicks += w.ClickProbability(e.User, e.Item, e.Rank, time.UnixMilli(e.Time))
			}
		}
		if got := accidents / clicks; math.Abs(got-o.NoiseClicks) > 0.05*o.NoiseClicks {
			t.Errorf("%+v: %.3f of the clicks are accidents, noise %.4f", o, got, w.options.Noise)
		}
	}
	for _, bad := range []float64{-0.1, 0.95, math.NaN()} {
		if (Options{End: harbourEnd, NoiseClicks: bad}).Check() == nil {
			t.Errorf("a share of %v was accepted", bad)
		}
	}
}

// TestShift: nothing changes before the moment, and after it every visitor likes other books.
func TestShift(t *testing.T) {
	shift := harbourEnd.Add(time.Hour)
	o := Options{Seed: 5, Items: 300, Visitors: 100, End: harbourEnd}
	before := New(o)
	o.Shift = shift
	after := New(o)
	if digest(t, before) != digest(t, after) {
		t.Error("a shift to come changes the history")
	}
	correlation := func(at time.Time) float64 {
		var n, x, y, xx, yy, xy float64
		for _, user := range before.Visitors() {
			for _, item := range before.Items() {
				a, b := math.Log(before.ClickProbability(user, item.ID, 1, at)), math.Log(after.ClickProbability(user, item.ID, 1, at))
				n, x, y, xx, yy, xy = n+1, x+a, y+b, xx+a*a, yy+b*b, xy+a*b
			}
		}
		return (xy/n - x/n*y/n) / math.Sqrt((xx/n-x/n*x/n)*(yy/n-y/n*y/n))
	}
	if c := correlation(shift.Add(-time.Millisecond)); c < 1-1e-9 {
		t.Errorf("before the shift the worlds correlate by %v", c)
	}
	if c := correlation(shift); c > 0.5 { // books keep their quality
		t.Errorf("after the shift tastes correlate by %v with those before", c)
	}
}

func TestAgain(t *testing.T) {
	w := New(Options{Seed: 7, Items: 300, Visitors: 100, End: harbourEnd})
	first := w.Crowd(1).Come(harbourEnd.UnixMilli())
	again := first.Again(first.Time() + 60_000)
	third := again.Again(again.Time() + 60_000)
	ids := map[string]bool{}
	slate := first.Oracle(8, nil)
	for _, v := range []*Visit{first, again, third} {
		if v.User() != first.User() || v.Session() != first.Session() || v.Device() != first.Device() {
			t.Errorf("%s in %s is not %s in %s", v.User(), v.Session(), first.User(), first.Session())
		}
		for _, e := range v.React(slate, "") {
			if ids[e.ID] || freshet.CheckID(e.ID) != nil || e.Time < v.Time() {
				t.Errorf("event %s at %d, of a slate at %d", e.ID, e.Time, v.Time())
			}
			ids[e.ID] = true
		}
	}
	if len(ids) < 24 {
		t.Errorf("%d events of three slates", len(ids))
	}
}
