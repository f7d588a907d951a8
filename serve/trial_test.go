package serve_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/rank/modeltest"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/store/mem"
)

// linear is a ranker over the rows of a rig's three routes: log-odds by how often an item was clicked
// and how many routes propose it.
type linear struct{ bias, clicks, routes float64 }

// sound is the one that is live in these tests.
var sound = linear{-2, 20, 10}

func (l linear) ranker(t testing.TB) *rank.Ranker {
	return modeltest.LR(t, rowNames(t), []float64{0, 100}, float32(l.bias), func(name string) []float32 {
		switch name {
		case "feature.item.clicks":
			return []float32{0, 0, float32(l.clicks)}
		case "recall.routes":
			return []float32{0, 0, float32(l.routes)}
		}
		return nil
	})
}

// rowNames are those of a rig's rows.
func rowNames(t testing.TB) []string {
	t.Helper()
	o := fold.Options{Kinds: freshet.BuiltinEvents(), Features: features, NewTable: mem.New}
	for _, kind := range []string{"itemcf", "popular", "new"} {
		o.Routes = append(o.Routes, fold.Route{Name: "r-" + kind, Kind: kind, Window: freshet.Hour, Within: freshet.Day})
	}
	state, err := fold.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return state.RowNames().Numbers
}

// good is the manifest of a ranker that its training found good.
func good() registry.Manifest {
	return registry.Manifest{Model: "lr", Definitions: feature.Hash(features), LogLoss: 0.3, Baseline: 0.4, AUC: 0.7}
}

func save(t testing.TB, disk fsys.FS, m registry.Manifest, model registry.Model) registry.Manifest {
	t.Helper()
	saved, err := registry.Save(disk, m, model, time.UnixMilli(t0))
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// shop is a rig with a sound live model, 24 items with 1 to 24 clicks, and so many visitors who acted
// after that.
func shop(t testing.TB, visitors int, stopwatch func() time.Duration) *rig {
	t.Helper()
	disk := fsys.NewMem()
	save(t, disk, good(), sound.ranker(t))
	r := newRig(t, plan{disk: disk, stopwatch: stopwatch})
	if _, err := r.Promote(t.Context(), "lr", 1); err != nil {
		t.Fatal(err)
	}
	r.stock(t, 24)
	for n := 1; n <= 24; n++ {
		for range n {
			r.post(t, act("crowd", "click", fmt.Sprintf("i-%d", n), t0-1000))
		}
	}
	for i := range visitors {
		r.post(t, act(fmt.Sprintf("v-%d", i), "click", fmt.Sprintf("i-%d", 1+i%24), t0-1000))
	}
	return r
}

// ask asks for one slate of somebody new, and waits until the trial has looked at it or is over. It
// returns what ranked.
func (r *rig) ask(t testing.TB, i int) *serve.Model {
	t.Helper()
	before := r.OnTrial()
	s := r.slate(t, serve.Request{User: freshet.UserID(fmt.Sprintf("new-%d", i)), N: 5})
	until(t, "the trial has looked at a request", func() bool {
		now := r.OnTrial()
		return before == nil || now == nil || now.Requests > before.Requests || now.Caught != nil
	})
	return s.Model
}

// over waits for the end of the trial.
func (r *rig) over(t testing.TB) {
	t.Helper()
	until(t, "the trial is over", func() bool { return r.OnTrial() == nil })
}

// atMost is the longest time that something took, for a figure.
func atMost(g *goal.Run, longest time.Duration) string {
	if !g.TimesCount() {
		return "not timed"
	}
	return longest.Round(time.Millisecond).String() + " at most"
}

// TestGoalMisbehaving puts misbehaving models on trial, in the shadow and for a share of visitors, and
// good ones beside: the first are withdrawn by the server before a twentieth of 2,000 requests, the
// others stay.
func TestGoalMisbehaving(t *testing.T) {
	const traffic = 2000
	g := goal.Begin(t, "G24", "≥ 24 of 25 caught before 5 % of traffic, ≤ 1 of 20 good ones withdrawn, back ≤ 10 s", goal.Sizes{Quick: 6, CI: 25})
	rng := rand.New(rand.NewPCG(g.Seed(), 24))
	caught, latest, most := 0, 0, time.Duration(0)
	for g.More() {
		i := g.N()
		l, code := sound, ""
		switch i % 3 {
		case 0:
			l.clicks, l.routes, code = -sound.clicks*(0.5+rng.Float64()), -sound.routes*rng.Float64(), registry.Inverted
		case 1:
			l = linear{sound.bias + rng.NormFloat64(), 0, 0}
			code = registry.Constant
		case 2:
			l.bias, code = sound.bias+[]float64{-4, 3, 5}[i/3%3], registry.Shifted
		}
		step := serve.Step{Stage: fold.Shadow}
		if i%2 == 0 {
			step = serve.Step{Stage: fold.Canary, Percent: 5}
		}
		r := shop(t, 5, nil) // too few visitors for the gates to say it before
		save(t, r.disk, good(), l.ranker(t))
		if _, err := r.Take(t.Context(), "lr", 2, step); err != nil {
			t.Fatal(err)
		}
		n := 0
		for on := r.OnTrial(); n < traffic/20 && on != nil && on.Caught == nil; on = r.OnTrial() {
			r.ask(t, n)
			n++
		}
		from := time.Now()
		if n < traffic/20 {
			r.over(t)
			caught++
		} else {
			t.Logf("case %d, %+v as %s: not caught in %d requests", i, l, step.Stage, n)
		}
		most, latest = max(most, time.Since(from)), max(latest, n)
		r.settled(t)
		list := switches(t, r.disk)
		if last := list[len(list)-1]; last.By == fold.Withdrawn && last.Code != code {
			t.Errorf("case %d, %+v: withdrawn for %s: %s; want %s", i, l, last.Code, last.Reason, code)
		}
		if live := r.Live(); live.Version != 1 {
			t.Errorf("case %d: version %d is live", i, live.Version)
		}
		for j := range 20 {
			if m := r.ask(t, 10_000+j); n < traffic/20 && (m == nil || m.Version != 1) {
				t.Errorf("case %d: after it was withdrawn %+v ranks", i, m)
			}
		}
		g.Add(1)
	}
	if g.TimesCount() && most > 10*time.Second {
		t.Errorf("back after %s", most)
	}
	if caught*25 < 24*g.N() {
		t.Errorf("%d of %d were caught", caught, g.N())
	}
	alarms, tries := 0, 20
	if g.Quick() {
		tries = 4
	}
	for i := range tries {
		// Other weights, and a bias that keeps the mean log-odds, as training does.
		l := linear{sound.bias + 0.2*rng.NormFloat64(), sound.clicks * (0.5 + rng.Float64()), sound.routes * 2 * rng.NormFloat64()}
		l.bias -= 0.125*(l.clicks-sound.clicks) + 0.015*(l.routes-sound.routes)
		r := shop(t, 5, nil)
		save(t, r.disk, good(), l.ranker(t))
		if _, err := r.Take(t.Context(), "lr", 2, serve.Step{Stage: []fold.Stage{fold.Shadow, fold.Canary}[i%2]}); err != nil {
			t.Fatal(err)
		}
		for n := range 150 {
			r.ask(t, n)
		}
		if r.OnTrial() == nil {
			alarms++
			list := switches(t, r.disk)
			t.Logf("%+v was withdrawn: %+v", l, list[len(list)-1])
		}
	}
	if alarms*20 > tries {
		t.Errorf("%d of %d good ones were withdrawn", alarms, tries)
	}
	g.End("%d of %d caught within %d requests of %d, %d of %d good ones withdrawn, back: %s", caught, g.N(), latest, traffic, alarms, tries, atMost(g, most))
}

// TestACanaryRanksForItsShare, the same visitors each time, and the record names it.
func TestACanaryRanksForItsShare(t *testing.T) {
	r := shop(t, 5, nil)
	l := sound
	l.clicks *= 1.2
	m := save(t, r.disk, good(), l.ranker(t))
	if _, err := r.Take(t.Context(), "lr", 2, serve.Step{Stage: fold.Canary, Percent: 30}); err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		name := fmt.Sprintf("new-%d", i%40)
		want := 1
		if fold.Canaries(m.SHA256, "u:"+name, 30) {
			want = 2
		}
		if s := r.slate(t, serve.Request{User: freshet.UserID(name), N: 3}); s.Model == nil || s.Model.Version != want {
			t.Errorf("%s: %+v ranked, want version %d", name, s.Model, want)
		}
	}
	r.settled(t)
	if a := r.OnTrial().Arms; a.Live.Slates+a.Challenger.Slates != 200 || a.Challenger.Slates == 0 {
		t.Errorf("arms %+v", a)
	}
}

// restore puts the files of a version back, from another disk: the manifest last, as it is saved, so that
// nobody finds it beside other files than its own.
func restore(t testing.TB, disk, from fsys.FS, version int) {
	t.Helper()
	for _, file := range []string{"model.bin", "golden.bin", "manifest.json"} {
		name := fmt.Sprintf("models/lr/%d/%s", version, file)
		text, err := fsys.ReadFile(from, name, 1<<20)
		if err == nil {
			err = fsys.Replace(disk, name, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestGoalRollback: while requests come, and the files of all models are gone, the version that was
// live before is live again, at once and after a restart; after one without its files, as soon as they are
// there.
func TestGoalRollback(t *testing.T) {
	g := goal.Begin(t, "G25", "≤ 1 s, 0 failed requests, survives restart", goal.Sizes{Quick: 2, CI: 20})
	var slowest time.Duration
	var served atomic.Uint64
	for g.More() {
		r := shop(t, 5, nil)
		l := sound
		l.clicks *= 1.1
		save(t, r.disk, good(), l.ranker(t))
		if _, err := r.Promote(t.Context(), "lr", 2); err != nil {
			t.Fatal(err)
		}
		whole := r.disk.Clone()
		for _, file := range []string{"model.bin", "manifest.json", "golden.bin"} {
			for _, version := range []string{"1", "2"} {
				if err := r.disk.Remove("models/lr/" + version + "/" + file); err != nil {
					t.Fatal(err)
				}
			}
		}
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for c := range 3 {
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					s, err := r.Recommend(t.Context(), &serve.Request{User: freshet.UserID(fmt.Sprintf("c%d-%d", c, i)), N: 5})
					if err != nil || len(s.Items) != 5 || s.Model == nil || len(s.Degraded) > 0 {
						t.Errorf("a request during the rollback: %+v, %v", s, err)
						return
					}
					served.Add(1)
				}
			})
		}
		enough := served.Load() + 30
		until(t, "requests go on", func() bool { return served.Load() >= enough || t.Failed() })
		began := time.Now()
		done, err := r.Rollback(t.Context(), "lr", false, "a test")
		took := time.Since(began)
		slowest = max(slowest, took)
		if err != nil || done.Live != 1 || done.Was != 2 {
			t.Errorf("%+v, %v", done, err)
		}
		if g.TimesCount() && took > time.Second {
			t.Errorf("it took %s", took)
		}
		if s := r.slate(t, serve.Request{User: "ada", MinPosition: done.Position}); s.Model == nil || s.Model.Version != 1 {
			t.Errorf("after it %+v ranks", s.Model)
		}
		enough = served.Load() + 30
		until(t, "requests go on", func() bool { return served.Load() >= enough || t.Failed() })
		close(stop)
		wg.Wait()
		r.settled(t)
		image := r.disk.Clone()
		restore(t, image, whole, 1)
		down := newRig(t, plan{disk: r.disk.Clone()}) // another restart, before they do
		if s := down.slate(t, serve.Request{User: "ada"}); s.Model != nil || !slices.Contains(s.Degraded, "ranker.lr:unavailable") || down.Regained() != 0 {
			t.Errorf("after a restart without files %+v ranks, degraded %v", s.Model, s.Degraded)
		}
		records := len(switches(t, down.disk))
		restore(t, down.disk, whole, 1)
		until(t, "the model is found", func() bool { return down.Regained() > 0 })
		if s := down.slate(t, serve.Request{User: "ada"}); s.Model == nil || s.Model.Version != 1 || len(s.Degraded) > 0 {
			t.Errorf("with its files again %+v ranks, degraded %v", s.Model, s.Degraded)
		}
		if n := len(switches(t, down.disk)); n != records || down.Regained() != 1 {
			t.Errorf("%d switches became %d, %d models were found again", records, n, down.Regained())
		}
		down.settled(t)
		restore(t, down.disk, whole, 2) // which ranked, too
		all := entries(t, down.disk)
		if err := replayer(t, down.disk, all).ReplayAll(t.Context(), servedIn(t, all), func(one serve.Replayed) error {
			if one.Err != nil {
				return one.Err
			}
			if diff := serve.Differences(one.Record, one.Again); diff != "" {
				t.Errorf("%s: %s", one.Record.Request, diff)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		again := newRig(t, plan{disk: image})
		if s := again.slate(t, serve.Request{User: "ada"}); again.Live().Version != 1 || again.Live().By != fold.Restored || s.Model == nil || s.Model.Version != 1 {
			t.Errorf("after a restart %+v is live and %+v ranks", again.Live(), s.Model)
		}
		var p *serve.Problem
		if _, err := again.Rollback(t.Context(), "", false, ""); !errors.As(err, &p) || p.Code != "nothing_before" {
			t.Errorf("further back: %v", err)
		}
		g.Add(1)
	}
	g.End("%s, 0 failed of %d requests", atMost(g, slowest), served.Load())
}

// TestRollbackWaitsForNoGate: while a version stands at a gate, the one that is live is rolled back, slates
// are ranked by the one before, and a publication could be journaled; the promotion then fails, since it was
// held against another one, what was live stays at hand, and the next promotion goes through.
func TestRollbackWaitsForNoGate(t *testing.T) {
	var slow atomic.Bool
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	var passed atomic.Int64
	r := shop(t, 0, func() time.Duration {
		if slow.CompareAndSwap(true, false) {
			entered <- struct{}{}
			<-leave
		}
		return time.Duration(passed.Add(int64(time.Microsecond)))
	})
	for i := 2; i <= 3; i++ {
		l := sound
		l.clicks *= 1 + float64(i)/100
		save(t, r.disk, good(), l.ranker(t))
	}
	if _, err := r.Promote(t.Context(), "lr", 2); err != nil {
		t.Fatal(err)
	}
	slow.Store(true)
	ended := make(chan error, 1)
	go func() {
		_, err := r.Promote(t.Context(), "lr", 3)
		ended <- err
	}()
	<-entered
	done, err := r.Rollback(t.Context(), "", false, "")
	if err != nil || done.Live != 1 || done.Was != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	if _, err := r.Publish(t.Context()); err != nil {
		t.Error(err)
	}
	if s := r.slate(t, serve.Request{User: "ada", N: 5}); s.Model == nil || s.Model.Version != 1 {
		t.Errorf("ranked by %+v", s.Model)
	}
	select {
	case err := <-ended:
		t.Fatalf("the promotion did not wait at the gate: %v", err)
	default:
	}
	close(leave)
	var p *serve.Problem
	if err := <-ended; !errors.As(err, &p) || p.Code != "switched_meanwhile" {
		t.Errorf("the promotion ends with %v", err)
	}
	if live := r.Live(); live.Version != 1 || !r.AtHand(&live) {
		t.Errorf("live is %+v, at hand %v", live, r.AtHand(&live))
	}
	if done, err := r.Promote(t.Context(), "lr", 3); err != nil || done.Was == nil || done.Was.Version != 1 {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestTrialIsListedWithoutFiles: what is on trial can be named, and so be ended, while the registry
// cannot be read.
func TestTrialIsListedWithoutFiles(t *testing.T) {
	r := shop(t, 5, nil)
	l := sound
	l.clicks *= 1.1
	m := good()
	m.Model = "other"
	save(t, r.disk, m, l.ranker(t))
	if _, err := r.Take(t.Context(), "other", 1, serve.Step{Stage: fold.Shadow}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"models/other/1/golden.bin", "models/other/1/manifest.json", "models/other/1/model.bin", "models/other/1", "models/other"} {
		if err := r.disk.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	list, err := r.Models()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range list {
		names = append(names, list[i].Name)
	}
	if !slices.Equal(names, []string{"lr", "other"}) {
		t.Errorf("listed are %q", names)
	}
}
