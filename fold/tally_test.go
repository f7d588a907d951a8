package fold_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/stream"
)

func TestTally(t *testing.T) {
	j := build(t)
	if len(j.Tally.Names()) != 0 || j.Tally.Others() != 0 || j.Tally.Imported() != 0 {
		t.Error("an empty journal has events")
	}
	put := func(source, name string, at int64, late bool) {
		e := &freshet.Event{User: "ada", Name: name, Item: "a", Time: at}
		if at == t0-9 || at == t0-8 {
			e.Request = "r-1"
		}
		j.apply(stream.Entry{Source: source, Late: late, Event: e})
	}
	put("http", "click", t0, false)
	put("http", "click", t0-9, false)
	put("import:1f", "click", t0-5, false)
	put("http", "watch", t0-7, true) // a name without meaning
	put("http", "watch", t0-8, true)
	put("http", "page", -3, false)
	j.item(freshet.Item{ID: "a"}, t0)
	j.served(t, "u:ada", "r-1", "a")
	want := []fold.NameCount{{Name: "click", Count: 3, Joined: 1, Newest: t0}, {Name: "page", Count: 1}, {Name: "watch", Count: 2, Late: 2, Joined: 1}}
	if got := j.Tally.Names(); !slices.Equal(got, want) {
		t.Errorf("names %+v, want %+v", got, want)
	}
	if j.Tally.Others() != 0 || j.Tally.Imported() != 1 {
		t.Errorf("others %d, imported %d", j.Tally.Others(), j.Tally.Imported())
	}
}

func TestTallyIsBounded(t *testing.T) {
	j := build(t)
	const over = 7
	for range 2 {
		for i := range fold.MaxNames + over {
			j.event("ada", fmt.Sprintf("e-%04d", i), "a", t0)
		}
	}
	names := j.Tally.Names()
	if len(names) != fold.MaxNames || j.Tally.Others() != 2*over {
		t.Fatalf("%d names, %d other events", len(names), j.Tally.Others())
	}
	for i, n := range names {
		if n.Name != fmt.Sprintf("e-%04d", i) || n.Count != 2 {
			t.Fatalf("name %d is %+v", i, n)
		}
	}
}
