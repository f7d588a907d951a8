package learn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/rank"
)

// kiosk is a place with a few items, each with a probability of its own to be clicked once it is seen,
// and visitors who come one every second. It tells an Updater what happens, as a state would.
type kiosk struct {
	u       *Updater
	rng     *rand.Rand
	taste   []float64 // by item
	delay   float64   // mean from being seen to the click, ms
	told    bool      // impressions are
	time    int64
	at      freshet.Position
	coming  []coming // clicks on their way
	updates fold.Updates
	model   fold.Model
	loss    float64 // of what was learned by the truth, summed over the rows shown
	best    float64 // the same of the truth itself
	fade    float64 // of what is clicked, from one place to the next; 0 is none
	rows    int
}

type coming struct {
	time    int64
	request string
	visitor uint32
	item    uint32
}

const kioskItems = 12

// kioskRanker is a model of a kiosk that gives every item the same odds.
func kioskRanker(t testing.TB, kind string, odds float32) *rank.Ranker {
	t.Helper()
	var tokens []rank.Token
	for i := range kioskItems {
		tokens = append(tokens, rank.TokenOf(itemName(i)))
	}
	slices.Sort(tokens)
	schema, err := rank.NewSchema([]rank.Field{{Name: "hour", Kind: rank.Spread, Knots: []float64{6, 12, 18}}, {Name: "item.id", Kind: rank.Category, Tokens: tokens}})
	if err != nil {
		t.Fatal(err)
	}
	lr := rank.LR{Fields: schema, Bias: odds, Weights: make([]float32, schema.Weights())}
	fm := rank.FM{LR: lr, Dim: 4, Vectors: make([]float32, 4*schema.Weights())}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range fm.Vectors {
		fm.Vectors[i] = float32(rng.NormFloat64() * 0.05)
	}
	var m rank.Model = &lr
	switch kind {
	case "fm":
		m = &fm
	case "deepfm":
		deep := &rank.DeepFM{FM: fm}
		for in, out := 8, 6; ; in, out = out, 1 {
			layer := rank.Layer{In: in, Out: out, Weights: make([]float32, in*out), Bias: make([]float32, out)}
			for i := range layer.Weights {
				layer.Weights[i] = float32(rng.NormFloat64() * 0.3)
			}
			deep.Layers = append(deep.Layers, layer)
			if out == 1 {
				break
			}
		}
		m = deep
	}
	return &rank.Ranker{Heads: []rank.Head{{Signal: "click", Weight: 1, Model: m}}}
}

func itemName(i int) string { return fmt.Sprintf("item-%d", i) }

func newKiosk(t testing.TB, kind string, o UpdaterOptions, seed uint64) *kiosk {
	k := &kiosk{u: NewUpdater(o), rng: rand.New(rand.NewPCG(seed, 7)), delay: 5_000, told: true, time: 1_700_000_000_000,
		model: fold.Model{Switch: fold.Switch{Name: kind, Version: 1, SHA256: "ab"}}}
	k.turn()
	k.u.Rebase(&k.model, kioskRanker(t, kind, -2), &k.updates)
	return k
}

// turn gives the items other tastes.
func (k *kiosk) turn() {
	k.taste = make([]float64, kioskItems)
	for i := range k.taste {
		k.taste[i] = 0.02
	}
	for range 3 {
		k.taste[k.rng.IntN(kioskItems)] = 0.5
	}
}

func (k *kiosk) row(item uint32) *rank.Row {
	row := &rank.Row{Numbers: []float64{float64(k.time / 3_600_000 % 24)}, Words: []rank.Token{rank.TokenOf(itemName(int(item) - 1))}}
	row.End()
	return row
}

// visit has one visitor come, who is shown some items, and what was clicked meanwhile be told.
func (k *kiosk) visit() {
	k.time += 1000
	k.clicks(k.time)
	visitor, request := uint32(1+k.rng.IntN(5000)), fmt.Sprintf("r-%d", k.time)
	show := &fold.Show{Time: k.time, Received: k.time, Request: request, Visitor: visitor}
	for _, item := range k.rng.Perm(kioskItems)[:5] {
		show.Items = append(show.Items, uint32(item+1))
	}
	show.Row = func(i int) *rank.Row { return k.row(show.Items[i]) }
	k.at++
	show.Position = k.at
	k.u.Show(show)
	for place, item := range show.Items {
		if k.told {
			k.event(visitor, item, freshet.SignalImpression, request)
		}
		chance := k.taste[item-1]
		if k.fade > 0 {
			chance *= math.Pow(k.fade, float64(place))
		}
		k.judge(item, chance)
		if k.rng.Float64() < chance {
			wait := int64(k.delay * k.rng.ExpFloat64())
			k.coming = append(k.coming, coming{k.time + wait, request, visitor, item})
		}
	}
	k.publish()
}

// judge adds the expected log-loss of what was learned.
func (k *kiosk) judge(item uint32, chance float64) {
	var b rank.Batch
	k.u.ranker.Schema().Encode(&b, k.row(item))
	odds := float64(k.u.shadows[0].Predict(&b, 0)[learned])
	k.loss += softplus(odds) - chance*odds
	k.best -= chance*math.Log(chance) + (1-chance)*math.Log(1-chance)
	k.rows++
}

// clicks tells those up to a time.
func (k *kiosk) clicks(until int64) {
	var later []coming
	for _, c := range k.coming {
		if c.time > until {
			later = append(later, c)
			continue
		}
		k.event(c.visitor, c.item, freshet.SignalClick, c.request)
	}
	k.coming = later
}

func (k *kiosk) event(visitor, item uint32, signal freshet.Signal, request string) {
	k.at++
	k.u.Act(k.at, visitor, item, signal, &freshet.Event{Time: k.time, Request: request, Name: string(signal)})
}

// publish writes down what is proposed, as a server does.
func (k *kiosk) publish() {
	p := k.u.Proposal()
	if p == nil {
		return
	}
	k.at++
	if err := k.updates.Apply(p.Complete(k.updates.Patches), &k.model, k.at, k.time); err != nil {
		panic(err)
	}
	k.u.Published(&k.updates)
}

// perRow is the mean expected log-loss since the last call.
func (k *kiosk) perRow() float64 {
	mean := k.loss / float64(k.rows)
	k.loss, k.rows = 0, 0
	return mean
}

// TestUpdaterFollowsATaste: what is learned online beats the model, is published, and follows when the
// taste turns, for each kind of model, with impressions and without.
func TestUpdaterFollowsATaste(t *testing.T) {
	for _, kind := range []string{"lr", "fm", "deepfm"} {
		for _, told := range []bool{true, false} {
			k := newKiosk(t, kind, UpdaterOptions{Gate: GateOptions{Horizon: 10 * freshet.Minute, Settle: 30 * freshet.Second}}, 3)
			k.told = told
			for range 2 {
				k.turn()
				for range 3000 {
					k.visit()
				}
				k.perRow()
				for range 500 {
					k.visit()
				}
				got, plain := k.perRow(), 0.0
				for _, chance := range k.taste {
					plain += (softplus(-2) + 2*chance) / kioskItems
				}
				if got > plain-0.05 {
					t.Errorf("%s, impressions %v: a log-loss of %.4f, that of the model is %.4f", kind, told, got, plain)
				}
			}
			if k.updates.Number == 0 || k.updates.Last.Lead <= 0 {
				t.Errorf("%s, impressions %v: in force is %+v", kind, told, k.updates.Last)
			}
			if c := k.u.Learned(); c.Diverged != 0 || c.Orphans != 0 || c.Rows == 0 {
				t.Errorf("%s, impressions %v: %+v", kind, told, c)
			}
		}
	}
}

// packed is the updater as bytes.
func packed(u *Updater) string {
	w := &pack.Writer{}
	u.Pack(w)
	return string(w.Bytes)
}

// TestUpdaterGoesOnFromWhatWasPacked: an updater that was packed and unpacked anywhere becomes the same
// as one that lived on, to the bit.
func TestUpdaterGoesOnFromWhatWasPacked(t *testing.T) {
	for _, kind := range []string{"lr", "fm", "deepfm"} {
		o := UpdaterOptions{Window: 2 * freshet.Minute, Gate: GateOptions{Horizon: 5 * freshet.Minute, Settle: 10 * freshet.Second}, MaxWait: 500}
		a, b := newKiosk(t, kind, o, 5), newKiosk(t, kind, o, 5)
		a.u.atOnce, b.u.atOnce = 1, 1
		between := 0
		for n := range 900 {
			a.visit()
			b.visit()
			if gathering := b.u.gathering.pub != nil; n%149 == 0 || gathering && n%7 == 0 {
				if gathering {
					between++
				}
				text := packed(b.u)
				b.u = NewUpdater(o)
				b.u.atOnce = 1
				b.u.Rebase(&b.model, kioskRanker(t, kind, -2), &b.updates)
				r := pack.NewReader([]byte(text))
				if b.u.Unpack(r); r.Done() != nil {
					t.Fatal(r.Done())
				}
				if packed(b.u) != text {
					t.Fatalf("%s: packed again it is another", kind)
				}
			}
		}
		if packed(a.u) != packed(b.u) || a.updates.Number == 0 || a.updates.Last.Weights != b.updates.Last.Weights {
			t.Errorf("%s: the two differ, or nothing was published: %+v", kind, a.updates.Last)
		}
		if between == 0 || a.u.Learned().Diverged+b.u.Learned().Diverged > 0 {
			t.Errorf("%s: %d times packed while a publication was gathered, %+v", kind, between, b.u.Learned())
		}
	}
}

// TestPublishedIsWhatWasLearned: the model with all patches in force says what the shadow says.
func TestPublishedIsWhatWasLearned(t *testing.T) {
	for _, kind := range []string{"lr", "fm", "deepfm"} {
		k := newKiosk(t, kind, UpdaterOptions{Gate: GateOptions{Horizon: 5 * freshet.Minute}}, 9)
		for range 2000 {
			k.visit()
		}
		if k.updates.Number == 0 {
			t.Fatalf("%s: nothing was published: %+v", kind, k.updates.Last)
		}
		made, err := rank.Patched(k.u.ranker.Heads[0].Model, &k.updates.Patches[0])
		if err != nil {
			t.Fatal(err)
		}
		for item := range kioskItems {
			var b rank.Batch
			made.Schema().Encode(&b, k.row(uint32(item+1)))
			odds := make([]float32, 1)
			made.Predict(&b, odds)
			f := k.u.shadows[0].Predict(&b, 0)
			if d := math.Abs(float64(odds[0] - f[published])); d > 1e-5 {
				t.Errorf("%s, item %d: served are log-odds of %v, judged %v", kind, item, odds[0], f[published])
			}
		}
	}
}

// TestPlacesAreNotTastes: a model that is right of what is shown first stays as it is where places further
// down are clicked less, because what a place does is learned apart.
func TestPlacesAreNotTastes(t *testing.T) {
	k := newKiosk(t, "lr", UpdaterOptions{}, 21)
	k.fade = 0.6
	for i := range k.taste {
		k.taste[i] = probability32(-2)
	}
	for range 8000 {
		k.visit()
	}
	for at, list := range k.u.shadows[0].weights() {
		if list[0] > 0.2 || list[0] < -0.2 {
			t.Errorf("weight %d moved by %.3f", at, list[0])
		}
	}
	if last := k.u.places.of(0, 4); last > -1 {
		t.Errorf("the fifth place adds %.3f, one in %.1f of the first is clicked there", last, 1/math.Pow(k.fade, 4))
	}
}

func probability32(odds float32) float64 { return float64(probability(odds)) }

// TestUpdaterWithoutItsRanker: what was packed is read where the ranker is not at hand, or was not when it
// was packed: learning begins anew, and what is in force stays so.
func TestUpdaterWithoutItsRanker(t *testing.T) {
	o := UpdaterOptions{Gate: GateOptions{Horizon: 5 * freshet.Minute}}
	k := newKiosk(t, "fm", o, 9)
	for range 1000 {
		k.visit()
	}
	ranker := k.u.ranker
	if k.updates.Number == 0 || ranker == nil {
		t.Fatalf("nothing was published: %+v", k.updates.Last)
	}
	text := packed(k.u)
	for _, at := range []*rank.Ranker{nil, ranker} { // first it is gone, then it is back
		k.u = NewUpdater(o)
		k.u.Rebase(&k.model, at, &k.updates)
		r := pack.NewReader([]byte(text))
		if k.u.Unpack(r); r.Done() != nil {
			t.Fatal(r.Done())
		}
		if k.u.Updating() != (at != nil) || k.u.Learned().Rows != 0 {
			t.Errorf("with the ranker %v: %+v", at != nil, k.u.Learned())
		}
		text = packed(k.u)
	}
	for range 500 {
		k.visit()
	}
	if c := k.u.Learned(); c.Rows == 0 || k.u.shadows[0].out.weights[0] == 0 {
		t.Errorf("nothing is learned anew: %+v", c)
	}
}

// TestPublicationsAreBounded: what has changed and has no room in one publication is in those after it.
func TestPublicationsAreBounded(t *testing.T) {
	k := newKiosk(t, "fm", UpdaterOptions{MaxSize: 100, Gate: GateOptions{Horizon: 10 * freshet.Minute, Settle: 30 * freshet.Second}}, 3)
	for range 3000 {
		k.visit()
	}
	if got := k.updates.Patches; got == nil || got[0].Len() < kioskItems {
		t.Errorf("in force is %+v", got)
	}
	for size := 16 + 9; size < 400; size++ {
		for _, dim := range []int{0, 1, 16} {
			patch := rank.Patch{Dim: dim}
			for i := range mostChanges(size, dim) {
				patch.Index, patch.Weights, patch.Vectors = append(patch.Index, uint32(i+1)<<25), append(patch.Weights, 1), append(patch.Vectors, make([]float32, dim)...)
			}
			if n := len(patch.Append(nil)); n > size && patch.Len() > 1 {
				t.Fatalf("%d weights with vectors of %d numbers are %d bytes, more than %d", patch.Len(), dim, n, size)
			}
		}
	}
}

// TestProposalsOfOthersAreRefused: a snapshot whose proposal cannot have been made of what was learned is
// refused with a reason, of a proposal and of one that is being gathered.
func TestProposalsOfOthersAreRefused(t *testing.T) {
	o := UpdaterOptions{}
	k := newKiosk(t, "fm", o, 3)
	for range 50 {
		k.visit()
	}
	s := k.u.shadows[0]
	patch := func(index uint32, dim int) rank.Patch {
		return rank.Patch{Dim: dim, Index: []uint32{index}, Weights: []float32{1}, Vectors: make([]float32, dim)}
	}
	still := uint32(slices.Index(s.place, 0))
	good := patch(s.moved[1].index, s.dim)
	for name, patches := range map[string][]rank.Patch{
		"":                      {good},
		"has not moved":         {patch(still, s.dim)},
		"of head 0: weight":     {patch(uint32(len(s.place)), s.dim)},
		"its vectors have":      {patch(s.moved[1].index, s.dim+1)},
		"patches of 2 heads":    {good, good},
		"of head 0: weight 429": {patch(1<<32-1, s.dim)},
	} {
		for _, gathered := range []bool{false, true} {
			pub := &fold.Publication{Number: 1, Verdict: fold.Published}
			k.u.propose, k.u.gathering = nil, gathering{}
			if gathered {
				pub.Changes = [][]rank.Patch{patches[:1]}
				k.u.gathering = gathering{pub: pub, places: s.Moved(), looked: 1}
			} else {
				for i := range patches {
					pub.Patches = append(pub.Patches, patches[i].Append(nil))
				}
				k.u.propose = pub
			}
			again := NewUpdater(o)
			again.Rebase(&k.model, kioskRanker(t, "fm", -2), &k.updates)
			r := pack.NewReader([]byte(packed(k.u)))
			again.Unpack(r)
			err := r.Done()
			if name == "" || gathered && len(patches) > 1 {
				if err != nil {
					t.Errorf("gathered %v: %v", gathered, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("gathered %v: %v, want %q", gathered, err, name)
			}
		}
	}
}
