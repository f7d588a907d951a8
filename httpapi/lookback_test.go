package httpapi_test

import (
	"fmt"
	"maps"
	"testing"
)

type nameDoc struct {
	Event, Signal string
	Configured    bool
	Count, Late   int
	Newest        string
}

type slatesDoc struct {
	Slates, Nameless, Strangers, Degraded, Places, Own, Fallback int
	Lacks                                                        map[string]int
}

type lookbackDoc struct {
	Events struct {
		Names                      []nameDoc
		Others, Imported, Replayed int
	}
	Slates slatesDoc
}

func (r *rig) lookback(t *testing.T) *lookbackDoc {
	t.Helper()
	var d lookbackDoc
	r.do(t, "GET", "/status", "").want(t, 200, &d)
	return &d
}

func TestStatusTellsEventNames(t *testing.T) {
	r := newRig(t, plan{})
	if d := r.lookback(t); len(d.Events.Names) != 19 || d.Events.Names[0] != (nameDoc{Event: "cart", Signal: "intent", Configured: true}) {
		t.Errorf("before the first event: %+v", d.Events.Names)
	}
	r.post(t, act("ada", "click", "i-1", t0), act("bob", "click", "i-2", t0-1000), act("ada", "watch", "i-1", t0-5), act("ada", "cart", "i-1", t0-3_600_001))
	check := func(replayed int) {
		t.Helper()
		d := r.lookback(t)
		got := map[string]nameDoc{}
		for i, n := range d.Events.Names {
			if i > 0 && n.Event <= d.Events.Names[i-1].Event {
				t.Errorf("%s stands after %s", n.Event, d.Events.Names[i-1].Event)
			}
			if n.Count > 0 {
				got[n.Event] = n
			}
		}
		want := map[string]nameDoc{
			"cart":  {Event: "cart", Signal: "intent", Configured: true, Count: 1, Late: 1},
			"click": {Event: "click", Signal: "click", Configured: true, Count: 2, Newest: "2026-11-20T15:04:05.000Z"},
			"watch": {Event: "watch", Signal: "context", Count: 1, Newest: "2026-11-20T15:04:04.995Z"},
		}
		if len(d.Events.Names) != 20 || !maps.Equal(got, want) || d.Events.Others != 0 || d.Events.Imported != 0 || d.Events.Replayed != replayed {
			t.Errorf("%d names, %+v, %+v", len(d.Events.Names), got, d.Events)
		}
	}
	check(0)
	// What a killed process leaves still tells.
	r = newRig(t, plan{disk: r.disk.Clone()})
	check(4)
}

func TestStatusLooksBackOnSlates(t *testing.T) {
	r := newRig(t, plan{})
	if d := r.lookback(t); fmt.Sprint(d.Slates) != fmt.Sprint(slatesDoc{}) || d.Slates.Lacks == nil {
		t.Errorf("before the first slate: %+v", d.Slates)
	}
	r.stock(t, 6)
	r.post(t, act("ada", "click", "i-1", t0), act("ada", "click", "i-2", t0), act("bob", "click", "i-1", t0))
	r.slate(t, `{"user_id":"bob","n":3}`) // i-2 goes with i-1
	r.slate(t, `{"user_id":"eve","n":2}`)
	r.slate(t, `{"n":1}`)
	r.slate(t, `{"n":1,"dry_run":true}`)
	r.settled(t)
	want := slatesDoc{Slates: 3, Nameless: 1, Strangers: 1, Places: 6, Own: 1}
	if got := r.lookback(t).Slates; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
