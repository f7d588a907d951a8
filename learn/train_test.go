package learn_test

import (
	"bytes"
	"cmp"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/sim"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/source/movielens"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

var asks = []fold.Ask{{Kind: "itemcf", N: 200}, {Kind: "popular", N: 100}, {Kind: "new", N: 50}}

func newHistory(t testing.TB, exposures bool, warmup int) *learn.History {
	t.Helper()
	return newHistoryOf(t, func(o *learn.HistoryOptions) { o.Exposures, o.Warmup = exposures, warmup })
}

// newHistoryOf has rows in memory, and options that set may change.
func newHistoryOf(t testing.TB, set func(o *learn.HistoryOptions)) *learn.History {
	t.Helper()
	o := learn.HistoryOptions{State: newState(t), Kinds: freshet.BuiltinEvents(), Asks: asks, Slack: freshet.Minute, Seed: 1}
	set(&o)
	h, err := learn.NewHistory(o, fsys.NewMem(), "rows")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func newState(t testing.TB) *fold.State {
	t.Helper()
	s, err := fold.New(fold.Options{
		Kinds: freshet.BuiltinEvents(), MaxFuture: freshet.Minute, NewTable: mem.New,
		Features: []feature.Definition{
			{Name: "user_category_taste", Key: []string{"user", "item.category"}, On: []string{"click", "like"}, Agg: feature.DecayedSum, HalfLife: 6 * freshet.Hour},
			{Name: "item_ctr_1h", Key: []string{"item"}, Agg: feature.Rate, Of: []string{"click"}, Per: []string{"expose"}, Window: freshet.Hour, Hop: freshet.Minute, Prior: [2]float64{1, 20}},
			{Name: "user_click_age", Key: []string{"user"}, On: []string{"click"}, Agg: feature.Age},
			{Name: "item_likes", Key: []string{"item"}, On: []string{"like"}, Agg: feature.Count},
			{Name: "item_views", Key: []string{"item"}, On: []string{"view"}, Agg: feature.Count},
			{Name: "taste", Key: []string{"user", "item.categories"}, On: []string{"like"}, Agg: feature.Count},
			{Name: "distaste", Key: []string{"user", "item.categories"}, On: []string{"view"}, Agg: feature.Count},
		},
		Routes: []fold.Route{{Name: "covisit", Kind: "itemcf"}, {Name: "hot", Kind: "popular", Window: freshet.Hour}, {Name: "new", Kind: "new", Within: 72 * freshet.Hour}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func applyAll(t testing.TB, h *learn.History, items []freshet.Item, events []freshet.Event) {
	t.Helper()
	for i := range items {
		if err := h.Apply(t.Context(), &stream.Entry{Item: &items[i]}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range events {
		if err := h.Apply(t.Context(), &stream.Entry{Event: &events[i]}); err != nil {
			t.Fatal(err)
		}
	}
}

// clicks are what rows are labelled with by default.
var clicks = []learn.Target{{Signal: "click", Weight: 1}}

// TestLearnsFromExposures trains on the invented bookshop, whose visitors have tastes and look
// at what stands first: the newest exposures are ordered better than by chance.
func TestLearnsFromExposures(t *testing.T) {
	world := sim.New(sim.Options{Seed: 7, End: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)})
	events := slices.Collect(world.History())
	h := newHistory(t, true, len(events)/5)
	applyAll(t, h, world.Items(), events)
	rows, err := h.Samples(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, fits, err := learn.FitRanker(t.Context(), rows, clicks, learn.FitOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	report := fits[0]
	t.Logf("%+v", report)
	if report.AUC < 0.55 || report.LogLoss >= report.Baseline {
		t.Errorf("on the newest exposures AUC %.3f, log-loss %.4f against %.4f of the mean", report.AUC, report.LogLoss, report.Baseline)
	}
}

// TestRankedSlateBeatsRecall trains on MovieLens-100K without each user's last like, and ranks
// the candidates for that user at the end: the held-out film stands higher than by recall.
// With permuted labels there is nothing to learn.
func TestRankedSlateBeatsRecall(t *testing.T) {
	dir := "../../shared/data/ml-100k"
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
	last := map[freshet.UserID]int{} // index of the user's last like
	for i, e := range im.Events {
		if e.Name == "like" {
			last[e.User] = i
		}
	}
	var events []freshet.Event
	for i, e := range im.Events {
		if at, ok := last[e.User]; !ok || i < at {
			events = append(events, e.Event)
		}
	}
	h := newHistoryOf(t, func(o *learn.HistoryOptions) {
		o.Warmup, o.Rate = len(events)/5, learn.NegativeRate(asks, 4)
		o.Questions, o.Entries = 600, len(im.Items)+len(events)
	})
	applyAll(t, h, im.Items, events)
	rows, err := h.Samples(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	questions, err := h.Questions()
	if err != nil {
		t.Fatal(err)
	}
	fit := func(o learn.FitOptions) (*rank.Ranker, learn.Fit) {
		o.Seed, o.Rate = 1, h.Rate
		m, fits, err := learn.FitRanker(t.Context(), rows, clicks, o)
		if err != nil {
			t.Fatal(err)
		}
		return m, fits[0]
	}
	m, report := fit(learn.FitOptions{Epochs: 4, Questions: questions})
	again, _ := fit(learn.FitOptions{Epochs: 4, Questions: questions})
	one, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if two, err := again.Bytes(); err != nil || !bytes.Equal(one, two) {
		t.Errorf("equal rows and seed give other bytes (%v)", err)
	}
	if report.Error > 0.3*report.Raw+0.001 && report.Error > 0.003 || math.Abs(report.Calibration-1) > 0.25 {
		t.Errorf("calibration %.3f, off by %.4f, before by %.4f", report.Calibration, report.Error, report.Raw)
	}
	_, permuted := fit(learn.FitOptions{Permute: true, Epochs: 1})
	if permuted.Positives < 800 || math.Abs(permuted.AUC-0.5) > 0.03 {
		t.Errorf("on permuted labels the AUC is %.3f over %d positives", permuted.AUC, permuted.Positives)
	}

	var standings [2]learn.Standing
	for part := range standings {
		if standings[part], err = questions.Stand(t.Context(), m, learn.Part(part)); err != nil {
			t.Fatal(err)
		}
	}
	own, order := 0.0, 0.0
	for i := range standings[learn.Choosing].Model {
		own, order = own+standings[learn.Choosing].Model[i], order+standings[learn.Choosing].Recall[i]
	}
	if n := len(standings[learn.Choosing].Model); n < 100 || len(standings[learn.Measuring].Model) < n-1 || own < order {
		t.Errorf("of %d and %d questions, the ranker that was chosen has %.2f where recall's order has %.2f", n, len(standings[learn.Measuring].Model), own, order)
	}

	s, builder := h.State, h.State.NewRowBuilder()
	gain := func(candidates []recall.Candidate, want uint32) float64 {
		at := slices.IndexFunc(candidates[:min(10, len(candidates))], func(c recall.Candidate) bool { return c.Item == want })
		if at < 0 {
			return 0
		}
		return 1 / math.Log2(float64(at+2))
	}
	merged, slate := 0.0, 0.0
	for user, at := range last {
		want, visitor := s.Items.Find(im.Events[at].Item), s.Visitor(freshet.VisitorOf(user, "", ""))
		candidates, err := s.Candidates(t.Context(), asks, s.Request(visitor, s.Newest))
		if err != nil {
			t.Fatal(err)
		}
		merged += gain(candidates, want)
		odds := map[uint32]float64{}
		builder.Start(visitor, s.Newest, nil)
		var batch rank.Batch
		for i := range candidates {
			m.Schema().Encode(&batch, builder.Row(&candidates[i]))
		}
		room, scores := make([]float32, len(candidates)), make([]float64, len(candidates))
		m.Score(&batch, nil, 0, room, scores)
		for i, c := range candidates {
			odds[c.Item] = scores[i]
		}
		slices.SortStableFunc(candidates, func(a, b recall.Candidate) int { return cmp.Compare(odds[b.Item], odds[a.Item]) })
		slate += gain(candidates, want)
	}
	n := float64(len(last))
	t.Logf("%+v; NDCG@10 over %.0f users: recall %.4f, ranked %.4f", report, n, merged/n, slate/n)
	if report.AUC < 0.65 || slate < merged || slate/n < 0.09 {
		t.Errorf("AUC %.3f, NDCG@10 ranked %.4f against recall %.4f", report.AUC, slate/n, merged/n)
	}
}
