package serve_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/store/mem"
)

// define swaps the features of a rig that has no event yet.
func (r *rig) define(t *testing.T, defs []feature.Definition, config string) freshet.Position {
	t.Helper()
	text, err := json.Marshal(map[string]any{"features": defs})
	if err != nil {
		t.Fatal(err)
	}
	w := r.state.NewWarming(fold.Options{Features: defs, Config: config, MaxFuture: freshet.Minute, NewTable: mem.New}, text)
	r.stream.Hold(func(freshet.Position) {
		w.Attach()
		if level, err := w.Level(0); !level || err != nil {
			t.Error(level, err)
		}
	})
	if err := r.stream.Define(t.Context(), t0, text); err != nil {
		t.Fatal(err)
	}
	if w.Swapped() == 0 {
		t.Fatal("nothing was swapped")
	}
	return w.Swapped()
}

// lastServed is the newest served record of the journal.
func (r *rig) lastServed(t *testing.T) (rec fold.Served) {
	t.Helper()
	r.settled(t)
	reader, err := journal.OpenReader(r.disk)
	if err != nil {
		t.Fatal(err)
	}
	for {
		one, err := reader.Next()
		if err != nil {
			break
		}
		if one.Topic == freshet.TopicServed {
			rec = fold.Served{}
			if err := json.Unmarshal(one.Payload, &rec); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	return rec
}

// TestFeaturesThatChange: from the position of the swap on, records carry the hashes of what came, a
// model that was trained on what was does not rank, nor may it be promoted, and features are those
// that came; when what was comes back, so does the model.
func TestFeaturesThatChange(t *testing.T) {
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", -40)
	r := newRig(t, plan{disk: disk})
	r.stock(t, 4)
	r.slate(t, serve.Request{User: "ada"})
	if rec := r.lastServed(t); rec.Definitions != feature.Hash(features) || rec.Model == nil {
		t.Fatalf("before: %+v", rec)
	}
	other := []feature.Definition{{Name: "item.likes", Version: 2, Key: []string{"item"}, On: []string{"like"}, Agg: feature.Count}, features[0]}
	p := r.define(t, other, "c-2")
	s := r.slate(t, serve.Request{User: "ada"})
	if s.Model != nil || !slices.Contains(s.Degraded, "ranker.lr:unavailable") {
		t.Errorf("the old model ranks: %+v, %q", s.Model, s.Degraded)
	}
	if rec := r.lastServed(t); rec.Definitions != feature.Hash(other) || rec.Config != "c-2" || rec.Model != nil {
		t.Errorf("after: %+v", rec)
	}
	live := r.Live()
	if r.AtHand(&live) || r.Definitions() != feature.Hash(other) {
		t.Errorf("model %+v at hand, definitions %s", live, r.Definitions())
	}
	if _, err := r.Promote(t.Context(), "lr", 1); err == nil || !strings.Contains(err.Error(), "other") {
		t.Errorf("promoted: %v", err)
	}
	r.post(t, act("ada", "like", "i-1", t0), act("bob", "view", "i-2", t0))
	rows, err := r.Features(t.Context(), &serve.FeaturesRequest{User: "ada", Items: []freshet.ItemID{"i-1", "i-2"}})
	if err != nil || !slices.Equal(rows.Names, []string{"item.likes", "user.clicks"}) || rows.Rows[0][0].Value.Value != 1 || rows.Rows[1][0].Value.Value != 0 {
		t.Errorf("%+v %v", rows, err)
	}
	if _, err := r.Features(t.Context(), &serve.FeaturesRequest{Names: []string{"item.clicks"}}); err == nil {
		t.Error("a feature that went is read")
	}
	defs := r.FeatureDefs()
	if len(defs.Features) != 2 || defs.Hash != feature.Hash(other) {
		t.Fatalf("%+v", defs)
	}
	likes, clicks := defs.Features[0], defs.Features[1]
	if likes.Name != "item.likes" || likes.Since != p || likes.Cost.Keys != 1 || likes.Events != 1 || likes.Reads != 2 || likes.Defaults != 1 || clicks.Defaults != 2 {
		t.Errorf("%+v %+v", likes, clicks)
	}
	back := newRig(t, plan{disk: fsys.NewMem()})
	train(t, back.disk, nil, "feature.item.clicks", -40)
	if err := back.Adopt(t.Context()); err != nil {
		t.Fatal(err)
	}
	back.stock(t, 3)
	back.define(t, other, "")
	back.define(t, features, "")
	if s := back.slate(t, serve.Request{User: "ada"}); s.Model == nil || len(s.Degraded) > 0 {
		t.Errorf("the model does not rank again: %q", s.Degraded)
	}
	if d := back.FeatureDefs(); d.Features[2].Reads != 1 || d.Features[2].Defaults != 1 {
		t.Errorf("a ranked slate counts one row: %+v", d.Features[2])
	}
}
