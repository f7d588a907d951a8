package serve_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/serve"
)

// TestFeaturesCountWhatWasAcknowledged compares rows with a plain count of the clicks sent.
func TestFeaturesCountWhatWasAcknowledged(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	r := newRig(t, plan{})
	users, items := map[string]float64{}, map[string]float64{}
	for range 200 {
		user, item := fmt.Sprintf("u-%d", rng.IntN(5)), fmt.Sprintf("i-%d", rng.IntN(7))
		at := t0 - rng.Int64N(3_500_000)
		p := r.post(t, act(user, "click", item, at), act(user, "view", item, t0))
		users[user]++
		if at/60_000 > t0/60_000-60 {
			items[item]++
		}
		reply, err := r.Features(t.Context(), &serve.FeaturesRequest{User: freshet.UserID(user), Items: []freshet.ItemID{freshet.ItemID(item), "nothing"}, Names: []string{"*.clicks"}, MinPosition: p})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(reply.Names, []string{"user.clicks", "item.clicks"}) || len(reply.Rows) != 2 || reply.Position != p || !reply.Reflected || reply.Time != t0 {
			t.Fatalf("reply %+v", reply)
		}
		if got := reply.Rows[0]; got[0].Value.Value != users[user] || got[1].Value.Value != items[item] {
			t.Fatalf("%s clicked %v times, %s was %v times; the row is %+v", user, users[user], item, items[item], got)
		}
		if got := reply.Rows[1]; got[0].Value.Value != users[user] || got[1].Value.Value != 0 || !got[1].Default() {
			t.Fatalf("row of an item nobody knows: %+v", got)
		}
	}
}

func TestFeatureNames(t *testing.T) {
	r := newRig(t, plan{})
	for _, c := range []struct {
		names, want []string
		bad         string // pointer
	}{
		{nil, []string{"user.clicks", "user.click_age", "item.clicks"}, ""},
		{[]string{"*"}, []string{"user.clicks", "user.click_age", "item.clicks"}, ""},
		{[]string{"item.clicks", "user.*"}, []string{"user.clicks", "user.click_age", "item.clicks"}, ""},
		{[]string{"user.click_age"}, []string{"user.click_age"}, ""},
		{[]string{"*.click?"}, []string{"user.clicks", "item.clicks"}, ""},
		{[]string{"user.clicks", "user"}, nil, "/names/1"},
		{[]string{""}, nil, "/names/0"},
		{[]string{"["}, nil, "/names/0"},
	} {
		t.Run(fmt.Sprint(c.names), func(t *testing.T) {
			reply, err := r.Features(t.Context(), &serve.FeaturesRequest{Names: c.names})
			var p *serve.Problem
			switch {
			case c.bad != "" && (!errors.As(err, &p) || p.Code != "unknown_feature" || p.Pointer != c.bad):
				t.Errorf("error %v, want unknown_feature at %s", err, c.bad)
			case c.bad == "" && err != nil:
				t.Error(err)
			case c.bad == "" && (!slices.Equal(reply.Names, c.want) || len(reply.Rows) != 1 || len(reply.Rows[0]) != len(c.want)):
				t.Errorf("names %q, rows %+v; want %q", reply.Names, reply.Rows, c.want)
			}
		})
	}
}

func TestFeatureAgeIsNullWithoutEvents(t *testing.T) {
	r := newRig(t, plan{})
	age := func() (float64, bool) {
		t.Helper()
		reply, err := r.Features(t.Context(), &serve.FeaturesRequest{User: "ada", Names: []string{"user.click_age"}})
		if err != nil {
			t.Fatal(err)
		}
		return reply.Rows[0][0].Value.Value, reply.Rows[0][0].Null
	}
	if v, null := age(); !null {
		t.Errorf("age %v of nothing", v)
	}
	r.post(t, act("ada", "click", "i", t0+5000))
	if v, null := age(); null || v != 0 {
		t.Errorf("age %v, null %v of a click ahead of the clock", v, null)
	}
	r.clock.Store(t0 + 65_000)
	if v, null := age(); null || v != 60 {
		t.Errorf("age %v, null %v after a minute", v, null)
	}
}

func TestFeaturesWait(t *testing.T) {
	r := newRig(t, plan{})
	reply, err := r.Features(t.Context(), &serve.FeaturesRequest{MinPosition: 1 << 50, Wait: 1})
	if err != nil || reply.Reflected || reply.Position != 0 {
		t.Errorf("%+v, %v", reply, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Features(ended, &serve.FeaturesRequest{MinPosition: 1 << 50, Wait: serve.MaxWait}); !errors.Is(err, context.Canceled) {
		t.Errorf("a client that has gone gets %v", err)
	}
}

func TestItemAndSizes(t *testing.T) {
	r := newRig(t, plan{})
	r.put(t, freshet.Item{ID: "a", Title: "A"})
	p := r.post(t, act("ada", "click", "b", t0))
	doc, at := r.Item("a")
	if doc == nil || doc.Title != "A" || at != p {
		t.Errorf("item %+v at %s", doc, at)
	}
	for _, id := range []freshet.ItemID{"b", "c", ""} { // b has no entry
		if doc, _ := r.Item(id); doc != nil {
			t.Errorf("item %q: %+v", id, doc)
		}
	}
	if got := r.Sizes(); got.Items != 2 || got.Known != 1 || got.Visitors != 1 || got.Keys == 0 {
		t.Errorf("sizes %+v", got)
	}
}
