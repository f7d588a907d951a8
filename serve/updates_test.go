package serve_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/serve"
)

// quick is an update that judges after few rows.
func quick() *learn.Updater {
	return learn.NewUpdater(learn.UpdaterOptions{Window: 5 * freshet.Minute, Every: freshet.Second, VisitorMoves: 100, VisitorRows: 1000, Pace: learn.Pace{Admission: 1},
		Gate: learn.GateOptions{Horizon: 5 * freshet.Minute, Settle: freshet.Second, Rows: 100, Positives: 10}})
}

// learning is a rig with a ranker that is updated online, items that were clicked, and chance for a crowd.
func learning(t testing.TB) (*rig, *rand.Rand) {
	t.Helper()
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", 0.5)
	r := newRig(t, plan{disk: disk, updater: quick()})
	r.stock(t, 12)
	r.clicks(t, 6)
	return r, rand.New(rand.NewPCG(3, 4))
}

// crowd has visitors come who are shown slates, and click on what is new of them.
func (r *rig) crowd(t testing.TB, rng *rand.Rand, n int) (slates []*serve.Reply) {
	t.Helper()
	for i := range n {
		r.clock.Add(2000)
		user := fmt.Sprintf("v-%d", rng.IntN(40))
		s := r.slate(t, serve.Request{User: freshet.UserID(user), N: 6})
		slates = append(slates, s)
		r.settled(t)
		for _, it := range s.Items {
			e := act(user, "expose", string(it.Item), r.clock.Load())
			e.Request = s.Request
			r.post(t, e)
			if it.Item == "i-2" || it.Item == "i-5" || rng.IntN(20) == 0 {
				e.Name = "click"
				r.post(t, e)
			}
		}
		if i%5 == 0 {
			if _, err := r.Publish(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.settled(t)
	return slates
}

func (r *rig) packed() string {
	w := &pack.Writer{}
	r.stream.View(func(freshet.Position) { r.state.Pack(w) })
	return string(w.Bytes)
}

// TestWhatIsLearnedOnlineRanks: what is learned is published, ranks, and is named in the record; a server
// that is started again is the same to the bit; slates of all publications are made again from the journal;
// and a server that learns nothing any more withdraws what was published.
func TestWhatIsLearnedOnlineRanks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live, rng := learning(t)
		slates := live.crowd(t, rng, 150)
		for { // what is proposed by now, so that nothing is journaled beside
			if more, err := live.Publish(t.Context()); err != nil {
				t.Fatal(err)
			} else if !more {
				break
			}
		}
		live.settled(t)
		u, learned, learns := live.Updating()
		last := slates[len(slates)-1]
		if u.Number == 0 || !learns || last.Model == nil || last.Model.Publication == 0 || u.Last.Lead <= 0 {
			t.Fatalf("in force is %+v, the last slate was ranked by %+v", u, last.Model)
		}
		if learned.Rows < 500 || learned.Positives == 0 || learned.Moved == 0 || learned.Diverged != 0 {
			t.Errorf("what was learned: %+v", learned)
		}
		publications := map[int]bool{}
		for _, s := range slates {
			publications[s.Model.Publication] = true
		}
		if len(publications) < 2 {
			t.Fatalf("the slates were ranked with the publications %v", publications)
		}

		for more := true; more; { // otherwise either of the two may publish while they are compared
			var err error
			if more, err = live.Publish(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		u, _, _ = live.Updating()
		again := newRig(t, plan{disk: live.disk.Clone(), updater: quick()})
		if again.packed() != live.packed() {
			t.Fatal("a server that was started again is another")
		}
		was, _, _ := again.Updating()
		if !reflect.DeepEqual(was.Last, u.Last) || was.Number != u.Number {
			t.Errorf("in force was %+v, is %+v", u.Last, was.Last)
		}

		replaySlates(t, live.disk.Clone(), 150)

		still := newRig(t, plan{disk: live.disk.Clone()})
		if u, _, learns := still.Updating(); u.Number != 0 || learns || u.Last.Verdict != fold.Disabled {
			t.Errorf("a server that learns nothing goes by %+v", u)
		}
	})
}

// replaySlates makes all slates of a journal again, in a state that learns nothing: publications are in
// the journal.
func replaySlates(t *testing.T, disk fsys.FS, want int) {
	t.Helper()
	all, made := entries(t, disk), 0
	err := replayer(t, disk, all).ReplayAll(t.Context(), servedIn(t, all), func(one serve.Replayed) error {
		if one.Err != nil {
			return one.Err
		}
		if differs := serve.Differences(one.Record, one.Again); differs != "" {
			t.Errorf("%s: %s", one.Record.Request, differs)
		}
		if m := one.Again.Model; m != nil && m.Publication != one.Record.Model.Publication {
			t.Errorf("%s: publication %d, now %d", one.Record.Request, one.Record.Model.Publication, m.Publication)
		}
		made++
		return nil
	})
	if err != nil || made != want {
		t.Fatalf("%d slates of %d, %v", made, want, err)
	}
}

// BenchmarkSlateWhileUpdating is a slate of 10 among 500 items, what was on screen told, and every third
// time a click: all of a server's work but HTTP, with the ranker as trained and while it is updated.
func BenchmarkSlateWhileUpdating(b *testing.B) {
	for _, on := range []bool{false, true} {
		b.Run(fmt.Sprintf("updating=%v", on), func(b *testing.B) {
			disk := fsys.NewMem()
			train(b, disk, nil, "feature.item.clicks", 0.5)
			p := plan{disk: disk}
			if on {
				p.updater = learn.NewUpdater(learn.UpdaterOptions{Window: 5 * freshet.Minute, VisitorRows: 1 << 20, VisitorMoves: 1e9})
			}
			r := newRig(b, p)
			r.stock(b, 500)
			for n := range 500 {
				r.post(b, act(fmt.Sprintf("u-%d", n%50), "click", fmt.Sprintf("i-%d", 1+n), t0-1000))
			}
			rng := rand.New(rand.NewPCG(5, 6))
			var before, after syscall.Rusage
			if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				r.clock.Add(50)
				user := fmt.Sprintf("v-%d", rng.IntN(2000))
				s := r.slate(b, serve.Request{User: freshet.UserID(user), N: 10})
				var told []freshet.Event
				for i, it := range s.Items {
					e := act(user, "expose", string(it.Item), r.clock.Load())
					e.Request = s.Request
					told = append(told, e)
					if i == 0 && rng.IntN(3) == 0 {
						e.Name = "click"
						told = append(told, e)
					}
				}
				r.post(b, told...)
			}
			if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
				b.Fatal(err)
			}
			used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
			b.ReportMetric(float64(used)/1000/float64(b.N), "cpu-µs/slate")
		})
	}
}

// TestEachReignCountsAnew: a ranker that is live once more begins its publications from 1, and slates of
// both times are made again with those of their own. To promote what is live already keeps what is in force.
func TestEachReignCountsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live, rng := learning(t)
		publish := func() (u fold.Updates, slates int) {
			for range 40 {
				slates += len(live.crowd(t, rng, 5))
				if u, _, _ = live.Updating(); u.Number > 0 {
					return u, slates
				}
			}
			t.Fatalf("nothing was published: %+v", u.Last)
			return u, 0
		}
		before, _ := publish()
		if done, err := live.Promote(t.Context(), "lr", 1); err != nil || done.Already {
			t.Fatalf("%+v, %v", done, err)
		}
		if u, _, _ := live.Updating(); u.Number != before.Number {
			t.Errorf("in force was publication %d, and is %d: nothing else is live", before.Number, u.Number)
		}
		if done, err := live.Promote(t.Context(), "lr", 1); err != nil || !done.Already {
			t.Errorf("promoted again: %+v, %v", done, err)
		}
		train(t, live.disk, nil, "feature.item.clicks", 0.6)
		for _, version := range []int{2, 1} {
			if _, err := live.Promote(t.Context(), "lr", version); err != nil {
				t.Fatal(err)
			}
		}
		after, slates := publish()
		if after.Number != before.Number || after.Last.Weights == before.Last.Weights {
			t.Fatalf("too tame: publications %d and %d", before.Number, after.Number)
		}
		all := entries(t, live.disk.Clone())
		served := servedIn(t, all)
		err := replayer(t, live.disk.Clone(), all).ReplayAll(t.Context(), served[len(served)-slates:], func(one serve.Replayed) error {
			if differs := serve.Differences(one.Record, one.Again); one.Err == nil && differs != "" {
				t.Errorf("%s: %s", one.Record.Request, differs)
			}
			return one.Err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// proposing is an update that has something to publish.
type proposing struct {
	fold.Updater
	pub         *fold.Publication
	asked, goOn chan struct{} // is closed when it was asked for that, and when it may say it
	once        sync.Once
}

func (p *proposing) Proposal() *fold.Publication {
	p.once.Do(func() { close(p.asked) })
	<-p.goOn
	return p.pub
}

func (p *proposing) Published(*fold.Updates) { p.pub = nil }

// TestASwitchWaitsForNoPreparation: a publication that has begun keeps no switch waiting, and it is put into
// order to its end while another switch is under way: nothing that a switch needs is held meanwhile.
func TestASwitchWaitsForNoPreparation(t *testing.T) {
	disk := fsys.NewMem()
	m := train(t, disk, nil, "feature.item.clicks", 0.5)
	pub := &fold.Publication{Name: m.Model, Version: m.Version, SHA256: m.SHA256, Number: 1, Verdict: fold.Published,
		Changes: [][]rank.Patch{{{Index: []uint32{0}, Weights: []float32{0.5}}}}}
	updater := &proposing{Updater: quick(), pub: pub, asked: make(chan struct{}), goOn: make(chan struct{})}
	r := newRig(t, plan{disk: disk, updater: updater})
	var wg sync.WaitGroup
	defer wg.Wait()
	goOn := sync.OnceFunc(func() { close(updater.goOn) })
	defer goOn()
	wg.Go(func() {
		if _, err := r.Publish(t.Context()); err != nil {
			t.Error(err)
		}
	})
	<-updater.asked
	var switched atomic.Bool
	wg.Go(func() {
		if _, err := r.Back("", false); err == nil {
			t.Error("there is nothing to go back to, and it was found")
		}
		switched.Store(true)
	})
	until(t, "a switch goes by a publication that has begun", switched.Load)
	r.Switching(func() {
		goOn()
		until(t, "the publication is put into order", func() bool { return r.Upcoming() == 1 })
		if u, _, _ := r.Updating(); u.Number != 0 {
			t.Error("it was journaled in the middle of a switch")
		}
	})
	until(t, "the publication is in force", func() bool {
		u, _, _ := r.Updating()
		return u.Number == 1
	})
}
