package serve_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/serve"
)

// TestServedRowsAreRecomputed: while slates are served, the values of features that they were
// ranked by are recomputed from raw events; a state that has gone wrong is noticed.
func TestServedRowsAreRecomputed(t *testing.T) {
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", 3)
	r := newRig(t, plan{disk: disk, watch: 1})
	rng := rand.New(rand.NewPCG(3, 4))
	r.stock(t, 20)
	slates := func() {
		for range 200 {
			r.clock.Add(rng.Int64N(20_000))
			user := fmt.Sprintf("u-%d", rng.IntN(8))
			r.post(t, act(user, []string{"click", "like", "expose", "view"}[rng.IntN(4)], fmt.Sprintf("i-%d", 1+rng.IntN(20)), r.clock.Load()-rng.Int64N(60_000)))
			r.slate(t, serve.Request{User: freshet.UserID(user), N: 5})
		}
	}
	slates()
	w := r.Watched()
	if w.Cells < 200 || w.Differing != 0 || w.OneIn != 1 || w.Keys == 0 {
		t.Fatalf("%+v after 200 slates; want many cells and none that differs", w)
	}
	if said := r.reported(); len(said) > 0 {
		t.Fatalf("reported: %q", said)
	}
	// One event that the features count and the journal never had.
	r.stream.View(func(freshet.Position) {
		e := freshet.Event{Name: "click", Time: r.clock.Load()}
		for n := range 20 {
			r.state.Features.Apply(r.state.Visitors.Find("u-1"), uint32(n+1), &e)
		}
	})
	slates()
	said := strings.Join(r.reported(), "\n")
	if w := r.Watched(); w.Differing == 0 || !strings.Contains(said, "audit: feature item.clicks in the row of item") {
		t.Errorf("a state that is wrong: %+v, reported %q", w, said)
	}
}

// TestLetGoIsNoDifference: values over events that went with their key for want of room are told apart from
// those that differ, and the others are still compared.
func TestLetGoIsNoDifference(t *testing.T) {
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", 3)
	r := newRig(t, plan{disk: disk, watch: 1, maxKeys: 16})
	rng := rand.New(rand.NewPCG(3, 15))
	r.stock(t, 20)
	for range 300 {
		r.clock.Add(rng.Int64N(60_000))
		user := fmt.Sprintf("u-%d", rng.IntN(8))
		r.post(t, act(user, "click", fmt.Sprintf("i-%d", 1+rng.IntN(20)), r.clock.Load()-rng.Int64N(60_000)))
		r.slate(t, serve.Request{User: freshet.UserID(user), N: 5})
	}
	w, sizes := r.Watched(), r.Sizes()
	if w.Cells < 200 || w.Differing != 0 || w.LetGo < 20 || len(r.reported()) > 0 {
		t.Errorf("%+v after 300 slates, reported %q; want many cells, none that differs, some not comparable", w, r.reported())
	}
	if sizes.Keys > 16 || sizes.MaxKeys != 16 || sizes.Evicted < 20 || sizes.Bytes == 0 {
		t.Errorf("%+v; want at most 16 keys", sizes)
	}
	if defs := r.FeatureDefs(); defs.Sizes != sizes.FeatureSizes {
		t.Errorf("the features are said to hold %+v, and %+v", defs.Sizes, sizes.FeatureSizes)
	}
}
