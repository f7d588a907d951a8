package serve_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/stream"
)

// TestTheDeadlineBoundsTheWait: a request that names its deadline does not wait beyond it for a
// position, whatever wait it asks for, and still gets a slate.
func TestTheDeadlineBoundsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const timeout = 40 * time.Millisecond
		r := newRig(t, plan{disk: filled(t)})
		began := time.Now()
		s := r.slate(t, serve.Request{User: "ada", N: 3, MinPosition: 1 << 40, Wait: time.Hour, Timeout: timeout})
		if took := time.Since(began); s.Reflected || len(s.Items) != 3 || len(s.Degraded) != 0 || took == 0 || took > timeout {
			t.Errorf("after %s: %+v", took, s)
		}
	})
}

// TestLongSlatesAreFilled: a slate longer than any route is asked for is filled while there are
// items that may be shown.
func TestLongSlatesAreFilled(t *testing.T) {
	r := newRig(t, plan{})
	var items []freshet.Item
	for i := range 450 {
		items = append(items, freshet.Item{ID: freshet.ItemID(fmt.Sprintf("x-%d", i))})
	}
	if _, err := r.stream.Items(t.Context(), stream.SourceHTTP, t0, items, nil); err != nil {
		t.Fatal(err)
	}
	s := r.slate(t, serve.Request{User: "ada", N: 400})
	if len(s.Items) != 400 || len(s.Shortfall) != 0 {
		t.Errorf("%d of 400 places filled, shortfall %+v", len(s.Items), s.Shortfall)
	}
	s = r.slate(t, serve.Request{User: "ada", N: serve.MaxN})
	if len(s.Items) != 450 || len(s.Shortfall) == 0 {
		t.Errorf("%d places filled of 450 items, shortfall %+v", len(s.Items), s.Shortfall)
	}
}
