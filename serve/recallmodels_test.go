package serve_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/collab"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

// saveLinear keeps a model of the items i-1 to i-20, in which i-n speaks for the item so many after it.
func saveLinear(t testing.TB, disk fsys.FS, step int, change func(*registry.Manifest)) registry.Manifest {
	t.Helper()
	var ids []freshet.ItemID
	for i := range 20 {
		ids = append(ids, freshet.ItemID(fmt.Sprintf("i-%d", i+1)))
	}
	sorted := slices.Sorted(slices.Values(ids))
	row := func(id freshet.ItemID) uint32 { return uint32(slices.Index(sorted, id)) }
	neighbours, weights := make([][]uint32, 20), make([][]float32, 20)
	for i, id := range ids {
		neighbours[row(id)], weights[row(id)] = []uint32{row(ids[(i+step)%20])}, []float32{1}
	}
	names, ok := recall.NewIDs(sorted)
	model, err := collab.NewItemItem(neighbours, weights, 5)
	if err != nil || !ok {
		t.Fatal(err, ok)
	}
	m := registry.Manifest{Model: "itemitem", Kind: registry.ItemItems, From: 1, Recall: registry.Recall{Method: "by hand", At20: 0.2, Popular20: 0.1}}
	if change != nil {
		change(&m)
	}
	if m, err = registry.Save(disk, m, &registry.ItemItem{IDs: names, Model: model}, time.UnixMilli(t0+int64(step))); err != nil {
		t.Fatal(err)
	}
	return m
}

// linearReplay returns a replayer over a journal with a linear route and a popular one.
func linearReplay(t *testing.T, disk fsys.FS, all []stream.Entry) *serve.Replayer {
	t.Helper()
	o := fold.Options{Kinds: freshet.BuiltinEvents(), Features: features, MaxFuture: freshet.Minute, NewTable: mem.New, Bundles: registry.NewShelf(disk, true)}
	var routes []serve.Route
	for _, kind := range []string{"linear", "popular"} {
		o.Routes = append(o.Routes, fold.Route{Name: "r-" + kind, Kind: kind, Window: freshet.Hour})
		routes = append(routes, serve.Route{Name: "r-" + kind, Kind: kind, N: 100})
	}
	state, err := fold.New(o)
	if err != nil {
		t.Fatal(err)
	}
	at := freshet.Position(0)
	return serve.NewReplayer(serve.Options{State: state, Kinds: o.Kinds, MaxFuture: o.MaxFuture, Routes: routes, Disk: disk}, func(p freshet.Position) error {
		for ; at < p; at++ {
			state.Apply(&all[at])
		}
		return nil
	})
}

var linearPlan = []string{"linear", "popular"}

// TestAModelOfRecallLives: adopted at a start, asked by its route, moved on by a promotion; each slate
// is made again by the model of then, and a state unpacked from another says the same.
func TestAModelOfRecallLives(t *testing.T) {
	disk := fsys.NewMem()
	r := newRig(t, plan{disk: disk, routes: linearPlan})
	r.stock(t, 20)
	r.post(t, act("ada", "click", "i-3", t0-500))
	first := func(r *rig) *serve.Reply { return r.slate(t, serve.Request{User: "ada", N: 3}) }
	none := first(r)
	if len(none.Degraded) > 0 || slices.ContainsFunc(none.Items, func(p serve.Placed) bool { return len(p.Routes) > 0 && p.Routes[0].Route == "r-linear" }) {
		t.Fatalf("without a model: %+v", none)
	}
	r.settled(t)

	saveLinear(t, r.disk, 1, nil)
	r = newRig(t, plan{disk: r.disk.Clone(), routes: linearPlan})
	live := r.LiveIn(fold.ItemItem)
	if live.Version != 1 || live.By != fold.Adopted || !r.AtHand(&live) || r.Live().Name != "" {
		t.Fatalf("live is %+v, the ranker %+v", live, r.Live())
	}
	s := first(r)
	if s.Items[0].Item != "i-4" || s.Items[0].Reason != (freshet.Reason{Code: "like_recent", Item: "i-3", Event: "click", Time: t0 - 500}) {
		t.Errorf("the slate begins with %+v", s.Items[0])
	}
	r.post(t, act("ada", "click", "i-9", t0-100))
	if s = first(r); s.Items[0].Item != "i-10" || s.Items[1].Item != "i-4" {
		t.Errorf("after a click the slate is %q", shown(s))
	}

	saveLinear(t, r.disk, 5, nil)
	done, err := r.Promote(t.Context(), "itemitem", 2)
	if err != nil || done.Was == nil || done.Was.Version != 1 || done.Was.Slot != fold.ItemItem {
		t.Fatalf("%+v, %v", done, err)
	}
	s = r.slate(t, serve.Request{User: "ada", N: 3, MinPosition: done.Position})
	if s.Items[0].Item != "i-14" || s.Items[1].Item != "i-8" {
		t.Errorf("after a promotion the slate is %q", shown(s))
	}
	if list, err := r.Models(); err != nil || len(list) != 1 || list[0].Live != 2 || len(list[0].Versions) != 2 {
		t.Errorf("models %+v, %v", list, err)
	}
	r.settled(t)

	all := entries(t, r.disk)
	records := servedIn(t, all)
	if len(records) != 4 {
		t.Fatalf("%d slates", len(records))
	}
	for _, rec := range records {
		again, err := linearReplay(t, r.disk, all).Replay(t.Context(), rec)
		if err != nil || serve.Differences(rec, again) != "" {
			t.Errorf("%s: %v %s", rec.Request, err, serve.Differences(rec, again))
		}
	}
	gone := r.disk.Clone()
	if err := gone.Remove("models/itemitem/1/model.bin"); err != nil {
		t.Fatal(err)
	}
	var why *serve.NotReplayable
	if _, err := linearReplay(t, gone, all).Replay(t.Context(), records[1]); !errors.As(err, &why) || why.Cause != "model" {
		t.Errorf("replay without the model of then: %v", err)
	}
	if again, err := linearReplay(t, gone, all).Replay(t.Context(), records[3]); err != nil || serve.Differences(records[3], again) != "" {
		t.Errorf("replay by the model that is there: %v", err)
	}

	var w pack.Writer
	r.state.Pack(&w)
	o := fold.Options{Kinds: freshet.BuiltinEvents(), Features: features, MaxFuture: freshet.Minute, NewTable: mem.New, Bundles: registry.NewShelf(r.disk, true)}
	for _, kind := range linearPlan {
		o.Routes = append(o.Routes, fold.Route{Name: "r-" + kind, Kind: kind, Window: freshet.Hour})
	}
	restored, err := fold.New(o)
	if err != nil {
		t.Fatal(err)
	}
	reader := pack.NewReader(w.Bytes)
	if restored.Unpack(reader); reader.Done() != nil {
		t.Fatal(reader.Done())
	}
	if !reflect.DeepEqual(restored.Live(fold.ItemItem), r.state.Live(fold.ItemItem)) {
		t.Errorf("restored %+v, want %+v", restored.Live(fold.ItemItem), r.state.Live(fold.ItemItem))
	}
	req := restored.Request(restored.Visitor("u:ada"), t0)
	want, err := r.state.Routes[0].Recall(t.Context(), r.state.Request(r.state.Visitor("u:ada"), t0), 5)
	if err != nil || len(want) != 2 {
		t.Fatal(want, err)
	}
	if got, err := restored.Routes[0].Recall(t.Context(), req, 5); err != nil || !slices.Equal(got, want) {
		t.Errorf("restored it proposes %v, %v; want %v", got, err, want)
	}
}

// TestALostModelOfRecallIsNamed: its route is silent, and the slate says so.
func TestALostModelOfRecallIsNamed(t *testing.T) {
	disk := fsys.NewMem()
	saveLinear(t, disk, 1, nil)
	r := newRig(t, plan{disk: disk, routes: linearPlan})
	r.stock(t, 20)
	r.post(t, act("ada", "click", "i-3", t0-500))
	r.settled(t)
	lost := r.disk.Clone()
	if err := fsys.Replace(lost, "models/itemitem/1/model.bin", []byte("rubbish")); err != nil {
		t.Fatal(err)
	}
	r = newRig(t, plan{disk: lost, routes: linearPlan})
	if reports := r.reported(); len(reports) == 0 || !strings.Contains(reports[0], "itemitem version 1 is live by the journal and not at hand") {
		t.Errorf("reports %q", reports)
	}
	before := len(r.reported())
	s := r.slate(t, serve.Request{User: "ada", N: 3})
	if !slices.Contains(s.Degraded, "recall.r-linear:unavailable") || len(s.Items) != 3 {
		t.Errorf("slate %+v", s)
	}
	if len(r.reported()) != before {
		t.Errorf("a request is told of: %q", r.reported()[before:])
	}
	r.settled(t)
	all := entries(t, r.disk)
	for _, rec := range servedIn(t, all) { // silent then, silent again
		again, err := linearReplay(t, disk, all).Replay(t.Context(), rec)
		if err != nil || serve.Differences(rec, again) != "" {
			t.Errorf("%s: %v %s", rec.Request, err, serve.Differences(rec, again))
		}
	}
}

// TestUnfitModelsOfRecall: what is no better than popularity is neither adopted nor promoted; nor is
// one that no route goes by.
func TestUnfitModelsOfRecall(t *testing.T) {
	disk := fsys.NewMem()
	saveLinear(t, disk, 1, func(m *registry.Manifest) { m.Recall.At20 = m.Recall.Popular20 })
	r := newRig(t, plan{disk: disk, routes: linearPlan})
	if live := r.LiveIn(fold.ItemItem); live.Name != "" {
		t.Errorf("adopted %+v", live)
	}
	if reports := r.reported(); len(reports) != 1 || !strings.Contains(reports[0], "no better than") {
		t.Errorf("reports %q", reports)
	}
	var p *serve.Problem
	if _, err := r.Promote(t.Context(), "itemitem", 1); !errors.As(err, &p) || p.Code != "worse_than_popularity" {
		t.Errorf("promote: %v", err)
	}
	disk = fsys.NewMem()
	saveLinear(t, disk, 1, nil)
	if r = newRig(t, plan{disk: disk}); r.LiveIn(fold.ItemItem).Name != "" || len(switches(t, r.disk)) != 0 {
		t.Errorf("without a route that goes by it %+v is live", r.LiveIn(fold.ItemItem))
	}
}

// TestSwitchesSayTheirSlot: those of rankers are as earlier releases wrote them.
func TestSwitchesSayTheirSlot(t *testing.T) {
	for _, c := range []struct {
		s    fold.Switch
		text string
	}{
		{fold.Switch{Name: "lr", Version: 2, SHA256: "ab", By: fold.Adopted}, `{"model":"lr","version":2,"sha256":"ab","by":"adopted"}`},
		{fold.Switch{Name: "itemitem", Version: 1, SHA256: "cd", By: fold.Promoted, Slot: fold.ItemItem}, `{"model":"itemitem","version":1,"sha256":"cd","by":"promoted","slot":"itemitem"}`},
	} {
		if text, err := json.Marshal(c.s); err != nil || string(text) != c.text {
			t.Errorf("%s, %v; want %s", text, err, c.text)
		}
	}
}

// saveVectors keeps an embedding of the items i-1 to i-20, of which i-3 and i-4 are always taken together.
func saveVectors(t testing.TB, disk fsys.FS) {
	t.Helper()
	var ids []freshet.ItemID
	for i := range 20 {
		ids = append(ids, freshet.ItemID(fmt.Sprintf("i-%d", i+1)))
	}
	slices.Sort(ids)
	users := make([][]uint32, 60)
	for u := range users {
		for k := range uint32(8) {
			row, _ := slices.BinarySearch(ids, freshet.ItemID(fmt.Sprintf("i-%d", u%2*10+(u+int(k))%10+1)))
			users[u] = append(users[u], uint32(row))
		}
	}
	matrix, err := collab.NewMatrix(users, 20)
	if err != nil {
		t.Fatal(err)
	}
	model, err := collab.TrainIALS(t.Context(), matrix, collab.IALSOptions{Dim: 8})
	if err != nil {
		t.Fatal(err)
	}
	index, _, err := registry.NewIndex(t.Context(), model, nil, 1)
	names, ok := recall.NewIDs(ids)
	if err != nil || !ok {
		t.Fatal(err, ok)
	}
	m := registry.Manifest{Model: "embedding", Kind: registry.Embedding, Recall: registry.Recall{At20: 0.2, Popular20: 0.1}}
	if _, err := registry.Save(disk, m, &registry.Vectors{IDs: names, Model: model, Index: index}, time.UnixMilli(t0)); err != nil {
		t.Fatal(err)
	}
}

// TestSearchesAreSampled: of many requests some are searched once more, and the exact index finds all.
func TestSearchesAreSampled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := fsys.NewMem()
		saveVectors(t, disk)
		r := newRig(t, plan{disk: disk, routes: []string{"embedding", "popular"}})
		r.stock(t, 20)
		r.post(t, act("ada", "click", "i-3", t0-500))
		if s := r.slate(t, serve.Request{User: "ada", N: 9}); s.Items[0].Item != "i-4" || s.Items[0].Reason.Item != "i-3" || s.Items[0].Routes[0].Route != "r-embedding" {
			t.Errorf("the slate begins with %+v", s.Items[0]) // who takes i-3 takes i-4
		}
		for range 64 * 20 {
			r.slate(t, serve.Request{User: "ada", N: 3})
			time.Sleep(time.Millisecond) // until it was looked at
		}
		// Which they are is a matter of the requests' ids: 20 are expected, by one in 64.
		got := r.Sampled()
		if len(got) != 1 || got[0].Queries < 10 || got[0].Queries > 30 {
			t.Fatalf("of %d requests: %+v", 64*20, got)
		}
		if got[0].Route != "r-embedding" || got[0].Mean != 1 || got[0].Least != 1 {
			t.Errorf("sampled %+v", got)
		}
	})
}
