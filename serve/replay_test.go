package serve_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/serve"
)

// bytes is a slate without what may differ between two servers: the request's id, how long it
// took, and how long the visitor's newest event took, which only the server it came to knows.
func bytes(t *testing.T, reply *serve.Reply) string {
	t.Helper()
	reply.Request, reply.Took = "", 0
	if reply.Last != nil {
		reply.Last.Effect = 0
	}
	text, err := json.Marshal(reply)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheSameJournalGivesTheSameSlates builds a journal of everything at random, and compares
// the server that wrote it with two that read it back.
func TestTheSameJournalGivesTheSameSlates(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	disk := fsys.NewMem()
	train(t, disk, nil, "feature.item.clicks", 3)
	live := newRig(t, plan{disk: disk})
	names := []string{"click", "view", "like", "purchase", "hide", "expose", "search"}
	user := func() freshet.UserID { return freshet.UserID(fmt.Sprintf("u-%d", rng.IntN(15))) }
	item := func() freshet.ItemID { return freshet.ItemID(fmt.Sprintf("i-%d", int(60*rng.Float64()*rng.Float64()))) }
	for range 400 {
		live.clock.Add(rng.Int64N(20_000))
		now := live.clock.Load()
		switch rng.IntN(10) {
		case 0:
			doc := freshet.Item{ID: item(), Title: "T", Unavailable: rng.IntN(8) == 0}
			if rng.IntN(2) == 0 {
				doc.Published, doc.HasPublished = now-rng.Int64N(int64(100*freshet.Day)), true
			}
			live.put(t, doc)
		case 1:
			live.slate(t, serve.Request{User: user(), N: 1 + rng.IntN(8)})
		default:
			// Whole seconds, so that many events share a time.
			at := (now - rng.Int64N(2*int64(freshet.Hour))) / 1000 * 1000
			live.post(t, freshet.Event{User: user(), Item: item(), Name: names[rng.IntN(len(names))], Time: at})
		}
	}
	live.settled(t)
	first, second := newRig(t, plan{disk: live.disk.Clone()}), newRig(t, plan{disk: live.disk.Clone()})
	for i := range 60 {
		req := serve.Request{User: user(), N: 1 + rng.IntN(30), DryRun: true, Diff: i%2 == 0, At: live.state.Newest - rng.Int64N(int64(freshet.Minute))}
		if i%3 == 0 {
			req.Recent = []serve.Recent{{Event: "click", Item: item(), Time: req.At - 1000}, {Event: "view", Item: item()}}
		}
		if i%5 == 0 {
			within := freshet.Duration(rng.Int64N(int64(3 * freshet.Hour)))
			req.SeenWithin, req.Exclude, req.Purchased = &within, []freshet.ItemID{item(), item()}, true
		}
		reply := live.slate(t, req)
		if reply.Model == nil {
			t.Fatalf("request %d was not ranked: %q", i, reply.Degraded)
		}
		want := bytes(t, reply)
		for n, r := range []*rig{first, second} {
			r.clock.Add(int64(n) * 12_345)
			if got := bytes(t, r.slate(t, req)); got != want {
				t.Fatalf("request %d, server %d\n got %s\nwant %s", i, n+1, got, want)
			}
		}
	}
}
