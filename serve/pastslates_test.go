package serve_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
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

// replayer returns one over a journal, from its beginning. kinds are those of the routes, none for
// itemcf, popular and new.
func replayer(t testing.TB, disk fsys.FS, all []stream.Entry, kinds ...string) *serve.Replayer {
	t.Helper()
	return replayerOf(t, disk, all, nil, kinds...)
}

// replayerOf is replayer of rows that have words.
func replayerOf(t testing.TB, disk fsys.FS, all []stream.Entry, words []string, kinds ...string) *serve.Replayer {
	t.Helper()
	if len(kinds) == 0 {
		kinds = []string{"itemcf", "popular", "new"}
	}
	o := fold.Options{Kinds: freshet.BuiltinEvents(), Features: features, MaxFuture: freshet.Minute, NewTable: mem.New, Words: words}
	var routes []serve.Route
	for _, kind := range kinds {
		o.Routes = append(o.Routes, fold.Route{Name: "r-" + kind, Kind: kind, Window: freshet.Hour, Within: freshet.Day})
		routes = append(routes, serve.Route{Name: "r-" + kind, Kind: kind, N: 100, Budget: 0}) // a replay goes by what happened, not by how long it takes itself
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
	return serve.NewReplayer(serve.Options{State: state, Kinds: o.Kinds, MaxFuture: o.MaxFuture, Routes: routes, Disk: disk}, advance)
}

// moodyLife serves so many slates while events, items and models come, routes are late or fail,
// and places are filled from the list at hand. It returns once everything is applied.
func moodyLife(t *testing.T, seed uint64, slates int) *rig {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 22))
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", 3)
	before := newRig(t, plan{disk: disk}) // so that there is a list to fill places from
	before.stock(t, 59)
	live := newRig(t, plan{disk: before.disk.Clone(), budget: 10, scenes: map[string]serve.Scene{"home": {Budget: 5 * freshet.Second, Explore: 0.2}}, wrap: func(route recall.Route) recall.Route {
		return moody{route, rand.New(rand.NewPCG(uint64(len(route.Name())), seed))}
	}})
	names := []string{"click", "view", "like", "purchase", "hide", "expose"}
	user := func() freshet.UserID { return freshet.UserID(fmt.Sprintf("u-%d", rng.IntN(15))) }
	item := func() freshet.ItemID { return freshet.ItemID(fmt.Sprintf("i-%d", int(60*rng.Float64()*rng.Float64()))) }
	for i := 0; slates > 0; i++ {
		live.clock.Add(rng.Int64N(20_000))
		now := live.clock.Load()
		switch k := rng.IntN(10); {
		case k == 0:
			live.put(t, freshet.Item{ID: item(), Title: "T", Unavailable: rng.IntN(8) == 0})
			live.know(t, freshet.User{ID: user(), Attributes: map[string]any{"age": json.Number(fmt.Sprint(i % 90))}})
		case k <= 3:
			slates--
			req := serve.Request{User: user(), N: 1 + rng.IntN(60)}
			if rng.IntN(3) == 0 {
				req.Recent = []serve.Recent{{Event: "click", Item: item(), Time: now - 1000}, {Event: "view", Item: item()}}
			}
			if rng.IntN(3) == 0 {
				within := freshet.Duration(rng.Int64N(int64(3 * freshet.Hour)))
				req.SeenWithin, req.Exclude, req.Purchased = &within, []freshet.ItemID{item()}, true
			}
			if i%2 == 0 {
				req.Context = map[string]any{"device": []string{"tv", "phone"}[i/2%2], "hour": json.Number("7.50"), "<&>": []any{true, nil}}
			}
			live.slate(t, req)
		case i%100 == 50:
			train(t, live.disk, nil, "feature.user.clicks", float64(1+i%40))
			// What an invented model is worth here is nobody's choice: a gate may refuse it.
			if _, err := live.Promote(t.Context(), "lr", 1+rng.IntN(2)); err != nil && !errors.As(err, new(*serve.Problem)) {
				t.Fatal(err)
			}
		default:
			live.post(t, freshet.Event{User: user(), Item: item(), Name: names[rng.IntN(len(names))], Time: now - rng.Int64N(int64(freshet.Hour))})
		}
	}
	live.settled(t)
	return live
}

// madeAgain makes every slate that was served once more, and holds it against what was served.
func madeAgain(t *testing.T, past *serve.Replayer, all []stream.Entry) {
	t.Helper()
	for _, rec := range servedIn(t, all) {
		again, err := past.Replay(t.Context(), rec)
		if err != nil {
			t.Fatal(err)
		}
		if diff := serve.Differences(rec, again); diff != "" {
			t.Errorf("%s: %s", rec.Request, diff)
		}
	}
}

// servedIn decodes the served records among entries.
func servedIn(t *testing.T, all []stream.Entry) (list []*fold.Served) {
	t.Helper()
	for i := range all {
		if all[i].Served == nil {
			continue
		}
		rec := &fold.Served{}
		if err := json.Unmarshal(all[i].Served, rec); err != nil {
			t.Fatal(err)
		}
		list = append(list, rec)
	}
	return list
}

// TestPastSlatesComeAgain makes each slate of a moody life again from its record and the journal,
// after everything else has happened: one by one, and all in one pass.
func TestPastSlatesComeAgain(t *testing.T) {
	live := moodyLife(t, 21, 150)
	all := entries(t, live.disk)
	records := servedIn(t, all)
	filled, asked := 0, 0
	for _, rec := range records {
		if rec.Context != nil {
			asked++
			want := fold.Context{"device": rec.Context["device"], "hour": json.Number("7.50"), "<&>": []any{true, nil}}
			if !reflect.DeepEqual(rec.Context, want) || rec.Context["device"] == nil {
				t.Fatalf("%s was asked with %v", rec.Request, rec.Context)
			}
		}
		if rec.Fallback > 0 {
			filled++
		}
		again, err := replayer(t, live.disk, all).Replay(t.Context(), rec)
		if err != nil {
			t.Fatalf("%s: %v", rec.Request, err)
		}
		if diff := serve.Differences(rec, again); diff != "" {
			t.Fatalf("%s of %s (%q): %s", rec.Request, time.UnixMilli(rec.Time), rec.Degraded, diff)
		}
	}
	if asked < 30 || asked > len(records)-30 {
		t.Errorf("%d of %d slates were asked with a context, want some with and some without", asked, len(records))
	}
	if filled < 10 {
		t.Errorf("%d slates with places filled from the list, want more", filled)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	came, rows := 0, 0
	many := replayer(t, live.disk, all)
	many.Rows(func(*serve.Row) { rows++ })
	if err := many.ReplayAll(t.Context(), records, func(one serve.Replayed) error {
		came++
		if one.Err != nil || serve.Differences(one.Record, one.Again) != "" {
			t.Errorf("%s, of many: %v %s", one.Record.Request, one.Err, serve.Differences(one.Record, one.Again))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, rec := range records {
		for i := range rec.Items {
			if rec.Items[i].Row != "" {
				shown++
			}
		}
	}
	if came != len(records) || rows < shown || shown == 0 {
		t.Errorf("%d of %d slates came, with %d rows for %d places", came, len(records), rows, shown)
	}
}

// TestGoalRows holds the rows that slates were ranked by, as their hashes in the served records,
// against rows made again at the positions where those were read: with nothing in them from later.
func TestGoalRows(t *testing.T) {
	g := goal.Begin(t, "G11", "0 of ≥ 100,000 rows differ", goal.Sizes{Quick: 1000, CI: 100_000})
	slates := 100
	if !g.Quick() {
		slates = 1500
	}
	for seed := g.Seed(); g.More(); seed++ {
		live := moodyLife(t, seed, slates)
		all := entries(t, live.disk)
		err := replayer(t, live.disk, all).ReplayAll(t.Context(), servedIn(t, all), func(one serve.Replayed) error {
			if one.Err != nil {
				return one.Err
			}
			now := serve.ServedItems(one.Again)
			for i, was := range one.Record.Items {
				if was.Row == "" {
					continue
				}
				if g.Add(1); i >= len(now) || now[i].Item != was.Item || now[i].Row != was.Row {
					t.Errorf("seed %d, %s: the row of %s at place %d differs", seed, one.Record.Request, was.Item, i+1)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	g.End("0 differ")
}

// TestManyReplaysNotice: a slate that ranked nothing, and now has something to rank, differs; the
// others come.
func TestManyReplaysNotice(t *testing.T) {
	live := moodyLife(t, 21, 20)
	all := entries(t, live.disk)
	records := servedIn(t, all)
	i := slices.IndexFunc(records, func(rec *fold.Served) bool { return rec.Model != nil })
	records[i].Ranked, records[i].Items = 0, nil
	came := 0
	if err := replayer(t, live.disk, all).ReplayAll(t.Context(), records, func(one serve.Replayed) error {
		came++
		if differs := serve.Differences(one.Record, one.Again) != ""; differs != (one.Record == records[i]) {
			t.Errorf("%s differs: %v", one.Record.Request, differs)
		}
		return nil
	}); err != nil || came != len(records) {
		t.Errorf("%d of %d slates, %v", came, len(records), err)
	}
}

// TestManyReplaysStop: a journal that ends too early, and a caller who has seen enough, end the
// whole.
func TestManyReplaysStop(t *testing.T) {
	live := moodyLife(t, 21, 20)
	all := entries(t, live.disk)
	records := servedIn(t, all)
	never := func(serve.Replayed) error { return nil }
	if err := replayer(t, live.disk, all[:len(all)/2]).ReplayAll(t.Context(), records, never); err == nil {
		t.Error("half a journal was enough")
	}
	enough := errors.New("enough")
	if err := replayer(t, live.disk, all).ReplayAll(t.Context(), records, func(serve.Replayed) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("after enough: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := replayer(t, live.disk, all).ReplayAll(ctx, records, never); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// blanked copies a journal, and forgets on the way what was shown: the items of every slate, with
// their scores and the hashes of their rows.
func blanked(t *testing.T, disk fsys.FS) *fsys.Mem {
	t.Helper()
	from, err := journal.OpenReader(disk)
	if err != nil {
		t.Fatal(err)
	}
	blank := fsys.NewMem()
	to, _, err := journal.Open(journal.Options{FS: blank, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for {
		rec, err := from.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.Topic == freshet.TopicServed {
			var served fold.Served
			if err := json.Unmarshal(rec.Payload, &served); err != nil {
				t.Fatal(err)
			}
			served.Items = nil
			if rec.Payload, err = json.Marshal(&served); err != nil {
				t.Fatal(err)
			}
		}
		at := rec.Position
		if p, err := to.Append([]journal.Record{rec}); err != nil || p != at {
			t.Fatalf("record %s is now %s: %v", at, p, err)
		}
	}
	if err := errors.Join(from.Close(), to.Close()); err != nil {
		t.Fatal(err)
	}
	return blank
}

// TestSlatesComeFromABlankedJournal: what was shown is made again from a journal that does not say
// what was shown, and equals the records kept aside.
func TestSlatesComeFromABlankedJournal(t *testing.T) {
	live := moodyLife(t, 21, 1000)
	aside := servedIn(t, entries(t, live.disk))
	all := entries(t, blanked(t, live.disk))
	records := servedIn(t, all)
	last, degraded, switched := live.Live(), 0, 0
	if err := replayer(t, live.disk, all).ReplayAll(t.Context(), records, func(one serve.Replayed) error {
		if one.Err != nil || len(one.Record.Items) > 0 {
			t.Errorf("%s: %v, with %d items", one.Record.Request, one.Err, len(one.Record.Items))
			return nil
		}
		i := slices.IndexFunc(aside, func(rec *fold.Served) bool { return rec.Request == one.Record.Request })
		if diff := serve.Differences(aside[i], one.Again); diff != "" {
			t.Errorf("%s: %s", one.Record.Request, diff)
		}
		if len(aside[i].Degraded) > 0 {
			degraded++
		}
		if m := aside[i].Model; m != nil && m.Version != last.Version {
			switched++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d slates, %d degraded, %d ranked by another model than the last", len(records), degraded, switched)
	if len(records) < 1000 || degraded < 100 || switched < 100 {
		t.Error("too little of a kind")
	}
}

// TestOneClickLessChangesTheRow takes, 100 times, one click of a visitor out of the journal before
// a slate of theirs.
func TestOneClickLessChangesTheRow(t *testing.T) {
	live := moodyLife(t, 21, 300)
	all := entries(t, live.disk)
	trials, changed := 0, 0
	rng := rand.New(rand.NewPCG(5, 6))
	records := servedIn(t, all)
	for _, n := range rng.Perm(len(records)) {
		rec := records[n]
		var clicks []int
		for i := range all[:rec.Ranked] {
			if e := all[i].Event; e != nil && e.Visitor() == rec.Visitor && e.Name == "click" && !all[i].Late {
				clicks = append(clicks, i)
			}
		}
		ranked := slices.ContainsFunc(rec.Items, func(item fold.ServedItem) bool { return item.Row != "" })
		if trials == 100 || len(clicks) == 0 || !ranked {
			continue
		}
		trials++
		less := slices.Clone(all)
		less[clicks[rng.IntN(len(clicks))]].Event = nil
		again, err := replayer(t, live.disk, less).Replay(t.Context(), rec)
		if err != nil {
			t.Fatal(err)
		}
		items := serve.ServedItems(again)
		same := func(was fold.ServedItem) bool {
			return was.Row != "" && slices.ContainsFunc(items, func(now fold.ServedItem) bool { return now.Item == was.Item && now.Row == was.Row })
		}
		if slices.ContainsFunc(rec.Items, same) {
			t.Errorf("%s: a row is as it was, without a click of %s", rec.Request, rec.Visitor)
			continue
		}
		changed++
	}
	if trials < 100 || changed < trials {
		t.Errorf("of %d trials %d changed the rows, want 100 of 100", trials, changed)
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
		"config":      func(rec *fold.Served) { rec.Config = "other" },
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
