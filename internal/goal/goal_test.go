package goal

import (
	"testing"
	"testing/synctest"
	"time"
)

// recorder is a test that may fail without harm.
type recorder struct {
	testing.TB
	failed bool
	ends   []func()
}

func (r *recorder) Failed() bool          { return r.failed }
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Cleanup(f func())      { r.ends = append(r.ends, f) }
func (r *recorder) Logf(string, ...any)   {}
func (r *recorder) Helper()               {}

func TestSizes(t *testing.T) {
	sizes := Sizes{Quick: 2, CI: 5}
	for mode, want := range map[string]int{"": 2, "ci": 5} {
		t.Setenv("FRESHET_GOALS", mode)
		r := Begin(&recorder{TB: t}, "G0", "none", sizes)
		for r.More() {
			r.Add(1)
		}
		if r.N() != want {
			t.Errorf("mode %q: %d cases, want %d", mode, r.N(), want)
		}
		r.End("none")
	}
	t.Setenv("FRESHET_GOALS", "soak")
	t.Setenv("FRESHET_GOAL_SECONDS", "1")
	synctest.Test(t, func(t *testing.T) {
		r := Begin(&recorder{TB: t}, "G0", "none", sizes)
		for r.More() {
			time.Sleep(100 * time.Millisecond)
			r.Add(1)
		}
		if r.End("none"); r.N() != 10 {
			t.Errorf("a soak of a second tried %d cases of a tenth", r.N())
		}
	})
}

func TestTooFewCasesFail(t *testing.T) {
	t.Setenv("FRESHET_GOALS", "")
	rec := &recorder{TB: t}
	r := Begin(rec, "G0", "none", Sizes{Quick: 3})
	r.Add(2)
	if r.End("none"); !rec.failed {
		t.Error("2 cases of 3 were enough")
	}
	if r.More() {
		t.Error("a failed test goes on")
	}
}
