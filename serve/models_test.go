package serve_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/rank/modeltest"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/store/mem"
)

// train saves a model whose log-odds are the given field's value, from 0 to 100, times weight:
// a negative weight puts low values first. change, if given, may spoil the manifest.
func train(t testing.TB, disk fsys.FS, change func(*registry.Manifest), field string, weight float64) registry.Manifest {
	t.Helper()
	o := fold.Options{Kinds: freshet.BuiltinEvents(), Features: features, NewTable: mem.New}
	for _, kind := range []string{"itemcf", "popular", "new"} {
		o.Routes = append(o.Routes, fold.Route{Name: "r-" + kind, Kind: kind, Window: freshet.Hour, Within: freshet.Day})
	}
	state, err := fold.New(o)
	if err != nil {
		t.Fatal(err)
	}
	m := modeltest.LR(t, state.RowNames().Numbers, []float64{0, 100}, -1, func(name string) []float32 {
		if name == field {
			return []float32{0, 0, float32(weight)}
		}
		return nil
	})
	manifest := registry.Manifest{Model: "lr", Definitions: feature.Hash(features), LogLoss: 0.3, Baseline: 0.4, AUC: 0.7}
	if change != nil {
		change(&manifest)
	}
	saved, err := registry.Save(disk, manifest, m, time.UnixMilli(t0))
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// clicks gives item i-n n clicks by others.
func (r *rig) clicks(t testing.TB, items int) {
	t.Helper()
	for n := 1; n <= items; n++ {
		for by := range n {
			r.post(t, act(fmt.Sprintf("u-%d", by), "click", fmt.Sprintf("i-%d", n), t0-1000))
		}
	}
}

// TestTheModelRanks: the order is the model's, the score its probability, and why names the
// field that did it.
func TestTheModelRanks(t *testing.T) {
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", -40)
	r := newRig(t, plan{disk: disk})
	r.stock(t, 12)
	r.clicks(t, 6)
	s := r.slate(t, serve.Request{User: "ada", N: 6})
	if s.Model == nil || s.Model.Name != "lr" || s.Model.Version != 1 || len(s.Degraded) > 0 {
		t.Fatalf("model %+v, degraded %q", s.Model, s.Degraded)
	}
	got := shown(s)
	// Six items without a click come first, in recall order; who has clicks would follow.
	if want := []freshet.ItemID{"i-1", "i-2", "i-3", "i-4", "i-5", "i-6"}; slices.ContainsFunc(got, func(id freshet.ItemID) bool { return slices.Contains(want, id) }) {
		t.Errorf("slate %q begins with items that were clicked", got)
	}
	all := r.slate(t, serve.Request{User: "ada", N: 12})
	if got := shown(all)[6:]; !slices.Equal(got, []freshet.ItemID{"i-1", "i-2", "i-3", "i-4", "i-5", "i-6"}) {
		t.Errorf("the clicked ones come as %q, want the fewest clicks first", got)
	}
	for i, item := range all.Items {
		clicks := max(0, i-5)
		if want := rank.Sigmoid(-1 - 0.4*float64(clicks)); math.Abs(item.Score-want) > 1e-6 {
			t.Errorf("%s with %d clicks has score %v, want %v", item.Item, clicks, item.Score, want)
		}
		mean := -0.4 * 21 / 12
		adds := -0.4*float64(clicks) - mean
		switch {
		case adds < 0.01 && len(item.Strong) > 0:
			t.Errorf("%s is explained by %+v", item.Item, item.Strong)
		case adds >= 0.01 && (len(item.Strong) != 1 || item.Strong[0].Field != "feature.item.clicks" || math.Abs(item.Strong[0].Adds-adds) > 1e-6):
			t.Errorf("%s is explained by %+v, want %v by its clicks", item.Item, item.Strong, adds)
		}
	}
}

func TestWithoutAModelRecallRanks(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 3)
	if s := r.slate(t, serve.Request{User: "ada"}); s.Model != nil || len(s.Degraded) > 0 || s.Items[0].Strong != nil {
		t.Errorf("slate %+v", s)
	}
}

// switches are the model records of a journal, in order.
func switches(t *testing.T, disk fsys.FS) (list []fold.Switch) {
	t.Helper()
	reader, err := journal.OpenReader(disk)
	if err != nil {
		t.Fatal(err)
	}
	for {
		rec, err := reader.Next()
		if err != nil {
			break
		}
		if rec.Topic == freshet.TopicModel {
			var s fold.Switch
			if err := json.Unmarshal(rec.Payload, &s); err != nil {
				t.Fatal(err)
			}
			list = append(list, s)
		}
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestAdoptUntilPromoted: a start takes the newest model, as a record, until one was promoted;
// from then on only a promotion changes it.
func TestAdoptUntilPromoted(t *testing.T) {
	disk := fsys.NewMem()
	first := train(t, disk, nil, "feature.item.clicks", 1)
	at := func(want int, by string) *rig {
		t.Helper()
		r := newRig(t, plan{disk: disk.Clone()})
		if live := r.Live(); live.Version != want || live.By != by {
			t.Errorf("version %d ranks, %s; want %d, %s", live.Version, live.By, want, by)
		}
		return r
	}
	r := at(1, fold.Adopted)
	disk = r.disk
	at(1, fold.Adopted) // nothing new: no second record
	train(t, disk, nil, "feature.item.clicks", 2)
	r = at(2, fold.Adopted)
	disk = r.disk
	if got := switches(t, disk); len(got) != 2 || got[0].SHA256 != first.SHA256 || got[1].Version != 2 {
		t.Fatalf("records %+v", got)
	}
	done, err := r.Promote(t.Context(), "lr", 1)
	if err != nil || done.Live != 1 || done.Was == nil || done.Was.Version != 2 || done.Position == 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if again, err := r.Promote(t.Context(), "lr", 1); err != nil || again.Position != done.Position || !again.Already || again.Was != nil {
		t.Errorf("promoted again: %+v, %v; want what was", again, err)
	}
	train(t, disk, nil, "feature.item.clicks", 3)
	r = at(1, fold.Promoted)
	if s := r.slate(t, serve.Request{}); s.Model != nil { // no items, so nothing was ranked
		t.Errorf("an empty slate was ranked by %+v", s.Model)
	}
	r.stock(t, 2)
	if s := r.slate(t, serve.Request{User: "ada"}); s.Model == nil || s.Model.Version != 1 || s.Model.SHA256 != first.SHA256 {
		t.Errorf("ranked by %+v", s.Model)
	}
	if got := len(switches(t, r.disk)); got != 3 {
		t.Errorf("%d records of switches, want 3", got)
	}
}

// TestUnfitModels: what must not rank is neither adopted nor promoted, and is named.
func TestUnfitModels(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, disk *fsys.Mem)
		code  string
		says  string
	}{
		"no better than the mean": {func(t *testing.T, disk *fsys.Mem) {
			train(t, disk, func(m *registry.Manifest) { m.LogLoss = 0.41 }, "feature.item.clicks", 1)
		}, "unfit_model", "no better than"},
		"permuted labels": {func(t *testing.T, disk *fsys.Mem) {
			train(t, disk, func(m *registry.Manifest) { m.Permuted = true }, "feature.item.clicks", 1)
		}, "unfit_model", "permuted"},
		"other fields": {func(t *testing.T, disk *fsys.Mem) {
			m := modeltest.LR(t, []string{"feature.gone"}, nil, 0, func(string) []float32 { return nil })
			if _, err := registry.Save(disk, registry.Manifest{Model: "lr", Definitions: feature.Hash(features), LogLoss: 0.3, Baseline: 0.4}, m, time.UnixMilli(t0)); err != nil {
				t.Fatal(err)
			}
		}, "schema", `"feature.gone"`},
		"other definitions": {func(t *testing.T, disk *fsys.Mem) {
			train(t, disk, func(m *registry.Manifest) { m.Definitions = "of another shop" }, "feature.item.clicks", 1)
		}, "schema", "other definitions"},
		"damaged": {func(t *testing.T, disk *fsys.Mem) {
			train(t, disk, nil, "feature.item.clicks", 1)
			if err := fsys.Replace(disk, "models/lr/2/model.bin", []byte("{}")); err != nil {
				t.Fatal(err)
			}
		}, "checksum", "not the one that the manifest speaks of"},
	} {
		t.Run(name, func(t *testing.T) {
			disk := fsys.NewMem()
			train(t, disk, nil, "feature.item.clicks", 1)
			c.spoil(t, disk)
			r := newRig(t, plan{disk: disk})
			if live := r.Live(); live.Version != 1 {
				t.Errorf("version %d was adopted, want 1", live.Version)
			}
			if len(r.reports) != 1 || !strings.Contains(r.reports[0], "lr version 2") || !strings.Contains(r.reports[0], c.says) {
				t.Errorf("reports %q", r.reports)
			}
			var p *serve.Problem
			if _, err := r.Promote(t.Context(), "lr", 2); !errors.As(err, &p) || p.Code != c.code || !strings.Contains(p.Message, c.says) {
				t.Errorf("promote: %v", err)
			}
			if live := r.Live(); live.Version != 1 || live.Promoted {
				t.Errorf("after a refused promotion %+v ranks", live)
			}
		})
	}
}

func TestPromoteUnknown(t *testing.T) {
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", 1)
	r := newRig(t, plan{disk: disk})
	for _, c := range []struct {
		name    string
		version int
		code    string
	}{{"lr", 2, "unknown_model"}, {"fm", 1, "unknown_model"}, {"..", 1, "bad_model_name"}, {"", 1, "bad_model_name"}, {"a/../lr", 1, "bad_model_name"}} {
		var p *serve.Problem
		if _, err := r.Promote(t.Context(), c.name, c.version); !errors.As(err, &p) || p.Code != c.code {
			t.Errorf("promote %q %d: %v", c.name, c.version, err)
		}
	}
}

// TestALostModelIsNamed: the journal says that a model ranks whose files are gone.
func TestALostModelIsNamed(t *testing.T) {
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", 1)
	r := newRig(t, plan{disk: disk})
	r.stock(t, 2)
	gone := r.disk.Clone()
	for _, name := range []string{"model.bin", "manifest.json"} {
		if err := gone.Remove("models/lr/1/" + name); err != nil {
			t.Fatal(err)
		}
	}
	r = newRig(t, plan{disk: gone})
	if len(r.reports) == 0 || !strings.Contains(r.reports[0], "lr version 1 ranks by the journal and cannot") {
		t.Errorf("reports %q", r.reports)
	}
	s := r.slate(t, serve.Request{User: "ada"})
	if s.Model != nil || !slices.Equal(s.Degraded, []string{"ranker.lr:unavailable", "ranker:fallback_recall"}) || s.Items[0].Score == 0 {
		t.Errorf("slate %+v", s)
	}
}

// TestASwappedModelIsNamed: the files under the version that ranks are whole, and another model's.
func TestASwappedModelIsNamed(t *testing.T) {
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", 1)
	r := newRig(t, plan{disk: disk})
	r.stock(t, 2)
	if _, err := r.Promote(t.Context(), "lr", 1); err != nil { // one that was adopted would be adopted anew
		t.Fatal(err)
	}
	other := fsys.NewMem()
	train(t, other, nil, "feature.item.clicks", 2)
	swapped := r.disk.Clone()
	for _, name := range []string{"model.bin", "manifest.json", "golden.bin"} {
		text, err := fsys.ReadFile(other, "models/lr/1/"+name, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if err := fsys.Replace(swapped, "models/lr/1/"+name, text); err != nil {
			t.Fatal(err)
		}
	}
	r = newRig(t, plan{disk: swapped})
	if len(r.reports) == 0 || !strings.Contains(r.reports[0], "checksum") {
		t.Errorf("reports %q", r.reports)
	}
	if s := r.slate(t, serve.Request{User: "ada"}); s.Model != nil || !slices.Contains(s.Degraded, "ranker.lr:unavailable") {
		t.Errorf("slate %+v", s)
	}
}

// TestToPromoteWhatWasAdopted is a decision, and a record.
func TestToPromoteWhatWasAdopted(t *testing.T) {
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", 1)
	r := newRig(t, plan{disk: disk})
	done, err := r.Promote(t.Context(), "lr", 1)
	if err != nil || done.Already || done.Position == 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if got := switches(t, r.disk); len(got) != 2 || got[0].By != fold.Adopted || got[1].By != fold.Promoted || r.Live().By != fold.Promoted {
		t.Errorf("records %+v, live %+v", got, r.Live())
	}
}

// TestEqualScoresKeepRecallsOrder, and contributions come strongest first.
func TestEqualScoresKeepRecallsOrder(t *testing.T) {
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.gone", 1) // weights of 0 for all there is
	r := newRig(t, plan{disk: disk})
	r.stock(t, 12)
	r.clicks(t, 6)
	ranked := r.slate(t, serve.Request{User: "ada", N: 12, DryRun: true})
	without := r.disk.Clone()
	if err := without.Remove("models/lr/1/model.bin"); err != nil {
		t.Fatal(err)
	}
	plain := newRig(t, plan{disk: without})
	if got, want := shown(ranked), shown(plain.slate(t, serve.Request{User: "ada", N: 12, DryRun: true, At: ranked.Time})); ranked.Model == nil || !slices.Equal(got, want) {
		t.Errorf("equal scores come as %q, recall's order is %q", got, want)
	}
}

func TestContributionsComeStrongestFirst(t *testing.T) {
	disk := fsys.NewMem()
	o := fold.Options{Kinds: freshet.BuiltinEvents(), Features: features, NewTable: mem.New}
	for _, kind := range []string{"itemcf", "popular", "new"} {
		o.Routes = append(o.Routes, fold.Route{Name: "r-" + kind, Kind: kind, Window: freshet.Hour, Within: freshet.Day})
	}
	state, err := fold.New(o)
	if err != nil {
		t.Fatal(err)
	}
	m := modeltest.LR(t, state.RowNames().Numbers, []float64{0, 100}, 0, func(name string) []float32 {
		switch name { // ever stronger, in the order of the fields
		case "recall.routes":
			return []float32{0, 0, 5}
		case "r-popular.score", "recall.r-popular.score":
			return []float32{0, 0, 10}
		case "feature.item.clicks":
			return []float32{0, 0, 40}
		}
		return nil
	})
	if _, err := registry.Save(disk, registry.Manifest{Model: "lr", Definitions: feature.Hash(features), LogLoss: 0.3, Baseline: 0.4}, m, time.UnixMilli(t0)); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, plan{disk: disk})
	r.stock(t, 12)
	r.clicks(t, 6)
	several := 0
	for _, item := range r.slate(t, serve.Request{User: "ada", N: 12}).Items {
		if !slices.IsSortedFunc(item.Strong, func(a, b serve.Contribution) int { return cmp.Compare(b.Adds, a.Adds) }) {
			t.Errorf("%s is explained by %+v", item.Item, item.Strong)
		}
		if len(item.Strong) > 1 {
			several++
		}
	}
	if several == 0 {
		t.Error("nothing has several contributions")
	}
}

// TestTheServedRecordNamesTheModel, and a change of the model is in the next slate.
func TestTheServedRecordNamesTheModel(t *testing.T) {
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", 1)
	r := newRig(t, plan{disk: disk})
	r.stock(t, 3)
	r.slate(t, serve.Request{User: "ada"})
	second := train(t, r.disk, nil, "feature.item.clicks", 2)
	done, err := r.Promote(t.Context(), "lr", 2)
	if err != nil {
		t.Fatal(err)
	}
	r.slate(t, serve.Request{User: "ada", MinPosition: done.Position})
	r.settled(t)
	reader, err := journal.OpenReader(r.disk)
	if err != nil {
		t.Fatal(err)
	}
	var models []fold.ServedModel
	for {
		rec, err := reader.Next()
		if err != nil {
			break
		}
		if rec.Topic == freshet.TopicServed {
			var s fold.Served
			if err := json.Unmarshal(rec.Payload, &s); err != nil || s.Model == nil {
				t.Fatalf("%s, %v", rec.Payload, err)
			}
			models = append(models, *s.Model)
		}
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	if len(models) != 2 || models[0].Version != 1 || models[1].Version != 2 || models[1].SHA256 != second.SHA256 || models[1].Position < done.Position {
		t.Errorf("served records name %+v", models)
	}
}

// TestNoTimeToRank: when the deadline has come with recall, its order stands and that is said.
func TestNoTimeToRank(t *testing.T) {
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", -40)
	var over context.CancelFunc
	r := newRig(t, plan{disk: disk, routes: []string{"itemcf", "popular", "new"}, budget: freshet.Minute,
		scenes: map[string]serve.Scene{"home": {Budget: freshet.Minute, Routes: []string{"r-popular"}}},
		wrap: func(route recall.Route) recall.Route {
			return &rough{route, func(ctx context.Context, req *recall.Request, n int) ([]recall.Proposal, error) {
				defer over() // the time is up as it answers
				return route.Recall(ctx, req, n)
			}}
		}})
	r.stock(t, 5)
	r.clicks(t, 3)
	for range 100 { // on a busy machine the route may be left behind at once
		ctx, cancel := context.WithCancel(t.Context())
		over = cancel
		s, err := r.Recommend(ctx, &serve.Request{User: "ada"})
		if err != nil {
			t.Fatal(err)
		}
		r.settled(t)
		if slices.Contains(s.Degraded, "recall.r-popular:timeout") {
			continue
		}
		if s.Model != nil || !slices.Equal(s.Degraded, []string{"ranker.lr:timeout", "ranker:fallback_recall"}) || len(s.Items) != 3 {
			t.Errorf("model %+v, degraded %q, %d items", s.Model, s.Degraded, len(s.Items))
		}
		return
	}
	t.Error("its route was always late")
}
