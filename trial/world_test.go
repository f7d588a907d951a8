package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// clubs is a world of visitors who each belong to one of eight clubs: they like the club's
// sixty items and nothing else, and the first club has most members.
type clubs struct {
	seed   uint64
	visits int
}

const (
	clubCount = 8
	clubItems = 60
)

func clubItem(club, i int) freshet.ItemID { return freshet.ItemID(fmt.Sprintf("c%d-%d", club, i)) }

func (c *clubs) member(v int) int {
	if v%2 == 0 {
		return 0
	}
	return v / 2 % clubCount
}

func (c *clubs) Past(_ context.Context, each func(*stream.Entry) error) error {
	rng := rand.New(rand.NewPCG(c.seed, 1))
	for minute := range int64(1500) {
		v := rng.IntN(60)
		e := did("click", fmt.Sprintf("v-%d", v), string(clubItem(c.member(v), rng.IntN(clubItems))), minute)
		if err := each(&stream.Entry{Event: e}); err != nil {
			return err
		}
	}
	return nil
}

func (c *clubs) Visits() iter.Seq[Visit] {
	return func(yield func(Visit) bool) {
		rng := rand.New(rand.NewPCG(c.seed, 2))
		for i := range c.visits {
			if !yield(&clubVisit{c, rng.IntN(60), t0 + int64(4000+i)*60_000}) {
				return
			}
		}
	}
}

type clubVisit struct {
	world *clubs
	v     int
	time  int64
}

func (v *clubVisit) Visitor() freshet.Visitor {
	return freshet.VisitorOf(freshet.UserID(fmt.Sprintf("v-%d", v.v)), "", "")
}
func (v *clubVisit) Time() int64 { return v.time }

func (v *clubVisit) chance(id freshet.ItemID, rank int) float64 {
	var club, i int
	if id == "" {
		return 0
	}
	if _, err := fmt.Sscanf(string(id), "c%d-%d", &club, &i); err != nil {
		panic(err)
	}
	if club != v.world.member(v.v) {
		return 0
	}
	return (0.9 - 0.01*float64(i)) / float64(rank)
}

func (v *clubVisit) Expected(slate []freshet.ItemID) (clicks float64) {
	for i, id := range slate {
		clicks += v.chance(id, i+1)
	}
	return clicks
}

func (v *clubVisit) Oracle(n int, skip func(freshet.ItemID) bool) []freshet.ItemID {
	var all []freshet.ItemID
	for club := range clubCount {
		for i := range clubItems {
			if id := clubItem(club, i); !skip(id) {
				all = append(all, id)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b freshet.ItemID) int { return cmp.Compare(v.chance(b, 1), v.chance(a, 1)) })
	return all[:min(n, len(all))]
}

func (v *clubVisit) React(slate []freshet.ItemID) (events []freshet.Event) {
	rng := rand.New(rand.NewPCG(v.world.seed, uint64(v.time)))
	for i, id := range slate {
		if luck := rng.Float64(); luck < v.chance(id, i+1) {
			events = append(events, freshet.Event{Name: "click", User: freshet.UserID(fmt.Sprintf("v-%d", v.v)), Item: id, Time: v.time + int64(i+1)*1000})
		}
	}
	return events
}

// byClub ranks what the visitor's last act shares a club with first.
type byClub struct{}

func (byClub) Score(m *Moment, candidates []recall.Candidate, scores []float64) {
	for i := range candidates {
		scores[i] = candidates[i].Score
		if recent := m.Request.Recent; len(recent) > 0 && m.State.Items.ID(recent[0].Item)[:2] == m.State.Items.ID(candidates[i].Item)[:2] {
			scores[i]++
		}
	}
}

func rateOf(t *testing.T, r *eval.Rates, name string) eval.Rate {
	t.Helper()
	for _, row := range r.Rows {
		if row.Name == name {
			return row
		}
	}
	t.Fatalf("no row %q in %+v", name, r.Rows)
	return eval.Rate{}
}

func TestWaysOfRecommendingInAKnownWorld(t *testing.T) {
	w := &World{Options: options(5), Train: func(context.Context, Replay) (Ranker, error) { return byClub{}, nil }}
	run := func() *eval.Rates {
		r, err := w.Run(t.Context(), []Place{&clubs{seed: 1, visits: 300}, &clubs{seed: 2, visits: 300}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := run()
	if got := rateOf(t, r, "category").CTR; got != rateOf(t, r, "popular").CTR {
		t.Errorf("items without categories: the category way clicks %v", got)
	}
	popular, recalled, slate, oracle := rateOf(t, r, "popular"), rateOf(t, r, "recall"), rateOf(t, r, "slate"), rateOf(t, r, "oracle")
	if !(popular.CTR < recalled.CTR && recalled.CTR <= slate.CTR && slate.CTR < oracle.CTR) {
		t.Errorf("popular %.4f, recall %.4f, slate %.4f, oracle %.4f", popular.CTR, recalled.CTR, slate.CTR, oracle.CTR)
	}
	for _, row := range r.Rows {
		mean := (row.BySeed[0] + row.BySeed[1]) / 2
		if row.N != 600 || row.K != 5 || len(row.BySeed) != 2 || row.CTR < mean-1e-12 || row.CTR > mean+1e-12 || row.CI[0] > row.CTR || row.CI[1] < row.CTR {
			t.Errorf("row %+v", row)
		}
	}
	if again := run(); !reflect.DeepEqual(again, r) {
		t.Errorf("two runs differ:\n%+v\n%+v", r, again)
	}
}

// TestWhatWasClickedIsNotShownAgain: each way lives with the consequences of its own slates,
// the oracle too.
func TestWhatWasClickedIsNotShownAgain(t *testing.T) {
	for _, only := range []int{0, 1, 2, 3} {
		c := &clubs{seed: 3, visits: 200}
		w := &World{Options: options(5)}
		r := &recorder{Place: c, clicked: map[string]map[freshet.ItemID]bool{}, t: t}
		way := w.ways()[only]
		l, err := w.newLife(way, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.play(t.Context(), r, way); err != nil {
			t.Fatal(err)
		}
		if r.slates == 0 {
			t.Fatalf("%s: no slates were looked at", way.name)
		}
	}
}

// recorder looks at every slate and fails when a visitor sees again what they clicked more
// than a minute before.
type recorder struct {
	Place
	clicked map[string]map[freshet.ItemID]bool
	slates  int
	t       *testing.T
}

type recorded struct {
	Visit
	r *recorder
}

func (r *recorder) Visits() iter.Seq[Visit] {
	return func(yield func(Visit) bool) {
		for v := range r.Place.Visits() {
			if !yield(&recorded{v, r}) {
				return
			}
		}
	}
}

func (v *recorded) React(slate []freshet.ItemID) []freshet.Event {
	who := string(v.Visitor())
	for _, id := range slate {
		if v.r.clicked[who][id] {
			v.r.t.Errorf("%s is shown %s again", who, id)
		}
	}
	v.r.slates++
	events := v.Visit.React(slate)
	for _, e := range events {
		if v.r.clicked[who] == nil {
			v.r.clicked[who] = map[freshet.ItemID]bool{}
		}
		v.r.clicked[who][e.Item] = true
	}
	return events
}

func TestWorldRefuses(t *testing.T) {
	if _, err := (&World{Options: options(5)}).Run(t.Context(), []Place{&clubs{seed: 1}}); !errors.Is(err, ErrNobodyCame) {
		t.Errorf("a world without visits: %v", err)
	}
	if _, err := (&World{Options: options(0)}).Run(t.Context(), nil); err == nil {
		t.Error("k = 0 was accepted")
	}
	failed := errors.New("no")
	if _, err := (&World{Options: options(5), Train: func(context.Context, Replay) (Ranker, error) { return nil, failed }}).Run(t.Context(), []Place{&clubs{seed: 1, visits: 1}}); !errors.Is(err, failed) {
		t.Errorf("a failed training: %v", err)
	}
}

// learnsClubs has no order of its own at first, and learns which clubs each visitor clicks, and publishes
// that it did.
type learnsClubs struct {
	likes     map[memberOf]float64
	state     *fold.State
	live      fold.Model
	proposed  *fold.Publication
	told      int
	published int
}

type memberOf struct {
	visitor uint32
	club    string
}

func (l *learnsClubs) club(visitor, item uint32) memberOf {
	return memberOf{visitor, string(l.state.Items.ID(item)[:2])}
}

func (l *learnsClubs) Score(m *Moment, candidates []recall.Candidate, scores []float64) {
	l.state = m.State
	for i := range candidates {
		scores[i] = float64(candidates[i].Item*7919%101)/101 + l.likes[l.club(m.Request.Visitor, candidates[i].Item)]
	}
}

func (l *learnsClubs) Live() fold.Switch                                     { return fold.Switch{Name: "clubs", Version: 3} }
func (l *learnsClubs) Updater() fold.Updater                                 { return l }
func (l *learnsClubs) Ranker(string, int, string, string) *rank.Ranker       { return nil }
func (l *learnsClubs) Learned() fold.Learned                                 { return fold.Learned{} }
func (l *learnsClubs) Rebase(m *fold.Model, _ *rank.Ranker, _ *fold.Updates) { l.live = *m }
func (l *learnsClubs) Proposal() *fold.Publication                           { return l.proposed }
func (l *learnsClubs) Pack(*pack.Writer)                                     {}
func (l *learnsClubs) Unpack(*pack.Reader)                                   {}

func (l *learnsClubs) Published(u *fold.Updates) {
	if u.Last.Number != l.published+1 {
		panic(fmt.Sprintf("publication %d follows %d", u.Last.Number, l.published))
	}
	l.published, l.proposed = u.Last.Number, nil
}

func (l *learnsClubs) Show(show *fold.Show) {
	l.told++
	for _, item := range show.Items {
		l.likes[l.club(show.Visitor, item)]--
	}
	l.proposed = &fold.Publication{Name: l.live.Name, Version: l.live.Version, Number: l.published + 1, Verdict: fold.Waiting}
}

func (l *learnsClubs) Act(_ freshet.Position, visitor, item uint32, signal freshet.Signal, _ *freshet.Event) {
	if l.live.Version == 3 && signal.Positive() && l.state != nil {
		l.likes[l.club(visitor, item)] += 10
	}
}

// TestOnlineLearnsDuringTheVisits: a ranker that is told what became of its slates is better in the
// second half than one that is not, and each life has one of its own.
func TestOnlineLearnsDuringTheVisits(t *testing.T) {
	var made []*learnsClubs
	var mu sync.Mutex
	w := &World{Options: options(5), Name: "clubs", Delays: []freshet.Duration{0, 2 * freshet.Hour},
		Train: func(context.Context, Replay) (Ranker, error) { return &learnsClubs{likes: map[memberOf]float64{}}, nil },
		Online: func(Ranker) (Online, error) {
			mu.Lock()
			defer mu.Unlock()
			made = append(made, &learnsClubs{likes: map[memberOf]float64{}})
			return made[len(made)-1], nil
		},
	}
	r, err := w.Run(t.Context(), []Place{&clubs{seed: 1, visits: 300}, &clubs{seed: 2, visits: 300}})
	if err != nil {
		t.Fatal(err)
	}
	if len(made) != 4 || len(r.Rows) != 12 {
		t.Fatalf("%d online rankers for 2 worlds at 2 delays, %d rows", len(made), len(r.Rows))
	}
	told := map[int]int{}
	for _, m := range made {
		if told[m.told]++; m.published != m.told {
			t.Errorf("%d publications of %d", m.published, m.told)
		}
	}
	if told[299] != 2 || told[180] != 2 { // visits are a minute apart
		t.Errorf("slates told of: %v, want all but the last at once, and 120 less two hours late", told)
	}
	for _, row := range r.Rows {
		if row.World != "clubs" || row.Name == "popular" && row.Gap != 0 || row.Name == "oracle" && row.Gap != 1 {
			t.Errorf("%+v", row)
		}
	}
	found := 0
	for _, d := range r.Differences {
		switch {
		case d.Name == "online" && d.Than == "slate" && d.Delay == 0 && d.Part == "second_half":
			found++
			if d.Value <= 0 {
				t.Errorf("learning is worth %+v", d)
			}
		case d.Measure == "ctr" && d.Name == "recall":
			found++
			if d.Delay == 0 || d.Than != "recall at 0s" || d.Value >= 0 {
				t.Errorf("two hours' delay: %+v", d)
			}
		case d.Measure == "ctr" && d.Name == "oracle" && d.Value != 0:
			// The oracle sees the same visitors, who have had what its own slates brought them.
			t.Errorf("a delay changes the oracle: %+v", d)
		}
	}
	if found != 2 {
		t.Errorf("differences %+v", r.Differences)
	}
}

// TestCategories holds the baseline against its definition.
func TestCategories(t *testing.T) {
	var c categories
	docs := []*freshet.Item{nil, {Categories: []string{"a"}}, {Categories: []string{"a", "b"}}, {Categories: []string{"b"}}, nil}
	for _, e := range []struct {
		who   freshet.Visitor
		item  uint32
		times int
	}{{"x", 1, 1}, {"y", 1, 2}, {"y", 2, 4}, {"z", 3, 6}, {"y", 4, 50}} {
		for range e.times {
			c.add(e.who, e.item, docs[e.item])
		}
	}
	// x has one of category a, whose 7 are 3 on item 1 and 4 on item 2; the rest follows by count.
	none := func(uint32) bool { return false }
	if got := c.top("x", 9, none); !slices.Equal(got, []uint32{2, 1, 4, 3}) {
		t.Errorf("x: %v", got)
	}
	if got := c.top("x", 2, func(item uint32) bool { return item == 2 }); !slices.Equal(got, []uint32{1, 4}) {
		t.Errorf("x, who has had 2: %v", got)
	}
	if got := c.top("z", 1, none); !slices.Equal(got, []uint32{3}) {
		t.Errorf("z: %v", got)
	}
	if got := c.top("nobody", 9, none); !slices.Equal(got, []uint32{4, 3, 2, 1}) {
		t.Errorf("a stranger: %v", got)
	}
}
