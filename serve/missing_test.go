package serve_test

import (
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/serve"
)

// emptied is the disk of a rig with the files of so many versions of lr gone.
func emptied(t testing.TB, of *fsys.Mem, versions ...string) *fsys.Mem {
	t.Helper()
	disk := of.Clone()
	for _, version := range versions {
		for _, file := range []string{"model.bin", "manifest.json", "golden.bin"} {
			if err := disk.Remove("models/lr/" + version + "/" + file); err != nil {
				t.Fatal(err)
			}
		}
	}
	return disk
}

// TestLostModelsAreFound: what is live, what was before it and what is on trial are each found again once
// their files are there, and nothing is journaled for it.
func TestLostModelsAreFound(t *testing.T) {
	r := shop(t, 5, nil)
	for i := 2; i <= 3; i++ {
		l := sound
		l.clicks *= 1 + float64(i)/100
		save(t, r.disk, good(), l.ranker(t))
	}
	if _, err := r.Promote(t.Context(), "lr", 2); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Take(t.Context(), "lr", 3, serve.Step{Stage: fold.Canary, Percent: 100}); err != nil {
		t.Fatal(err)
	}
	r.settled(t)
	down := newRig(t, plan{disk: emptied(t, r.disk, "1", "2", "3")})
	records := len(switches(t, down.disk))
	ranked := func(want int) {
		t.Helper()
		s := down.slate(t, serve.Request{User: "ada", N: 5})
		if got := s.Model; got == nil && want != 0 || got != nil && got.Version != want {
			t.Errorf("ranked by %+v, want version %d", got, want)
		}
	}
	ranked(0)
	for i, step := range []struct{ version, ranks int }{{1, 0}, {2, 2}, {3, 3}} {
		restore(t, down.disk, r.disk, step.version)
		until(t, "the model is found", func() bool { return down.Regained() > uint64(i) })
		ranked(step.ranks)
	}
	if n := len(switches(t, down.disk)); n != records {
		t.Errorf("%d switches became %d", records, n)
	}
	if on := down.OnTrial(); on == nil || !on.AtHand {
		t.Errorf("on trial is %+v", on)
	}
	if done, err := down.Rollback(t.Context(), "", true, ""); err != nil || done.Live != 1 {
		t.Errorf("back to %+v, %v", done, err)
	}
	ranked(1)
}

// TestOtherBytesAreNotFound: files of other bytes than the journal names do not rank, however often they
// are looked at, and are said to be others once; the right ones do.
func TestOtherBytesAreNotFound(t *testing.T) {
	r := shop(t, 5, nil)
	other := fsys.NewMem()
	l := sound
	l.clicks *= 2
	save(t, other, good(), l.ranker(t))
	r.settled(t)
	down := newRig(t, plan{disk: emptied(t, r.disk, "1")})
	before := len(down.reported())
	down.Seek()
	restore(t, down.disk, other, 1)
	until(t, "the other bytes are seen", func() bool { return len(down.reported()) > before })
	if s := down.slate(t, serve.Request{User: "ada", N: 5}); s.Model != nil {
		t.Errorf("other bytes rank: %+v", s.Model)
	}
	restore(t, down.disk, r.disk, 1)
	until(t, "the model is found", func() bool { return down.Regained() == 1 })
	if s := down.slate(t, serve.Request{User: "ada", N: 5}); s.Model == nil || s.Model.SHA256 != r.Live().SHA256 {
		t.Errorf("ranked by %+v", s.Model)
	}
	if list := down.reported(); len(list) != before+2 {
		t.Errorf("reported %q", list[before:])
	}
}

// TestLostModelOfRecallIsFound: a route that goes by it has an answer again.
func TestLostModelOfRecallIsFound(t *testing.T) {
	r := newRig(t, plan{routes: linearPlan})
	r.stock(t, 20)
	r.post(t, act("ada", "click", "i-3", t0-500))
	saveLinear(t, r.disk, 1, nil)
	if _, err := r.Promote(t.Context(), "itemitem", 1); err != nil {
		t.Fatal(err)
	}
	r.settled(t)
	disk, gone := r.disk.Clone(), []string{"models/itemitem/1/model.bin", "models/itemitem/1/manifest.json"}
	for _, name := range gone {
		if err := disk.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	down := newRig(t, plan{disk: disk, routes: linearPlan})
	if s := down.slate(t, serve.Request{User: "ada", N: 3}); !slices.Contains(s.Degraded, "recall.r-linear:unavailable") {
		t.Errorf("without files: degraded %v", s.Degraded)
	}
	for _, name := range gone {
		text, err := fsys.ReadFile(r.disk, name, 1<<20)
		if err == nil {
			err = fsys.Replace(down.disk, name, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the model is found", func() bool { return down.Regained() == 1 })
	if s := down.slate(t, serve.Request{User: "ada", N: 3}); len(s.Degraded) > 0 || s.Items[0].Item != "i-4" {
		t.Errorf("with its files again: degraded %v, %q", s.Degraded, shown(s))
	}
}
