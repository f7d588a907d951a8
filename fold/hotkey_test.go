package fold_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/audit"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/goal"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

// hotFeatures are kept per what is hot, and per what is not. No key of one part is ever let go of here.
var hotFeatures = []feature.Definition{
	{Name: "user_clicks_1h", Key: []string{"user"}, On: []string{"click"}, Agg: feature.Count, Window: freshet.Hour, Hop: freshet.Minute},
	{Name: "user_heat", Key: []string{"user"}, Agg: feature.DecayedSum, HalfLife: freshet.Minute, Field: "value"},
	{Name: "user_items", Key: []string{"user"}, Agg: feature.Distinct, Field: "item"},
	{Name: "user_last", Key: []string{"user"}, On: []string{"like"}, Agg: feature.LastK, K: 20},
	{Name: "item_ctr_1h", Key: []string{"item"}, Agg: feature.Rate, Of: []string{"click"}, Per: []string{"view"}, Window: freshet.Hour, Hop: freshet.Minute, Prior: [2]float64{1, 20}},
	{Name: "item_taste", Key: []string{"item"}, Agg: feature.DecayedSum, HalfLife: 6 * freshet.Hour},
	{Name: "pairs_1m", Key: []string{"user", "item"}, Agg: feature.Count, Window: freshet.Minute, Hop: freshet.Second},
	{Name: "pairs", Key: []string{"user", "item"}, Agg: feature.Count},
}

// TestGoalHotKey has half of all events be those of one user, half of them on one item, one in five
// out of order within what reads may lie behind, and more pairs come than there may be keys. What is
// hot and what is not is what the events say, for every time that may be asked for; what was let go
// of with a pair is told from a difference; and memory has its bound.
func TestGoalHotKey(t *testing.T) {
	g := goal.Begin(t, "G15", "values equal the oracle's, keys and bytes bounded", goal.Sizes{Quick: 20_000, CI: 1_000_000})
	const users, items, maxKeys, watched = 2000, 500, 20_000, 10
	// A key of a pair; one of a part, with a sketch, a list of 20, and what came within max_future; and of what
	// is hot, an amount a millisecond within that.
	const most = maxKeys*200 + (users+items)*(8<<10) + 2*60_000*8
	s, err := fold.New(fold.Options{Kinds: freshet.BuiltinEvents(), MaxFuture: freshet.Minute, NewTable: mem.New, MaxKeys: maxKeys, Features: hotFeatures,
		Routes: []fold.Route{{Name: "hot", Kind: "popular", Window: freshet.Hour}, {Name: "covisit", Kind: "itemcf"}}})
	if err != nil {
		t.Fatal(err)
	}
	oracle := audit.NewOracle(audit.Options{Features: hotFeatures, Slack: freshet.Minute, OneIn: 1})
	name := func(letter string, n int) string { return fmt.Sprintf("%s-%d", letter, n) }
	for i := range items {
		s.Apply(&stream.Entry{Received: t0, Item: &freshet.Item{ID: freshet.ItemID(name("i", i))}})
	}
	rng := rand.New(rand.NewPCG(15, g.Seed()))
	now, hot, cells, letGo, changed := t0, 0, 0, 0, 0
	check := func() {
		reader := s.Features.Reader()
		values := make([]feature.Value, len(hotFeatures))
		for _, q := range []int64{s.Newest - int64(freshet.Minute), s.Newest - 20_000, s.Newest, s.Newest + 30_000} {
			for n := range watched {
				visitor, item := s.Visitor(freshet.VisitorOf(freshet.UserID(name("u", n)), "", "")), s.Items.Find(freshet.ItemID(name("i", n)))
				if visitor == 0 {
					continue
				}
				reader.Start(visitor, q, nil)
				reader.Row(item, values)
				for i := range hotFeatures {
					if hotFeatures[i].Agg == feature.LastK && n == 0 && q != s.Newest {
						continue // the oracle sorts all of its events
					}
					want, _ := oracle.Read(i, visitor, item, q, nil)
					same := audit.Same(values[i], want)
					switch {
					case want.Oldest < s.Features.LetGo(i):
						letGo++
						if !same {
							changed++
						}
					case !same:
						t.Errorf("%s of user %d and item %d, %d ms after the newest event: %v, want %v", hotFeatures[i].Name, n, n, q-s.Newest, values[i], want)
					default:
						cells++
					}
				}
			}
		}
		if keys := s.Features.Keys(); keys > maxKeys+maxKeys/64 {
			t.Errorf("%d keys where there may be %d", keys, maxKeys)
		}
		if n := s.Features.Bytes(); n > most {
			t.Errorf("%d bytes for %d keys: %+v", n, s.Features.Keys(), s.Features.Costs())
		}
	}
	step := 3_000_000 / int64(g.Want()) // ms an event: the hot ones are within one window
	for g.More() {
		now += rng.Int64N(step)
		at := now
		if rng.IntN(5) == 0 {
			at -= rng.Int64N(int64(freshet.Minute))
		}
		user, item := 0, 0
		if rng.IntN(2) == 0 {
			user = 1 + rng.IntN(users-1)
		}
		if user != 0 || rng.IntN(2) == 0 {
			item = rng.IntN(items)
		}
		e := freshet.Event{ID: name("e", int(now-t0)), User: freshet.UserID(name("u", user)), Item: freshet.ItemID(name("i", item)), Time: at,
			Name: []string{"click", "view", "like"}[rng.IntN(3)], HasValue: true, Value: float64(rng.IntN(1000)) / 8}
		s.Apply(&stream.Entry{Received: now, Event: &e})
		if user < watched || item < watched { // keys of which all events are told
			oracle.Event(s.Visitor(e.Visitor()), s.Items.Find(e.Item), &e)
		}
		if user == 0 {
			hot++
			if g.Add(1); hot%(g.Want()/3) == 0 {
				check()
			}
		}
	}
	if cells == 0 || letGo == 0 || changed == 0 || s.Features.Evicted() == 0 {
		t.Errorf("%d cells compared, %d not comparable, %d of them changed, %d keys went: want some of each", cells, letGo, changed, s.Features.Evicted())
	}
	g.End("%d cells equal, 0 differ, %d keys of at most %d in %.1f MiB, %d let go of", cells, s.Features.Keys(), maxKeys, float64(s.Features.Bytes())/(1<<20), s.Features.Evicted())
}
