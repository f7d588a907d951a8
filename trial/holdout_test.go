package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

const t0 = int64(1_700_000_000_000)

func options(k int) Options {
	return Options{K: k, Seed: 1, Fold: fold.Options{Kinds: freshet.BuiltinEvents(), MaxFuture: freshet.Minute, NewTable: mem.New}, Routes: []Route{
		{Route: fold.Route{Name: "covisit", Kind: "itemcf"}, N: 50},
		{Route: fold.Route{Name: "hot", Kind: "popular", Window: freshet.Hour}, N: 50},
	}}
}

func did(name, user, item string, minute int64) *freshet.Event {
	return &freshet.Event{Name: name, User: freshet.UserID(user), Item: freshet.ItemID(item), Time: t0 + minute*60_000}
}

func playing(events []*freshet.Event) Replay {
	return func(_ context.Context, each func(*stream.Entry) error) error {
		for i, e := range events {
			copied := *e
			if err := each(&stream.Entry{Position: freshet.Position(i + 1), Event: &copied}); err != nil {
				return err
			}
		}
		return nil
	}
}

func rowNamed(t *testing.T, r *eval.Results, name string, delay freshet.Duration) eval.Row {
	t.Helper()
	for _, row := range r.Rows {
		if row.Name == name && row.Delay == delay {
			return row
		}
	}
	t.Fatalf("no row %q at delay %s in %+v", name, delay, r.Rows)
	return eval.Row{}
}

// pairs is a world in which whoever likes a-n goes on to like b-n: what goes together is known
// exactly, and everything is equally popular.
func pairs(groups, each int) (events []*freshet.Event) {
	minute := int64(0)
	for v := range each {
		for g := range groups {
			user := fmt.Sprintf("u-%d-%d", g, v)
			events = append(events, did("like", user, fmt.Sprintf("a-%d", g), minute), did("like", user, fmt.Sprintf("b-%d", g), minute+1))
			minute += 2
		}
	}
	return events
}

// asked is such a world with one more visitor a group, whose b is held out. The others end with
// a like that nobody else has, so that what they say of a and b is kept.
func asked(groups, each int) []*freshet.Event {
	events := pairs(groups, each)
	for g := range groups {
		ask := fmt.Sprintf("ask-%d", g)
		events = append(events, did("like", ask, fmt.Sprintf("a-%d", g), 1000), did("like", ask, fmt.Sprintf("b-%d", g), 1001))
		for v := range each {
			events = append(events, did("like", fmt.Sprintf("u-%d-%d", g, v), fmt.Sprintf("own-%d-%d", g, v), 1002))
		}
	}
	return events
}

func TestHoldoutOfAKnownWorld(t *testing.T) {
	events := asked(30, 4)
	h := &Holdout{Options: options(1)}
	r, err := h.Run(t.Context(), playing(events))
	if err != nil {
		t.Fatal(err)
	}
	// 30 asks for b-g, which goes with a-g; 120 for an item that nobody else ever touched.
	row := rowNamed(t, r, "route:covisit", 0)
	if row.N != 150 || row.Hit != 30.0/150 || row.NDCG != row.Hit || row.MRR != row.Hit {
		t.Errorf("covisit %+v, want a hit in 30 of 150 asks", row)
	}
	if slate, merged := rowNamed(t, r, "slate", 0), rowNamed(t, r, "recall", 0); slate.NDCG != merged.NDCG || merged.Hit < row.Hit {
		t.Errorf("slate %+v, recall %+v", slate, merged)
	}
	if len(r.Warnings) == 0 || !strings.Contains(r.Warnings[0].Text, "120 of 150") {
		t.Errorf("warnings %v", r.Warnings)
	}
	text, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(text), `{"protocol":"holdout","results":[{"name":"slate","k":1,"delay":"0s","hit@1":`) {
		t.Errorf("%s, %v", text, err)
	}
}

// TestHoldoutKeepsItsSecret: what is held out, and what its visitor did after it, reaches
// neither the state nor the training.
func TestHoldoutKeepsItsSecret(t *testing.T) {
	events := []*freshet.Event{
		did("like", "ada", "x", 1), did("like", "ada", "secret", 5), did("view", "ada", "after", 6),
		did("like", "bob", "x", 7), did("view", "bob", "y", 8),
	}
	var trained []string
	h := &Holdout{Options: options(5), Train: func(ctx context.Context, kept Replay) (Ranker, error) {
		return nil, kept(ctx, func(e *stream.Entry) error {
			trained = append(trained, string(e.Event.User)+" "+string(e.Event.Item))
			return nil
		})
	}}
	if _, err := h.Run(t.Context(), playing(events)); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(trained, ", "); got != "ada x" {
		t.Errorf("trained on %q; ada's last like, bob's only one, and all that followed must be missing", got)
	}
}

func TestOrderOfActs(t *testing.T) {
	for _, c := range []struct {
		a, b act
		want int
	}{
		{act{1, "9"}, act{2, "1"}, -1},
		{act{1, "9"}, act{1, "10"}, -1},
		{act{1, "a9"}, act{1, "a10"}, 1},
		{act{1, "007"}, act{1, "7"}, -1},
		{act{1, "7"}, act{1, "7"}, 0},
	} {
		if got := order(c.a, c.b); got != c.want || order(c.b, c.a) != -c.want {
			t.Errorf("order(%v, %v) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestHoldoutRefuses(t *testing.T) {
	if _, err := (&Holdout{Options: options(5)}).Run(t.Context(), playing([]*freshet.Event{did("view", "ada", "x", 1)})); !errors.Is(err, ErrNothingWanted) {
		t.Errorf("a history of views: %v", err)
	}
	if _, err := (&Holdout{Options: options(0)}).Run(t.Context(), playing(nil)); err == nil {
		t.Error("k = 0 was accepted")
	}
}

// upsideDown ranks candidates against recall.
type upsideDown struct{}

func (upsideDown) Score(_ *Moment, candidates []recall.Candidate, scores []float64) {
	for i := range candidates {
		scores[i] = -candidates[i].Score
	}
}

// TestTheRankerOrdersTheSlate: a ranker that turns recall around loses what recall had first.
func TestTheRankerOrdersTheSlate(t *testing.T) {
	events := asked(30, 4)
	h := &Holdout{Options: options(1), Train: func(context.Context, Replay) (Ranker, error) { return upsideDown{}, nil }}
	r, err := h.Run(t.Context(), playing(events))
	if err != nil {
		t.Fatal(err)
	}
	slate, merged := rowNamed(t, r, "slate", 0), rowNamed(t, r, "recall", 0)
	if merged.Hit <= slate.Hit || slate.AUC == nil || *slate.AUC >= 0.5 {
		t.Errorf("slate %+v, recall %+v", slate, merged)
	}
}
