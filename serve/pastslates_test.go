package serve_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

// moody is a route that is at times too slow and at times fails.
type moody struct {
	recall.Route
	rng *rand.Rand
}

func (m moody) Recall(ctx context.Context, req *recall.Request, n int) ([]recall.Proposal, error) {
	list, err := m.Route.Recall(ctx, req, n)
	switch m.rng.IntN(6) {
	case 0:
		<-ctx.Done()
		return nil, ctx.Err()
	case 1:
		return nil, errors.New("out of sorts")
	}
	return list, err
}

// entries are all records of a journal.
func entries(t testing.TB, disk fsys.FS) (list []stream.Entry) {
	t.Helper()
	reader, err := journal.OpenReader(disk)
	if err != nil {
		t.Fatal(err)
	}
	for {
		rec, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		e, err := stream.Decode(&rec)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	return list
}

// replayer returns one over a journal, from its beginning.
func replayer(t testing.TB, disk fsys.FS, all []stream.Entry) *serve.Replayer {
	t.Helper()
	o := fold.Options{Kinds: freshet.BuiltinEvents(), Features: features, MaxFuture: freshet.Minute, NewTable: mem.New}
	var routes []serve.Route
	for _, kind := range []string{"itemcf", "popular", "new"} {
		o.Routes = append(o.Routes, fold.Route{Name: "r-" + kind, Kind: kind, Window: freshet.Hour, Within: freshet.Day})
		routes = append(routes, serve.Route{Name: "r-" + kind, Kind: kind, N: 100, Budget: freshet.Minute})
	}
	state, err := fold.New(o)
	if err != nil {
		t.Fatal(err)
	}
	at := freshet.Position(0)
	advance := func(p freshet.Position) error {
		if p < at || int(p) > len(all) {
			return fmt.Errorf("from %d to %d of %d", at, p, len(all))
		}
		for ; at < p; at++ {
			state.Apply(&all[at])
		}
		return nil
	}
	return serve.NewReplayer(serve.Options{State: state, Kinds: o.Kinds, MaxFuture: o.MaxFuture, Routes: routes, Definitions: feature.Hash(features), Disk: disk}, advance)
}

// TestPastSlatesComeAgain serves slates while events, items and models come, routes are late or
// fail, and places are filled from the list at hand; then makes each slate again from its
// record and the journal, after everything else has happened.
func TestPastSlatesComeAgain(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", 3)
	before := newRig(t, plan{disk: disk}) // so that there is a list to fill places from
	before.stock(t, 59)
	live := newRig(t, plan{disk: before.disk.Clone(), budget: 20, wrap: func(route recall.Route) recall.Route {
		return moody{route, rand.New(rand.NewPCG(uint64(len(route.Name())), 1))}
	}})
	names := []string{"click", "view", "like", "purchase", "hide", "expose"}
	user := func() freshet.UserID { return freshet.UserID(fmt.Sprintf("u-%d", rng.IntN(15))) }
	item := func() freshet.ItemID { return freshet.ItemID(fmt.Sprintf("i-%d", int(60*rng.Float64()*rng.Float64()))) }
	for i := range 500 {
		live.clock.Add(rng.Int64N(20_000))
		now := live.clock.Load()
		switch k := rng.IntN(10); {
		case k == 0:
			live.put(t, freshet.Item{ID: item(), Title: "T", Unavailable: rng.IntN(8) == 0})
		case k <= 3:
			req := serve.Request{User: user(), N: 1 + rng.IntN(60)}
			if rng.IntN(3) == 0 {
				req.Recent = []serve.Recent{{Event: "click", Item: item(), Time: now - 1000}, {Event: "view", Item: item()}}
			}
			if rng.IntN(3) == 0 {
				within := freshet.Duration(rng.Int64N(int64(3 * freshet.Hour)))
				req.SeenWithin, req.Exclude, req.Purchased = &within, []freshet.ItemID{item()}, true
			}
			live.slate(t, req)
		case i%100 == 50:
			train(t, live.disk, nil, "feature.user.clicks", float64(i))
			if _, err := live.Promote(t.Context(), "lr", 1+rng.IntN(2)); err != nil {
				t.Fatal(err)
			}
		default:
			live.post(t, freshet.Event{User: user(), Item: item(), Name: names[rng.IntN(len(names))], Time: now - rng.Int64N(int64(freshet.Hour))})
		}
	}
	live.settled(t)
	all := entries(t, live.disk)
	slates, ranked, degraded, filled := 0, 0, 0, 0
	for i := range all {
		if all[i].Served == nil {
			continue
		}
		var rec fold.Served
		if err := json.Unmarshal(all[i].Served, &rec); err != nil {
			t.Fatal(err)
		}
		slates++
		if rec.Model != nil {
			ranked++
		}
		if len(rec.Degraded) > 0 {
			degraded++
		}
		if rec.Fallback > 0 {
			filled++
		}
		again, err := replayer(t, live.disk, all).Replay(t.Context(), &rec)
		if err != nil {
			t.Fatalf("%s: %v", rec.Request, err)
		}
		if diff := serve.Differences(&rec, again); diff != "" {
			t.Fatalf("%s of %s (%q): %s", rec.Request, time.UnixMilli(rec.Time), rec.Degraded, diff)
		}
	}
	t.Logf("%d slates, %d ranked, %d degraded, %d with places filled", slates, ranked, degraded, filled)
	if slates < 100 || ranked < 50 || degraded < 30 || filled < 10 {
		t.Error("too little of a kind")
	}
}

// TestAReplayNotices: with one click of the visitor taken out of the journal, the slate that
// it had shaped comes differently.
func TestAReplayNotices(t *testing.T) {
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.user.clicks", 3)
	r := newRig(t, plan{disk: disk})
	r.stock(t, 20)
	r.clicks(t, 8)
	r.post(t, act("ada", "click", "i-3", t0-500))
	r.slate(t, serve.Request{User: "ada"})
	r.settled(t)
	all := entries(t, r.disk)
	var rec fold.Served
	for i := range all {
		if all[i].Served != nil {
			if err := json.Unmarshal(all[i].Served, &rec); err != nil {
				t.Fatal(err)
			}
		}
	}
	again, err := replayer(t, r.disk, all).Replay(t.Context(), &rec)
	if err != nil || serve.Differences(&rec, again) != "" {
		t.Fatalf("%v: %s", err, serve.Differences(&rec, again))
	}
	for i := range all {
		if all[i].Event != nil && all[i].Event.User == "ada" {
			all[i].Event = nil
		}
	}
	again, err = replayer(t, r.disk, all).Replay(t.Context(), &rec)
	if err != nil || serve.Differences(&rec, again) == "" {
		t.Errorf("without the click the slate comes just the same (%v)", err)
	}
}

func TestNotReplayable(t *testing.T) {
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", 3)
	r := newRig(t, plan{disk: disk})
	r.stock(t, 3)
	r.slate(t, serve.Request{User: "ada"})
	r.settled(t)
	all := entries(t, r.disk)
	var served fold.Served
	for i := range all {
		if all[i].Served != nil {
			if err := json.Unmarshal(all[i].Served, &served); err != nil {
				t.Fatal(err)
			}
		}
	}
	for cause, spoil := range map[string]func(rec *fold.Served){
		"definitions": func(rec *fold.Served) { rec.Definitions = "others" },
		"record":      func(rec *fold.Served) { rec.Known, rec.Placed = 0, 0 },
		"route":       func(rec *fold.Served) { rec.Routes = []fold.ServedRoute{{Name: "gone", Status: "ok"}} },
		"model":       func(rec *fold.Served) { rec.Model = &fold.ServedModel{Name: "lr", Version: 1, SHA256: "other"} },
	} {
		rec := served
		spoil(&rec)
		var why *serve.NotReplayable
		if _, err := replayer(t, r.disk, all).Replay(t.Context(), &rec); !errors.As(err, &why) || why.Cause != cause {
			t.Errorf("%s: %v", cause, err)
		}
	}
}
