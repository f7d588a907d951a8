package serve_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/stream"
)

// TestTheDeadlineBoundsTheWait: a request that names its deadline does not wait beyond it for a
// position, whatever wait it asks for, and still gets a slate.
func TestTheDeadlineBoundsTheWait(t *testing.T) {
	r := newRig(t, plan{disk: filled(t)})
	replies := make(chan *serve.Reply, 1)
	go func() {
		reply, err := r.Recommend(t.Context(), &serve.Request{User: "ada", N: 3, MinPosition: 1 << 40, Wait: time.Hour, Timeout: 40 * time.Millisecond})
		if err != nil {
			t.Error(err)
		}
		replies <- reply
	}()
	select {
	case reply := <-replies:
		if reply == nil || reply.Reflected || len(reply.Items) != 3 {
			t.Errorf("reply %+v", reply)
		}
	case <-time.After(serve.MaxWait / 2): // the wait asked for is cut to MaxWait
		t.Error("the wait outlives the deadline of the request")
		<-replies
	}
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
