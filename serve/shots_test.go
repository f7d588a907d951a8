package serve_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/rank/modeltest"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
)

// TestShotsOfOtherFeatures: what was kept of requests before the features were changed is asked of no
// ranker of those that came, neither by a promotion nor by a trial.
func TestShotsOfOtherFeatures(t *testing.T) {
	const visitors = 200
	disk := fsys.NewMem()
	save(t, disk, good(), sound.ranker(t))
	r := newRig(t, plan{disk: disk})
	r.stock(t, 24)
	if _, err := r.Take(t.Context(), "lr", 1, serve.Step{Stage: fold.Shadow}); err != nil {
		t.Fatal(err)
	}
	for i := range visitors {
		r.know(t, freshet.User{ID: freshet.UserID(fmt.Sprintf("new-%d", i))})
		r.ask(t, i)
	}
	more := features
	for i := range 4 { // rows are longer than before
		more = append(more[:len(more):len(more)], feature.Definition{Name: fmt.Sprintf("user.likes%d", i), Key: []string{"user"}, On: []string{"like"}, Agg: feature.Count})
	}
	r.define(t, more, "c-2")
	later := func() *rank.Ranker {
		return modeltest.LR(t, r.state.RowNames().Numbers, []float64{0, 100}, -2, func(name string) []float32 {
			switch name {
			case "recall.r-new.rank", "recall.r-popular.rank":
				return []float32{0, 0, -10}
			case "feature.item.clicks":
				return []float32{0, 0, 20}
			}
			return nil
		})
	}
	of := registry.Manifest{Model: "lr", Definitions: feature.Hash(more), LogLoss: 0.3, Baseline: 0.4, AUC: 0.7}
	save(t, disk, of, later())
	save(t, disk, of, later())
	r.clock.Add(60_000)
	for i := range visitors {
		r.post(t, act(fmt.Sprintf("new-%d", i), "click", fmt.Sprintf("i-%d", 1+i%24), t0+30_000))
	}
	if done, err := r.Promote(t.Context(), "lr", 2); err != nil || len(done.Unasked) == 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if _, err := r.Take(t.Context(), "lr", 3, serve.Step{Stage: fold.Shadow}); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if m := r.ask(t, visitors+i); m == nil || m.Version != 2 {
			t.Errorf("%+v ranks", m)
		}
	}
	if on := r.OnTrial(); on == nil || on.Requests < 20 || on.Caught != nil {
		t.Errorf("on trial is %+v", on)
	}
	if list := r.reported(); len(list) > 0 {
		t.Errorf("reported: %q", list)
	}
}

// TestNewVisitorsAsk: what visitors wanted who were not known before their slate counts at a promotion.
func TestNewVisitorsAsk(t *testing.T) {
	r := shop(t, 0, nil)
	save(t, r.disk, good(), sound.ranker(t))
	if _, err := r.Take(t.Context(), "lr", 2, serve.Step{Stage: fold.Shadow}); err != nil {
		t.Fatal(err)
	}
	const visitors = 100
	for i := range visitors {
		r.ask(t, i)
	}
	r.clock.Add(60_000)
	for i := range visitors {
		r.post(t, act(fmt.Sprintf("new-%d", i), "click", "i-24", t0+30_000))
	}
	done, err := r.Promote(t.Context(), "lr", 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, gate := range done.Unasked {
		if gate[:8] == "ranking:" {
			t.Error(gate)
		}
	}
}

// TestARestartAdoptsNoTrial: the newest version is not live after a restart when it is on trial, nor
// when its trial is over.
func TestARestartAdoptsNoTrial(t *testing.T) {
	for _, stage := range []fold.Stage{fold.Shadow, fold.Canary, fold.Ended} {
		disk := fsys.NewMem()
		save(t, disk, good(), sound.ranker(t))
		r := newRig(t, plan{disk: disk})
		save(t, disk, good(), sound.ranker(t))
		step := stage
		if stage == fold.Ended {
			step = fold.Shadow
		}
		if _, err := r.Take(t.Context(), "lr", 2, serve.Step{Stage: step}); err != nil {
			t.Fatal(err)
		}
		if stage == fold.Ended {
			if _, err := r.Rollback(t.Context(), "", false, ""); err != nil {
				t.Fatal(err)
			}
		}
		r.settled(t)
		again := newRig(t, plan{disk: disk.Clone()})
		if live := again.Live(); live.Version != 1 || (again.OnTrial() != nil) != (stage != fold.Ended) {
			t.Errorf("%s: after a restart %+v is live", stage, live)
		}
	}
}

// TestBundlesAreLetGo: at hand are the ranker that is live, the one before and the one on trial, however
// many there were; and what is further back is read again when it is gone back to.
func TestBundlesAreLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := shop(t, 0, nil)
		for i := 2; i <= 6; i++ {
			l := sound
			l.clicks *= 1 + float64(i)/100
			save(t, r.disk, good(), l.ranker(t))
			if _, err := r.Take(t.Context(), "lr", i, serve.Step{Stage: fold.Shadow}); err != nil {
				t.Fatal(err)
			}
			if n := r.BundlesAtHand(); n > 3 {
				t.Errorf("with version %d on trial %d bundles are at hand", i, n)
			}
			if _, err := r.Promote(t.Context(), "lr", i); err != nil {
				t.Fatal(err)
			}
			if n := r.BundlesAtHand(); n != 2 {
				t.Errorf("with version %d live %d bundles are at hand", i, n)
			}
		}
		for i := 5; i >= 1; i-- {
			if done, err := r.Rollback(t.Context(), "", false, ""); err != nil || done.Live != i {
				t.Fatalf("%+v, %v", done, err)
			}
			live := r.Live()
			synctest.Wait() // what could be gone back to next is read beside
			if n := r.BundlesAtHand(); !r.AtHand(&live) || n != min(i, 2) {
				t.Errorf("back at version %d, at hand %v, of %d bundles", i, r.AtHand(&live), n)
			}
		}
	})
}

// TestARankerWithoutWords: where rows have words, one that was trained without is refused with the ways
// out.
func TestARankerWithoutWords(t *testing.T) {
	disk := fsys.NewMem()
	r := newRig(t, plan{disk: disk, words: []string{"item.categories"}})
	save(t, disk, good(), sound.ranker(t))
	if _, err := r.Promote(t.Context(), "lr", 1); err == nil || !strings.Contains(err.Error(), "ranker: {fields: []}") || !strings.Contains(err.Error(), "train anew") {
		t.Error(err)
	}
}

// TestARollbackReadsTheOneBefore: what the next rollback would go back to is read at once, it is told when
// that cannot be, and nothing is read beside a server that is closed.
func TestARollbackReadsTheOneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, closed := range []bool{false, true} {
			disk := fsys.NewMem()
			r := newRig(t, plan{disk: disk})
			for version := 1; version <= 4; version++ {
				train(t, disk, nil, "feature.item.clicks", float64(version)/8)
				if _, err := r.Promote(t.Context(), "lr", version); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range []string{"models/lr/2/manifest.json", "models/lr/1/manifest.json"} {
				if err := disk.Remove(name); err != nil {
					t.Fatal(err)
				}
			}
			if closed {
				r.Close()
			}
			if _, err := r.Rollback(t.Context(), "lr", false, ""); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // for what goes on beside
			reports := r.reported()
			if n := len(reports); n != map[bool]int{false: 1, true: 0}[closed] {
				t.Errorf("closed %v: it was told %q", closed, reports)
			}
			if len(reports) > 0 && !strings.HasPrefix(reports[0], "lr version 2, to which a rollback would go back, is not at hand: ") {
				t.Errorf("it was told %q", reports)
			}
		}
	})
}
