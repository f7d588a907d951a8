package learn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/goal"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/rank"
)

// told is one record of a journal, as an updater is told of it.
type told func(u *Updater, updates *fold.Updates)

// hostile makes up records: slates whose rows have numbers of every kind, acts that are repeated, early,
// late, of the far future, of others' slates and of nothing that was shown.
func hostile(rng *rand.Rand, n int) (records []told) {
	now, requests := int64(1_700_000_000_000), 0
	numbers := []float64{0, 1, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e300, 5e-324}
	times := func() int64 {
		return now + []int64{0, 0, 0, 0, -1000, 1000, -1 << 40, 30_000, math.MinInt64 / 4}[rng.IntN(9)]
	}
	for at := range n {
		now += rng.Int64N(4000)
		p := freshet.Position(at + 1)
		if rng.IntN(3) == 0 {
			requests++
			show := &fold.Show{Position: p, Time: times(), Received: now, Request: fmt.Sprintf("r-%d", requests), Visitor: uint32(rng.IntN(30))}
			var rows []*rank.Row
			for range 1 + rng.IntN(8) {
				item := uint32(rng.IntN(kioskItems + 1))
				row := &rank.Row{Numbers: []float64{numbers[rng.IntN(len(numbers))]}}
				for range rng.IntN(3) {
					row.Words = append(row.Words, rank.TokenOf(itemName(rng.IntN(20))))
				}
				row.End()
				show.Items, rows = append(show.Items, item), append(rows, row)
			}
			show.Row = func(i int) *rank.Row { return rows[i] }
			records = append(records, func(u *Updater, _ *fold.Updates) { u.Show(show) })
			continue
		}
		visitor, item, t := uint32(rng.IntN(30)), uint32(rng.IntN(kioskItems+1)), times()
		signal := []freshet.Signal{freshet.SignalImpression, freshet.SignalClick, freshet.SignalClick, freshet.SignalConvert, freshet.SignalNegative}[rng.IntN(5)]
		e := &freshet.Event{Time: t, Name: string(signal), Request: []string{"", fmt.Sprintf("r-%d", requests-rng.IntN(5)), "r-none"}[rng.IntN(3)], Value: 1e12, HasValue: true}
		for range 1 + 9*rng.IntN(2) { // some are told ten times
			records = append(records, func(u *Updater, _ *fold.Updates) { u.Act(p, visitor, item, signal, e) })
		}
	}
	return records
}

// weights are what a shadow has now, by weight, then its vector.
func (s *Shadow) weights() map[uint32][]float32 {
	list := map[uint32][]float32{math.MaxUint32: {s.moved[0].w}}
	for p := 1; p < len(s.moved); p++ {
		list[s.moved[p].index] = append([]float32{s.moved[p].w}, s.vector(learned, p)...)
	}
	return list
}

// TestGoalOnlineUpdate: whatever is told, weights stay finite and no record moves one beyond the cap;
// and a life with crashes, each of which goes on from an earlier snapshot and the journal behind it,
// ends with the same bytes as one without.
func TestGoalOnlineUpdate(t *testing.T) {
	g := goal.Begin(t, "G26", "weights finite, a record moves none beyond the cap, equal after replay", goal.Sizes{Quick: 20, CI: 300})
	most, publications := 0.0, 0
	for g.More() {
		seed := uint64(g.N())
		rng := rand.New(rand.NewPCG(seed, 26))
		kind := []string{"lr", "fm", "deepfm"}[g.N()%3]
		o := UpdaterOptions{Window: freshet.Minute, Every: freshet.Second, Delay: Delay(rng.IntN(2)), MaxWait: 256, VisitorMoves: 1 + 9*rng.Float64(),
			Pace: Pace{Alpha: 10, Vectors: 5, L1: 0.01, Admission: 1, MaxMoved: 20, Step: 0.05},
			Gate: GateOptions{Rows: 10, Positives: 1, Settle: freshet.Second, Horizon: 10 * freshet.Minute, Alpha: 0.4, Off: 10}}
		model := fold.Model{Switch: fold.Switch{Name: kind, Version: 1, SHA256: "ab"}}
		begin := func(updates *fold.Updates) *Updater {
			u := NewUpdater(o)
			u.atOnce = 1 + int(seed%4)*9 // of 20 weights
			u.Rebase(&model, kioskRanker(t, kind, -1), updates)
			return u
		}
		var journal []told // with the publications where they came
		updates := fold.Updates{}
		u := begin(&updates)
		for i, record := range hostile(rng, 300) {
			before := u.shadows[0].weights()
			record(u, &updates)
			journal = append(journal, record)
			for at, list := range u.shadows[0].weights() {
				was := append(before[at], make([]float32, len(list))...)
				for d, v := range list {
					moved := math.Abs(float64(v) - float64(was[d]))
					if !(moved <= 0.05*(1+1e-5)) { // up to rounding; NaN is more than that
						t.Fatalf("seed %d, %s, record %d: number %d of weight %d went from %v to %v", seed, kind, i, d, at, was[d], v)
					}
					most = max(most, moved)
				}
			}
			if p := u.Proposal(); p != nil && rng.IntN(3) == 0 { // a server comes to it after a while
				publications++
				one := *p.Complete(updates.Patches)
				at, received := freshet.Position(1000+i), int64(i)
				publish := func(u *Updater, updates *fold.Updates) {
					if err := updates.Apply(&one, &model, at, received); err != nil {
						t.Fatalf("seed %d, %s, record %d: %v", seed, kind, i, err)
					}
					u.Published(updates)
				}
				publish(u, &updates)
				journal = append(journal, publish)
			}
		}
		want, wantCounts := packed(u), u.Learned()
		if wantCounts.Diverged > 0 {
			t.Fatalf("seed %d: %+v", seed, wantCounts)
		}

		// The same again, with crashes.
		again := fold.Updates{}
		u = begin(&again)
		snapshot, snapped, then := packed(u), 0, again
		for at := 0; at < len(journal); at++ {
			journal[at](u, &again)
			switch rng.IntN(40) {
			case 0:
				snapshot, snapped, then = packed(u), at+1, again
			case 1:
				again = then
				u = begin(&again)
				r := pack.NewReader([]byte(snapshot))
				if u.Unpack(r); r.Done() != nil {
					t.Fatalf("seed %d, %s: %v", seed, kind, r.Done())
				}
				at = snapped - 1
				if rng.IntN(3) == 0 { // it need not come by here again for ever
					snapshot, snapped = packed(u), at+1
				}
			}
		}
		if packed(u) != want || u.Learned() != wantCounts {
			t.Fatalf("seed %d, %s: after crashes it is another", seed, kind)
		}
		g.Add(1)
	}
	if publications == 0 {
		t.Error("nothing was ever published")
	}
	g.End("weights finite, moved %.4f at most by a record where the cap is 0.05, %d publications, all equal after crashes", most, publications)
}

// TestShadowTakesAnyGradient: gradients that are no number move nothing, huge ones as far as the cap.
func TestShadowTakesAnyGradient(t *testing.T) {
	s, err := NewShadow(kioskRanker(t, "fm", 0).Heads[0].Model, Pace{Admission: 1})
	if err != nil {
		t.Fatal(err)
	}
	k := &kiosk{time: 1}
	var b rank.Batch
	s.model.Schema().Encode(&b, k.row(1))
	for i, g := range []float32{float32(math.NaN()), 0} {
		if moved := s.Learn(&b, 0, g, uint64(i+1)); moved != 0 || s.Moved() != 0 {
			t.Errorf("a gradient of %v moved %v, %d weights", g, moved, s.Moved())
		}
	}
	for i := range 1000 {
		s.Learn(&b, 0, float32(math.Inf(1-2*(i%3%2))), uint64(i+10))
	}
	for at, list := range s.weights() {
		for _, v := range list {
			if v != v || v > 100 || v < -100 {
				t.Errorf("weight %d is %v", at, v)
			}
		}
	}
}

// TestInfluenceIsBounded: one visitor who clicks on everything of one item, all day, moves the weights by
// no more than the bound, and others still have their say.
func TestInfluenceIsBounded(t *testing.T) {
	o := UpdaterOptions{VisitorMoves: 0.5, Pace: Pace{Admission: 1}}
	k := newKiosk(t, "lr", o, 4)
	for n := range 400 {
		k.time += 100
		k.at++
		show := &fold.Show{Position: k.at, Time: k.time, Received: k.time, Request: fmt.Sprint(n), Visitor: 7, Items: []uint32{1}, Row: func(int) *rank.Row { return k.row(1) }}
		k.u.Show(show)
		k.event(7, 1, freshet.SignalClick, show.Request)
	}
	sum := 0.0
	for _, list := range k.u.shadows[0].weights() {
		sum += math.Abs(float64(list[0]))
	}
	if limit := 0.5 + 4*0.1; sum > limit { // a row that began within the bound is finished: each of its weights may move by the step
		t.Errorf("one visitor moved the weights by %.3f, the bound is %.3f", sum, limit)
	}
	if c := k.u.Learned(); c.Bounded == 0 {
		t.Errorf("%+v", c)
	}
	before := k.u.Learned().Rows
	k.visit()
	if k.u.Learned().Rows == before {
		t.Error("nobody else has a say")
	}
}

// TestThinning: when more rows wait than may, fewer slates are kept, and what is kept is whole.
func TestThinning(t *testing.T) {
	k := newKiosk(t, "lr", UpdaterOptions{MaxWait: 200}, 8)
	for range 1500 {
		k.visit()
		if k.u.shown.items > 200 {
			t.Fatalf("%d rows wait", k.u.shown.items)
		}
	}
	c := k.u.Learned()
	if c.Thinned == 0 || c.Rows < 100 || c.Rows+c.Thinned != 1500*5 {
		t.Errorf("%+v", c)
	}
}

// TestWaitingIsBoundedInBytes: slates of many words are left out, whole and counted, before they take more
// bytes than may wait.
func TestWaitingIsBoundedInBytes(t *testing.T) {
	k := newKiosk(t, "lr", UpdaterOptions{WaitSize: 50_000}, 8)
	for range 500 {
		k.visit()
		sum := 0
		for _, one := range k.u.shown.slates {
			sum += one.size()
		}
		if sum != k.u.shown.bytes || sum > 50_000 {
			t.Fatalf("%d bytes wait, %d are counted", sum, k.u.shown.bytes)
		}
	}
	if c := k.u.Learned(); c.Thinned == 0 || c.Thinned%5 != 0 || c.Rows+c.Thinned != 500*5 || k.u.shown.bytes < 25_000 {
		t.Errorf("%+v, %d bytes wait", c, k.u.shown.bytes)
	}
}

// TestForecastsWaitInBytesToo: what many heads say of each row counts as it is kept.
func TestForecastsWaitInBytesToo(t *testing.T) {
	k := newKiosk(t, "lr", UpdaterOptions{WaitSize: 100_000}, 8)
	ranker := *kioskRanker(t, "lr", -2)
	for len(ranker.Heads) < maxHeads {
		ranker.Heads = append(ranker.Heads, ranker.Heads[0])
	}
	k.u.Rebase(&k.model, &ranker, &k.updates)
	seen := 0
	for range 200 {
		k.visit()
		sum := 0
		for _, one := range k.u.shown.slates {
			for i := range one.items {
				sum += len(one.items[i].forecast) * int(unsafe.Sizeof(Forecast{}))
			}
		}
		if seen = max(seen, sum); sum > 100_000 {
			t.Fatalf("%d bytes of forecasts wait", sum)
		}
	}
	if seen < 20_000 {
		t.Errorf("at most %d bytes of forecasts waited", seen)
	}
}

// TestThinningKeepsAShare: where many times more rows come than may wait, some are learned from all the
// time, and about as many as may wait in each window.
func TestThinningKeepsAShare(t *testing.T) {
	for _, times := range []int{2, 4, 20} {
		o := UpdaterOptions{Window: 10 * freshet.Minute}
		o.MaxWait = 600 * 5 / times // a visit a second shows 5
		k := newKiosk(t, "lr", o, 8)
		last, longest := 0, 0
		for n := range 3600 {
			before := k.u.Learned().Rows
			k.visit()
			if k.u.Learned().Rows > before {
				longest, last = max(longest, n-last), n
			}
		}
		if rows := k.u.Learned().Rows; longest > 300 || rows < uint64(6*o.MaxWait/2) {
			t.Errorf("%d times too many: nothing for %d visits of the 600 in a window, %d rows in 6 windows, %d may wait", times, longest, rows, o.MaxWait)
		}
	}
}
