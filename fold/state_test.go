package fold_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const t0 = int64(1_795_187_045_000)

// journal gives entries their positions and applies them.
type journal struct {
	*fold.State
	last freshet.Position
}

func (j *journal) apply(e stream.Entry) {
	j.last++
	e.Position = j.last
	j.State.Apply(&e)
}

func (j *journal) event(user, name, item string, at int64) {
	j.apply(stream.Entry{Received: t0, Event: &freshet.Event{User: freshet.UserID(user), Name: name, Item: freshet.ItemID(item), Time: at}})
}

func (j *journal) item(doc freshet.Item, received int64) {
	j.apply(stream.Entry{Received: received, Item: &doc})
}

func build(t *testing.T, routes ...fold.Route) *journal {
	t.Helper()
	s, err := fold.New(fold.Options{Kinds: freshet.BuiltinEvents(), MaxFuture: freshet.Minute, NewTable: mem.New, Routes: routes,
		Features: []feature.Definition{{Name: "clicks", Key: []string{"user", "item.category"}, On: []string{"click"}, Agg: feature.Count}}})
	if err != nil {
		t.Fatal(err)
	}
	return &journal{State: s}
}

// ask lists what a route proposes to nobody at t0.
func (j *journal) ask(t *testing.T, route recall.Route) []string {
	t.Helper()
	req := recall.Request{Time: t0, Newest: j.Newest, Skip: func(item uint32) bool { return !j.Items.Available(item) }}
	found, err := route.Recall(t.Context(), &req, 1000)
	if err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, p := range found {
		list = append(list, string(j.Items.ID(p.Item)))
	}
	return list
}

func TestUnknownRoute(t *testing.T) {
	if _, err := fold.New(fold.Options{NewTable: mem.New, Routes: []fold.Route{{Name: "x", Kind: "telepathy"}}}); err == nil {
		t.Error("a route of an unknown kind was made")
	}
}

func TestLateChangesNothing(t *testing.T) {
	j := build(t, fold.Route{Name: "hot", Kind: "popular", Window: freshet.Hour})
	j.event("ada", "click", "a", t0)
	j.apply(stream.Entry{Late: true, Event: &freshet.Event{User: "bob", Name: "click", Item: "b", Time: t0 + 1}})
	if j.Items.Find("b") != 0 || j.Visitor("u:bob") != 0 || j.Newest != t0 || !slices.Equal(j.ask(t, j.Routes[0]), []string{"a"}) {
		t.Errorf("a late event is item %d, visitor %d, newest %d, popular %q", j.Items.Find("b"), j.Visitor("u:bob"), j.Newest, j.ask(t, j.Routes[0]))
	}
}

func TestAnEventChangesAllItShould(t *testing.T) {
	j := build(t, fold.Route{Name: "hot", Kind: "popular", Window: freshet.Hour}, fold.Route{Name: "near", Kind: "itemcf"})
	j.item(freshet.Item{ID: "a", Categories: []string{"sea"}}, t0)
	j.event("ada", "click", "a", t0-5)
	j.event("ada", "like", "b", t0-9)
	j.event("ada", "search", "", t0-1)
	ada, a := j.Visitor("u:ada"), j.Items.Find("a")
	if at, ok := j.Histories.Seen(ada, a); !ok || at != t0-5 {
		t.Errorf("seen %d, %v", at, ok)
	}
	if got := j.Histories.Recent(ada); len(got) != 2 || got[0].Name != "like" || got[1].Name != "click" {
		t.Errorf("recent %+v, want them by event time", got)
	}
	row := make([]feature.Value, 1)
	reader := j.Features.Reader()
	reader.Start(ada, t0, nil)
	if reader.Row(a, row); row[0].Value != 1 {
		t.Errorf("feature %+v", row[0])
	}
	if got := j.Acts.Of(ada); got != (fold.LastAct{Position: 4, Name: "search", Newest: t0 - 1}) {
		t.Errorf("last act %+v", got)
	}
	if j.Newest != t0-1 {
		t.Errorf("newest %d", j.Newest)
	}
	j.event("ada", "click", "a", t0-50) // earlier in time, later in the journal
	if got := j.Acts.Of(ada); got.Position != 5 || got.Newest != t0-1 || j.Newest != t0-1 {
		t.Errorf("last act %+v, newest %d", got, j.Newest)
	}
	if j.Acts.Of(0) != (fold.LastAct{}) || j.Acts.Of(ada+1) != (fold.LastAct{}) {
		t.Error("nobody did something")
	}
	req := recall.Request{Time: t0, Newest: j.Newest, Recent: []recall.Past{{Item: a, Time: t0}}, Skip: func(item uint32) bool { return item == a }}
	if found, err := j.Routes[1].Recall(t.Context(), &req, 10); err != nil || len(found) != 1 || found[0].Item != j.Items.Find("b") {
		t.Errorf("what goes with a: %+v, %v", found, err)
	}
}

// TestNewestFollowsBirths compares the newest route with a sort of the catalogue, while
// entries and events date items anew in both directions.
func TestNewestFollowsBirths(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	j := build(t, fold.Route{Name: "new", Kind: "new", Within: freshet.Day})
	since, published := map[string]int64{}, map[string]int64{}
	for step := range 2000 {
		id, at := fmt.Sprintf("i-%d", rng.IntN(40)), t0-rng.Int64N(1000)
		if first, ok := since[id]; !ok || at < first {
			since[id] = at
		}
		switch rng.IntN(3) {
		case 0:
			j.event("ada", "expose", id, at)
		case 1:
			delete(published, id)
			j.item(freshet.Item{ID: freshet.ItemID(id)}, at)
		case 2:
			published[id] = t0 - rng.Int64N(1000)
			j.item(freshet.Item{ID: freshet.ItemID(id), Published: published[id], HasPublished: true}, at)
		}
		if step%50 != 0 {
			continue
		}
		var want []string
		for id := range since {
			want = append(want, id)
		}
		born := func(id string) int64 {
			if at, ok := published[id]; ok {
				return at
			}
			return since[id]
		}
		slices.SortFunc(want, func(a, b string) int {
			if d := cmp.Compare(born(b), born(a)); d != 0 {
				return d
			}
			return cmp.Compare(j.Items.Find(freshet.ItemID(a)), j.Items.Find(freshet.ItemID(b)))
		})
		if got := j.ask(t, j.Routes[0]); !slices.Equal(got, want) {
			t.Fatalf("step %d: newest %q, want %q", step, got, want)
		}
	}
}

func TestFallback(t *testing.T) {
	hot, recent, near := fold.Route{Name: "hot", Kind: "popular", Window: freshet.Hour}, fold.Route{Name: "new", Kind: "new", Within: freshet.Day}, fold.Route{Name: "near", Kind: "itemcf"}
	for _, c := range []struct {
		name   string
		routes []fold.Route
		names  [2]string
	}{
		{"no route", nil, [2]string{"fallback", "fallback"}},
		{"neither", []fold.Route{near}, [2]string{"fallback", "fallback"}},
		{"popular", []fold.Route{near, hot}, [2]string{"hot", "fallback"}},
		{"newest", []fold.Route{recent}, [2]string{"fallback", "new"}},
		{"both, and one twice", []fold.Route{recent, hot, {Name: "hot2", Kind: "popular", Window: freshet.Day}}, [2]string{"hot", "new"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := build(t, c.routes...)
			j.item(freshet.Item{ID: "a"}, t0-2)
			j.item(freshet.Item{ID: "b"}, t0-1)
			j.event("ada", "click", "a", t0)
			if got := [2]string{j.Fallback[0].Name(), j.Fallback[1].Name()}; got != c.names {
				t.Errorf("fallback is made of %q, want %q", got, c.names)
			}
			if popular, newest := j.ask(t, j.Fallback[0]), j.ask(t, j.Fallback[1]); !slices.Equal(popular, []string{"a"}) || !slices.Equal(newest, []string{"b", "a"}) {
				t.Errorf("popular %q, newest %q", popular, newest)
			}
		})
	}
}
