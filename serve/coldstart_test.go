package serve_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/stream"
)

// TestAnItemPublishedNowIsReachableAtOnce: the next slate of a stranger can show it, by its date and
// because nobody was shown it, though many others are popular.
func TestAnItemPublishedNowIsReachableAtOnce(t *testing.T) {
	r := newRig(t, plan{routes: []string{"popular", "new", "explore"}})
	r.stock(t, 40)
	var acts []freshet.Event
	for i := range 40 {
		acts = append(acts, act("ada", "click", fmt.Sprintf("i-%d", 1+i%9), t0-int64(i)*1000))
	}
	r.post(t, acts...)
	r.clock.Store(t0 + 60_000)
	if _, err := r.stream.Items(t.Context(), stream.SourceHTTP, t0+59_000, []freshet.Item{{ID: "lamp"}}, nil); err != nil {
		t.Fatal(err)
	}
	s := r.slate(t, serve.Request{User: "stranger", N: 20})
	at := slices.IndexFunc(s.Items, func(p serve.Placed) bool { return p.Item == "lamp" })
	if at < 0 {
		t.Fatalf("the slate is %v", shown(s))
	}
	var routes []string
	for _, route := range s.Items[at].Routes {
		routes = append(routes, route.Route)
	}
	if !slices.Equal(routes, []string{"r-new", "r-explore"}) {
		t.Errorf("proposed by %v", routes)
	}
}

// TestExploringGoesByTheRequest: two requests of one moment draw other items among those that nobody
// was shown; one request draws the same again.
func TestExploringGoesByTheRequest(t *testing.T) {
	r := newRig(t, plan{routes: []string{"explore"}})
	r.stock(t, 300)
	ask := func(id string) []freshet.ItemID {
		return shown(r.slate(t, serve.Request{ID: id, User: "stranger", N: 10, DryRun: true}))
	}
	one, again, other := ask("r-a"), ask("r-a"), ask("r-b")
	if !slices.Equal(one, again) || slices.Equal(one, other) || len(one) != 10 {
		t.Errorf("first %v, again %v; another request %v", one, again, other)
	}
}
