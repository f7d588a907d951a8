package learn

import (
	"cmp"
	"math"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/rank"
)

// UpdaterOptions say how a ranker is updated online. The zero value of a field is its default.
type UpdaterOptions struct {
	Window   freshet.Duration // in which a positive is credited to what was shown; 0 is 30 minutes
	Every    freshet.Duration // least time between two verdicts; 0 is 5 seconds
	Delay    Delay
	Pace     Pace
	Gate     GateOptions
	MaxWait  int // rows that are kept because something may yet come of them; 0 is 131,072
	WaitSize int // bytes that those take, about; 0 is 128 MiB, in which as many rows of 80 words have room
	MaxSize  int // bytes of the patches of a publication, a third less than a record has room for; 0 is 4 MiB

	// What one visitor, and one item, has a say in within each Window: the sum over all weights of how
	// far they were moved, and the rows. 0 is 2 and 300 of a visitor, 40 and 20,000 of an item.
	VisitorMoves, ItemMoves float64
	VisitorRows, ItemRows   int
}

func (o UpdaterOptions) withDefaults() UpdaterOptions {
	o.Window = cmp.Or(o.Window, attributionWindow)
	o.Every = cmp.Or(o.Every, 5*freshet.Second)
	o.MaxWait = cmp.Or(o.MaxWait, 1<<17)
	o.WaitSize = cmp.Or(o.WaitSize, 128<<20)
	o.MaxSize = cmp.Or(o.MaxSize, 4<<20)
	o.VisitorMoves = cmp.Or(o.VisitorMoves, 2)
	o.ItemMoves = cmp.Or(o.ItemMoves, 40)
	o.VisitorRows = cmp.Or(o.VisitorRows, 300)
	o.ItemRows = cmp.Or(o.ItemRows, 20_000)
	return o
}

// Delay is what is done about positives that come late.
type Delay int

const (
	// FakeNegatives learns from a row as a negative when it is seen, and as a positive when that comes,
	// each with the importance weight that makes both together unbiased: (1 − p)(1 + p) and 1 + p, p
	// being the forecast (Ktena et al., "Addressing delayed feedback for continuous training with neural
	// networks in CTR prediction", RecSys 2019, equation 8). A row counts as soon as it is seen.
	FakeNegatives Delay = iota
	// Wait learns from a row once, when its window has passed.
	Wait
)

// Updater keeps a copy of the live ranker up to date with what is shown and what comes of it, and
// proposes to publish it when it is better. It is a fold of the journal (see fold.Updater): what it
// learns, when it judges and what it proposes depend on records alone, and time is the newest that they
// tell. So a replay learns the same weights, to the bit.
//
// A row is an item that was on screen, told by an impression of its request, or of its visitor when
// that names none; in a journal without impressions for a Window, every item served. It is encoded as
// the state stood at the served record. A positive within Window makes it a positive of each head whose
// signal it is, once: what is repeated moves nothing. What a place in a slate adds is learned beside (see
// places), so that the order made before is not. Late positives are dealt with by FakeNegatives,
// not by waiting: in a simulation where tastes turn and positives come after minutes it is worth what
// delay_test.go holds, because a taste is learned when it is shown and not a window later.
//
// Every forecast is made before its row is learned from, and judged (see gate). When what was learned
// is better than the ranker as trained, it is proposed for publication, at most once in Every; when what
// was published is worse, that is rolled back, and learning begins anew. Visitors and items are bounded
// (see influence). When more rows come than may wait, whole slates are left out by a hash of their
// request, half of them, or three quarters, and so on (see inflow): the labels of the rest are as they
// are, and some are learned from at all times. What is left out is counted (fold.Learned.Thinned).
//
// With heads, each learns on its own, and they are judged together.
type Updater struct {
	UpdaterOptions
	ranker  *rank.Ranker // nil while there is nothing to update
	base    fold.Model
	updates fold.Updates
	shadows []*Shadow // by head
	places  places

	clock     int64 // newest time told, Unix ms
	until     freshet.Position
	next      int64 // when the next verdict is due
	newest    int64 // when an impression was told last; 0 never
	shown     shown
	inflow    inflow
	gate      *gate
	say       *influence
	propose   *fold.Publication
	gathering gathering
	atOnce    int // gatherAtOnce
	counts    fold.Learned
	scratch   rank.Batch
}

// NewUpdater returns an Updater without a ranker.
func NewUpdater(o UpdaterOptions) *Updater {
	u := &Updater{UpdaterOptions: o.withDefaults(), atOnce: gatherAtOnce}
	u.gate = newGate(u.Gate)
	u.reset()
	return u
}

// reset forgets everything that was shown and learned.
func (u *Updater) reset() {
	u.shown, u.inflow, u.counts = newShown(), inflow{}, fold.Learned{}
	u.say = newInfluence(int64(u.Window), say{float32(u.VisitorMoves), uint32(u.VisitorRows)}, say{float32(u.ItemMoves), uint32(u.ItemRows)})
	if u.places = nil; u.ranker != nil {
		u.places = newPlaces(len(u.ranker.Heads))
	}
	u.unlearn()
}

// unlearn forgets what was learned, and how it did.
func (u *Updater) unlearn() {
	u.shadows, u.propose, u.gathering = nil, nil, gathering{}
	u.gate.clear(u.clock)
	if u.ranker == nil {
		return
	}
	for i := range u.ranker.Heads {
		shadow, err := NewShadow(u.ranker.Heads[i].Model, u.Pace)
		if err != nil {
			u.ranker, u.shadows = nil, nil
			return
		}
		u.shadows = append(u.shadows, shadow)
	}
}

// maxHeads is how many heads have a bit of their own.
const maxHeads = 64

// Rebase implements fold.Updater.
func (u *Updater) Rebase(m *fold.Model, ranker *rank.Ranker, updates *fold.Updates) {
	if ranker != nil && len(ranker.Heads) > maxHeads {
		ranker = nil
	}
	u.base, u.ranker, u.updates = *m, ranker, *updates
	u.reset()
	u.follow()
}

// follow brings what is in force into the shadows.
func (u *Updater) follow() {
	if len(u.updates.Patches) != len(u.shadows) {
		return
	}
	for i, shadow := range u.shadows {
		shadow.Publish(&u.updates.Patches[i])
	}
}

// Proposal implements fold.Updater.
func (u *Updater) Proposal() *fold.Publication { return u.propose }

// Learned implements fold.Updater.
func (u *Updater) Learned() fold.Learned {
	c := u.counts
	for _, shadow := range u.shadows {
		c.Moved += shadow.Moved()
	}
	return c
}

// Updating reports that there is a ranker to update.
func (u *Updater) Updating() bool { return u.ranker != nil }

// Published implements fold.Updater.
func (u *Updater) Published(updates *fold.Updates) {
	last := &updates.Last
	own := u.proposed(updates)
	if !own {
		u.counts.Diverged++
	}
	u.propose, u.gathering, u.updates = nil, gathering{}, *updates
	if u.ranker == nil {
		return
	}
	switch last.Verdict {
	case fold.Published:
		if !own {
			u.follow()
			break
		}
		for _, shadow := range u.shadows {
			shadow.adopt()
		}
	case fold.Reverted, fold.Disabled:
		u.unlearn()
	}
}

// proposed reports that the newest publication is what is proposed: that very one, as a server knows that
// has written it, or one with the same weights.
func (u *Updater) proposed(updates *fold.Updates) bool {
	last := &updates.Last
	if u.propose == nil || u.propose.Number != last.Number || u.propose.Verdict != last.Verdict {
		return false
	}
	return updates.Proposed == u.propose || u.propose.Complete(u.updates.Patches).Weights == last.Weights
}

// Show implements fold.Updater.
func (u *Updater) Show(show *fold.Show) {
	u.tick(show.Position, min(show.Time, show.Received))
	if u.ranker == nil || !u.keep(show) {
		return
	}
	one := &slate{request: show.Request, visitor: show.Visitor, time: u.clock, items: make([]shownItem, 0, len(show.Items)), heads: len(u.shadows)}
	schema := u.ranker.Schema()
	u.scratch.Reset()
	for i, item := range show.Items {
		if item == 0 || slices.Contains(show.Items[:i], item) {
			continue
		}
		schema.Encode(&u.scratch, show.Row(i))
		one.items = append(one.items, shownItem{item: item, rank: min(i, mostPlaces)})
	}
	if len(one.items) == 0 {
		return
	}
	one.batch = rank.Batch{Index: slices.Clone(u.scratch.Index), Value: slices.Clone(u.scratch.Value), Ends: slices.Clone(u.scratch.Ends)}
	if u.shown.bytes+one.size() > u.WaitSize {
		u.counts.Thinned += uint64(len(one.items))
		return
	}
	u.shown.add(one)
	if u.newest == 0 || u.newest < u.clock-int64(u.Window) { // nobody tells what was on screen
		for i := range one.items {
			u.see(place{one, i}, u.clock, show.Position)
		}
	}
}

// keep decides whether a slate is waited for, by its request alone: a slate is kept whole or not at all.
func (u *Updater) keep(show *fold.Show) bool {
	u.inflow.come(u.clock, int64(u.Window)/inflowSlices, len(show.Items))
	free := u.MaxWait - u.shown.items
	if u.shown.items > 0 {
		free = min(free, (u.WaitSize-u.shown.bytes)/(u.shown.bytes/u.shown.items))
	}
	if len(show.Items) <= free && among(show.Request, u.inflow.share(free)) {
		return true
	}
	u.counts.Thinned += uint64(len(show.Items))
	return false
}

// Act implements fold.Updater.
func (u *Updater) Act(p freshet.Position, visitor, item uint32, signal freshet.Signal, e *freshet.Event) {
	u.tick(p, e.Time)
	if u.ranker == nil || item == 0 {
		return
	}
	switch {
	case signal == freshet.SignalImpression:
		u.newest = u.clock
		if at := u.shown.find(e.Request, visitor, item); at.slate != nil {
			u.see(at, e.Time, p)
		}
	case signal.Positive():
		at := u.shown.find(e.Request, visitor, item)
		if at.slate == nil || at.slate.visitor != visitor {
			u.counts.Orphans++
			return
		}
		u.see(at, e.Time, p) // whoever took it saw it
		u.want(at, signal, e, p)
	}
}

// see makes a row of an item that is on screen, once.
func (u *Updater) see(at place, t int64, p freshet.Position) {
	it := &at.slate.items[at.at]
	if it.seen {
		return
	}
	it.seen, it.at = true, min(t, u.clock)
	it.forecast = u.forecast(at)
	if it.counted = u.say.may(at.slate.visitor, it.item); !it.counted {
		u.counts.Bounded++
		return
	}
	for _, f := range it.forecast {
		u.gate.add(it.at, f)
	}
	u.counts.Rows++
	if u.Delay == FakeNegatives {
		for h, f := range it.forecast {
			chance := probability(f[learned])
			u.learn(at, h, chance*(1-chance)*(1+chance), p)
		}
	}
}

// want makes a positive of a row that was seen, once for each head.
func (u *Updater) want(at place, signal freshet.Signal, e *freshet.Event, p freshet.Position) {
	it := &at.slate.items[at.at]
	if !it.counted || e.Time < it.at || e.Time > it.at+int64(u.Window) {
		return
	}
	for h := range u.ranker.Heads {
		if !heeds(u.ranker.Heads[h].Signal, signal, e.Name) {
			continue
		}
		if it.wanted>>h&1 == 1 {
			u.counts.Repeats++
			continue
		}
		it.wanted |= 1 << h
		u.counts.Positives++
		u.gate.correct(it.at, it.forecast[h])
		if u.Delay == FakeNegatives {
			chance := probability(u.odds(at, h, u.shadows[h].Learned(&at.slate.batch, at.at)))
			u.learn(at, h, (chance-1)*(1+chance), p)
		}
	}
}

// heeds reports that an event is a positive of a head: of that of clicks every one is, since who likes
// or buys has wanted; of others those with the signal's name or kind.
func heeds(head string, signal freshet.Signal, name string) bool {
	return head == "" || head == string(freshet.SignalClick) || head == name || head == string(signal)
}

// settle ends the wait for what was shown in a slate.
func (u *Updater) settle(one *slate, p freshet.Position) {
	if u.Delay != Wait {
		return
	}
	for i := range one.items {
		at, it := place{one, i}, &one.items[i]
		if !it.counted {
			continue
		}
		for h, f := range u.forecast(at) {
			label := float32(it.wanted >> h & 1)
			u.learn(at, h, probability(f[learned])-label, p)
		}
	}
}

// forecast is what each head's variants say of a row, calibrated.
func (u *Updater) forecast(at place) []Forecast {
	list := make([]Forecast, len(u.shadows))
	for h, shadow := range u.shadows {
		f := shadow.Predict(&at.slate.batch, at.at)
		for v := range f {
			f[v] = u.odds(at, h, f[v])
		}
		list[h] = f
	}
	return list
}

// odds is what a head's model says of a row, calibrated, with what its place adds.
func (u *Updater) odds(at place, head int, of float32) float32 {
	return float32(u.ranker.Heads[head].Calibration.Of(float64(of))) + u.places.of(head, at.slate.items[at.at].rank)
}

// learn moves the weights of one head by a gradient of the loss by the calibrated log-odds. That these
// are a rising function of the model's changes by how much the model's have to move, not which way, and
// is left out.
func (u *Updater) learn(at place, head int, gradient float32, p freshet.Position) {
	visitor, item := at.slate.visitor, at.slate.items[at.at].item
	if !u.say.room(visitor, item) {
		u.counts.Bounded++
		return
	}
	u.places.learn(head, at.slate.items[at.at].rank, gradient, &u.shadows[head].pace)
	u.say.moved(visitor, item, u.shadows[head].Learn(&at.slate.batch, at.at, gradient, uint64(p)))
}

// probability is 1/(1 + e^−odds).
func probability(odds float32) float32 { return float32(1 / (1 + math.Exp(-float64(odds)))) }

// tick is told of the time of each record, before anything else: windows pass and verdicts fall due.
func (u *Updater) tick(p freshet.Position, t int64) {
	u.clock = max(u.clock, t)
	if u.ranker == nil {
		return
	}
	for one := u.shown.before(u.clock - int64(u.Window)); one != nil; one = u.shown.before(u.clock - int64(u.Window)) {
		u.settle(one, p)
	}
	u.say.at(u.clock)
	if u.gathering.pub != nil {
		u.gather()
	}
	if u.clock >= u.next {
		u.next = u.clock + int64(u.Every)
		if u.propose == nil && u.gathering.pub == nil {
			u.judge()
		}
	}
	u.until = p
}

// judge proposes what follows from how the forecasts did.
func (u *Updater) judge() {
	j := u.gate.judge(u.clock)
	last := u.updates.Last.Verdict
	verdict, of := fold.Undecided, learned
	switch {
	case u.updates.Number != 0 && u.gate.loses(&j):
		verdict, of = fold.Reverted, published
	case !u.gate.enough(&j):
		verdict = fold.Waiting
	case u.gate.wins(&j):
		verdict = fold.Published
	}
	if verdict == last && verdict != fold.Published {
		return
	}
	if verdict == fold.Waiting && (last == "" || u.updates.Number != 0) {
		return // nothing was said yet, or what was said holds
	}
	pub := &fold.Publication{
		Name: u.base.Name, Version: u.base.Version, SHA256: u.base.SHA256, Number: u.updates.Last.Number + 1, Until: u.until, Verdict: verdict,
		Rows: j.rows, Positives: j.positives, Lead: j.lead[of-published], Bound: finite(j.bound[of-published]),
		LogLoss: share(j.figures.Loss[of], j.rows), Trained: share(j.figures.Loss[frozen], j.rows), Expected: share(j.figures.Expected[of], j.positives),
	}
	if verdict == fold.Published {
		pub.Changes = make([][]rank.Patch, len(u.shadows))
		u.gathering = gathering{pub: pub}
		u.gather()
		return
	}
	u.propose = pub
}

// share is a mean, 0 of nothing.
func share(sum float64, n int64) float64 {
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// finite is v, and 0 for what JSON has no number for.
func finite(v float64) float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return 0
	}
	return v
}

// Pack implements fold.Updater.
func (u *Updater) Pack(w *pack.Writer) {
	w.Bool(u.ranker != nil)
	for _, v := range []int64{u.clock, int64(u.until), u.next, u.newest} {
		w.Int(v)
	}
	if u.ranker == nil {
		return
	}
	of := &pack.Writer{}
	u.packLearned(of)
	w.Blob(of.Bytes)
}

// packLearned writes what only an updater of the same ranker can read.
func (u *Updater) packLearned(w *pack.Writer) {
	for _, n := range counted(&u.counts) {
		w.Uint(*n)
	}
	for _, shadow := range u.shadows {
		shadow.pack(w)
	}
	u.places.pack(w)
	u.shown.pack(w)
	u.gate.pack(w)
	u.say.pack(w)
	packProposal(w, u.propose, u.updates.Patches)
	u.inflow.pack(w)
	u.gathering.pack(w)
}

// Unpack implements fold.Updater. What was learned of a ranker that is not at hand is passed over, and
// where nothing was learned of one that is, learning begins anew: what ranks is in the journal, whatever
// becomes of what is learned.
func (u *Updater) Unpack(r *pack.Reader) {
	has := r.Bool()
	u.clock, u.until, u.next, u.newest = r.Int(), freshet.Position(r.Int()), r.Int(), r.Int()
	var text []byte
	if has {
		text = r.Blob()
	}
	if u.ranker == nil || r.Err() != nil {
		return
	}
	if !has {
		u.reset()
		u.follow()
		return
	}
	of := pack.NewReader(text)
	u.unpackLearned(of)
	if err := of.Done(); err != nil {
		r.Fail("what was learned online: %v", err)
	}
}

// unpackLearned reads what packLearned wrote.
func (u *Updater) unpackLearned(r *pack.Reader) {
	for _, n := range counted(&u.counts) {
		*n = r.Uint()
	}
	u.unlearn() // what is in force, too, is in what was packed
	for _, shadow := range u.shadows {
		shadow.unpack(r)
	}
	u.places.unpack(r)
	schema := u.ranker.Schema()
	u.shown.unpack(r, len(schema.Fields), schema.Weights(), len(u.shadows))
	u.gate.unpack(r)
	u.say.unpack(r)
	if u.propose = unpackProposal(r); u.propose != nil {
		u.expect(r, patchesOf(r, u.propose))
	}
	u.inflow.unpack(r)
	if r.Bool() {
		u.unpackGathering(r)
	}
}

// counted are the counts that are packed.
func counted(c *fold.Learned) []*uint64 {
	return []*uint64{&c.Rows, &c.Positives, &c.Bounded, &c.Thinned, &c.Orphans, &c.Repeats, &c.Diverged}
}
