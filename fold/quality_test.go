package fold_test

import (
	"cmp"
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/source"
	"github.com/freshet-rec/freshet/source/movielens"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

// films reads a MovieLens folder of the shared test data.
func films(t testing.TB, name string) *source.Import {
	t.Helper()
	dir := "../../shared/data/" + name
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the test data is missing, and CI must not pass without it: %v", err)
		}
		t.Skipf("the test data is not here: %v", err)
	}
	im, err := movielens.Read(t.Context(), os.DirFS(dir), 1_700_000_000_000, nil)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func newState(t testing.TB) *fold.State {
	t.Helper()
	s, err := fold.New(fold.Options{
		Kinds: freshet.BuiltinEvents(), MaxFuture: freshet.Minute, NewTable: mem.New,
		Routes: []fold.Route{{Name: "covisit", Kind: "itemcf"}, {Name: "hot", Kind: "popular", Window: freshet.Hour}, {Name: "new", Kind: "new", Within: 72 * freshet.Hour}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRecallBeatsPopularity holds out each user's last like on MovieLens-100K, folds all else
// but what that user did after it, and asks for the held-out film among the whole catalogue.
func TestRecallBeatsPopularity(t *testing.T) {
	im := films(t, "ml-100k")
	last := map[freshet.UserID]int{} // index of the user's last like
	for i, e := range im.Events {
		if e.Name == "like" {
			last[e.User] = i
		}
	}
	s := newState(t)
	for i := range im.Items {
		s.Apply(&stream.Entry{Item: &im.Items[i]})
	}
	for i := range im.Events {
		e := &im.Events[i]
		if at, ok := last[e.User]; ok && i >= at {
			continue
		}
		s.Apply(&stream.Entry{Event: &e.Event})
	}
	likes := map[uint32]int{} // of all time: the plainest baseline
	for i, e := range im.Events {
		if at, ok := last[e.User]; e.Name == "like" && (!ok || i < at) {
			likes[s.Items.Find(e.Item)]++
		}
	}
	byLikes := slices.SortedFunc(maps.Keys(likes), func(a, b uint32) int {
		return cmp.Or(cmp.Compare(likes[b], likes[a]), cmp.Compare(a, b))
	})
	ndcg := map[string]float64{}
	n := 0.0
	for user, at := range last {
		want := s.Items.Find(im.Events[at].Item)
		visitor := s.Visitor(freshet.VisitorOf(user, "", ""))
		req := recall.Request{Time: s.Newest, Newest: s.Newest, Visitor: visitor, Skip: func(item uint32) bool {
			_, seen := s.Histories.Seen(visitor, item)
			return seen
		}}
		past := s.Histories.Recent(visitor)
		for i := len(past) - 1; i >= 0; i-- {
			req.Recent = append(req.Recent, past[i])
		}
		rank := 0
		for _, item := range byLikes {
			if req.Skip(item) {
				continue
			}
			if rank++; item == want && rank <= 10 {
				ndcg["most liked"] += 1 / math.Log2(float64(rank+1))
			}
		}
		var answers []recall.Answer
		for i, kind := range []string{"itemcf", "popular", "new"} {
			found, err := s.Routes[i].Recall(t.Context(), &req, 200)
			if err != nil {
				t.Fatal(err)
			}
			answers = append(answers, recall.Answer{Route: kind, Weight: recall.Weight(kind), Proposals: found})
			for rank, p := range found[:min(10, len(found))] {
				if p.Item == want {
					ndcg[kind] += 1 / math.Log2(float64(rank+2))
				}
			}
		}
		merged := recall.Merge(answers)
		for rank, c := range merged[:min(10, len(merged))] {
			if c.Item == want {
				ndcg["merged"] += 1 / math.Log2(float64(rank+2))
			}
		}
		n++
	}
	for name := range ndcg {
		ndcg[name] /= n
	}
	t.Logf("NDCG@10 over %.0f users: %v", n, ndcg)
	if n < 900 {
		t.Fatalf("only %.0f users have a like to hold out", n)
	}
	if ndcg["merged"] < 2*ndcg["most liked"] || ndcg["merged"] < 0.09 {
		t.Errorf("merged recall reaches NDCG@10 %.4f, the most liked films %.4f; it should be at least 0.09 and twice that", ndcg["merged"], ndcg["most liked"])
	}
}
