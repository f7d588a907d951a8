package serve_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
)

// unsure makes no number of every third row.
type unsure struct{ rank.Model }

// Predict implements rank.Model.
func (u unsure) Predict(b *rank.Batch, odds []float32) {
	u.Model.Predict(b, odds)
	for i := range odds {
		if i%3 == 1 {
			odds[i] = []float32{float32(math.NaN()), float32(math.Inf(1))}[i%2]
		}
	}
}

func doubt(m rank.Model) rank.Model { return unsure{m} }

// TestNoNumberIsNamed: where the model that is live makes no number of candidates, the slate says so, is
// counted, and has all candidates that it would have; where it makes some of all, nothing is said.
func TestNoNumberIsNamed(t *testing.T) {
	r := shop(t, 5, nil)
	before := r.slate(t, serve.Request{User: "ada", N: 5})
	if len(before.Degraded) != 0 {
		t.Fatalf("degraded %v", before.Degraded)
	}
	r.Instil(r.Live().SHA256, doubt)
	s := r.slate(t, serve.Request{User: "ada", N: 5})
	if !slices.Equal(s.Degraded, []string{"ranker.lr:no_number"}) || s.Model == nil || len(s.Items) != len(before.Items) {
		t.Errorf("degraded %v, ranked by %+v, %d items", s.Degraded, s.Model, len(s.Items))
	}
	r.settled(t)
	if lacks := r.Lookback().Lacks; lacks["ranker.lr:no_number"] != 1 {
		t.Errorf("slates lacked %v", lacks)
	}
}

// TestNoNumberOnTrial: a canary that makes no number of candidates ranks nobody's slate, and its trial is
// over; one in the shadow is withdrawn too.
func TestNoNumberOnTrial(t *testing.T) {
	for _, stage := range []fold.Stage{fold.Canary, fold.Shadow} {
		r := shop(t, 5, nil)
		l := sound
		l.clicks *= 1.1
		m := save(t, r.disk, good(), l.ranker(t))
		step := serve.Step{Stage: stage}
		if stage == fold.Canary {
			step.Percent = 100
		}
		if _, err := r.Take(t.Context(), "lr", 2, step); err != nil {
			t.Fatal(err)
		}
		r.Instil(m.SHA256, doubt)
		for i := range 3 {
			if s := r.slate(t, serve.Request{User: freshet.UserID(fmt.Sprintf("new-%d", i)), N: 5}); s.Model == nil || s.Model.Version != 1 || len(s.Degraded) != 0 {
				t.Errorf("%s: ranked by %+v, degraded %v", stage, s.Model, s.Degraded)
			}
		}
		r.over(t)
		r.settled(t)
		list := switches(t, r.disk)
		if last := list[len(list)-1]; last.By != fold.Withdrawn || last.Code != registry.NonFinite {
			t.Errorf("%s: %+v", stage, last)
		}
	}
}

// slow takes its time to make no number.
type slow struct {
	rank.Model
	takes time.Duration
}

// Predict implements rank.Model.
func (s slow) Predict(_ *rank.Batch, odds []float32) {
	time.Sleep(s.takes)
	for i := range odds {
		odds[i] = float32(math.NaN())
	}
}

// TestLateSecondScore: where a canary made no number and the deadline comes before the live model has ranked
// in its place, the slate is in the order of recall, says so, and is made again from its record.
func TestLateSecondScore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const timeout = 1500 * time.Millisecond
		r := shop(t, 5, nil)
		l := sound
		l.clicks *= 1.1
		m := save(t, r.disk, good(), l.ranker(t))
		if _, err := r.Take(t.Context(), "lr", 2, serve.Step{Stage: fold.Canary, Percent: 100}); err != nil {
			t.Fatal(err)
		}
		r.Instil(m.SHA256, func(m rank.Model) rank.Model { return slow{m, timeout + 100*time.Millisecond} })
		s := r.slate(t, serve.Request{User: "ada", N: 5, Timeout: timeout})
		if s.Model != nil || len(s.Items) != 5 || !slices.Contains(s.Degraded, "ranker:fallback_recall") || !slices.Contains(s.Degraded, "ranker.lr:timeout") {
			t.Errorf("ranked by %+v, degraded %v, %d items", s.Model, s.Degraded, len(s.Items))
		}
		r.over(t)
		if s := r.slate(t, serve.Request{User: "ada", N: 5}); s.Model == nil || s.Model.Version != 1 || len(s.Degraded) != 0 {
			t.Errorf("after it: ranked by %+v, degraded %v", s.Model, s.Degraded)
		}
		r.settled(t)
		all := entries(t, r.disk)
		madeAgain(t, replayerOf(t, r.disk, all, nil), all)
	})
}
