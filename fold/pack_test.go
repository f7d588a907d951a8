package fold_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

// wholeOptions use every part of a state.
func wholeOptions() fold.Options {
	return fold.Options{Kinds: freshet.BuiltinEvents(), MaxFuture: freshet.Minute, NewTable: mem.New, Watch: 2, Words: rowWords,
		Routes: []fold.Route{{Name: "covisit", Kind: "itemcf"}, {Name: "hot", Kind: "popular", Window: freshet.Hour}, {Name: "new", Kind: "new", Within: freshet.Day},
			{Name: "asked", Kind: "search", Within: 2 * freshet.Hour}, {Name: "like", Kind: "similar"}, {Name: "try", Kind: "explore"},
			{Name: "rising", Kind: "trending", Window: freshet.Hour, Against: freshet.Day}, {Name: "close", Kind: "geo", Distance: 5000},
			{Name: "by", Kind: "rule", Where: "item.author == 'a1'", Order: "popular"}, {Name: "all", Kind: "rule", Where: "item.title != nil", Order: "newest"}},
		Features: []feature.Definition{
			{Name: "clicks", Key: []string{"user", "item.category"}, On: []string{"click"}, Agg: feature.Count, Window: 10 * freshet.Minute, Hop: freshet.Minute},
			{Name: "ctr", Key: []string{"item"}, Agg: feature.Rate, Of: []string{"click"}, Per: []string{"expose"}, Window: freshet.Hour, Hop: 5 * freshet.Minute, Prior: [2]float64{1, 20}},
			{Name: "taste", Key: []string{"user", "item.categories"}, On: []string{"click", "like"}, Agg: feature.DecayedSum, HalfLife: freshet.Hour},
			{Name: "age", Key: []string{"user"}, Agg: feature.Age},
			{Name: "sum", Key: []string{"item.author"}, Agg: feature.Sum, Field: "value"},
			{Name: "spent", Key: []string{"user"}, Agg: feature.DecayedSum, HalfLife: freshet.Minute, Field: "value"},
			{Name: "brief", Key: []string{"user"}, Agg: feature.DecayedSum, HalfLife: freshet.Second, Field: "value"},
			{Name: "query", Key: []string{"user"}, Agg: feature.Last, Field: "context.q"},
			{Name: "trail", Key: []string{"global"}, Agg: feature.LastK, K: 5},
			{Name: "places", Key: []string{"user.plan", "context.place"}, Agg: feature.Distinct, Field: "item", Window: freshet.Hour, Hop: 10 * freshet.Minute},
			{Name: "most", Key: []string{"user", "item", "context.place"}, Agg: feature.Max, Field: "value", Window: freshet.Hour, Hop: 30 * freshet.Minute},
			{Name: "mean", Key: []string{"item.categories", "user", "user.plan", "context.place"}, Agg: feature.Mean, Field: "value"},
		}}
}

func whole(t testing.TB) *fold.State {
	t.Helper()
	s, err := fold.New(wholeOptions())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// player makes a journal of everything at random, entry by entry.
type player struct {
	rng  *rand.Rand
	now  int64
	last freshet.Position
}

func (p *player) next(t testing.TB) *stream.Entry {
	t.Helper()
	p.last++
	p.now += p.rng.Int64N(30_000)
	e := &stream.Entry{Position: p.last, Received: p.now}
	user := freshet.UserID(fmt.Sprintf("u-%d", p.rng.IntN(30)))
	item := freshet.ItemID(fmt.Sprintf("i-%d", p.rng.IntN(80)))
	switch p.rng.IntN(13) {
	case 0:
		doc := freshet.Item{ID: item, Title: []string{"T", "Boats and tides", "Hill boots"}[p.rng.IntN(3)], Unavailable: p.rng.IntN(8) == 0, Attributes: map[string]any{"author": fmt.Sprintf("a%d", p.rng.IntN(4)), "lat": json.Number(fmt.Sprint(p.rng.IntN(3))), "lon": json.Number("7")}}
		for range p.rng.IntN(3) {
			doc.Categories = append(doc.Categories, []string{"sea", "hill", "town"}[p.rng.IntN(3)])
		}
		doc.Categories = slices.Compact(doc.Categories)
		if p.rng.IntN(2) == 0 {
			doc.Published, doc.HasPublished = p.now-p.rng.Int64N(int64(100*freshet.Day)), true
		}
		e.Item = &doc
	case 1:
		record := fold.Served{Request: fmt.Sprintf("r-%d", p.last), Visitor: freshet.VisitorOf(user, "", ""), Items: []fold.ServedItem{{Item: item, Routes: []fold.ServedScore{{Route: "covisit", Rank: 1}}}}}
		if p.rng.IntN(4) == 0 {
			record.Degraded = []string{"recall.hot:timeout"}
		}
		text, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		e.Served = text
	case 2:
		e.Model = fmt.Appendf(nil, `{"model":"lr","version":%d,"sha256":"aa","by":"promoted"}`, p.last)
	case 3:
		e.Definitions = []byte(`{}`)
	case 4:
		e.User = &freshet.User{ID: user}
		if p.rng.IntN(4) > 0 {
			e.User.Attributes = map[string]any{"age": json.Number(fmt.Sprint(p.rng.IntN(90))), "plan": []any{"free", "gold"}[p.rng.IntN(2)]}
		}
	default:
		names := []string{"click", "view", "like", "purchase", "hide", "expose", "search", "watch"}
		e.Event = &freshet.Event{User: user, Item: item, Name: names[p.rng.IntN(len(names))], Time: p.now - p.rng.Int64N(int64(freshet.Hour)) + p.rng.Int64N(int64(freshet.Minute)), Value: float64(p.rng.IntN(9)), HasValue: p.rng.IntN(2) == 0}
		e.Event.Context = map[string]any{"place": []any{"home", json.Number("2"), true}[p.rng.IntN(3)]}
		if e.Event.Name == "search" || p.rng.IntN(20) == 0 {
			e.Event.Query = []string{"boats", "hill tides", "boots"}[p.rng.IntN(3)]
		}
		if p.rng.IntN(2) == 0 {
			e.Event.ID = fmt.Sprintf("e-%d", p.last)
			e.Event.Context["q"] = []any{"boats", json.Number("7")}[p.rng.IntN(2)]
		}
		e.Late, e.Source = p.rng.IntN(20) == 0, "http"
	}
	return e
}

func packed(s *fold.State) []byte {
	var w pack.Writer
	s.Pack(&w)
	return w.Bytes
}

// TestAnUnpackedStateGoesOnAlike: at any moment of a life, a state that is packed and unpacked
// lives on as if nothing had happened: after any further entries both pack to the same bytes,
// and equal journals make equal bytes.
func TestAnUnpackedStateGoesOnAlike(t *testing.T) {
	for seed := range uint64(12) {
		p := &player{rng: rand.New(rand.NewPCG(seed, 1)), now: t0}
		live, again := whole(t), whole(t)
		for range 100 + int(seed)*150 {
			e := p.next(t)
			live.Apply(e)
			again.Apply(e)
		}
		text := packed(live)
		if !bytes.Equal(text, packed(again)) {
			t.Fatalf("seed %d: equal journals pack to other bytes", seed)
		}
		restored := whole(t)
		r := pack.NewReader(text)
		restored.Unpack(r)
		if err := r.Done(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if !bytes.Equal(text, packed(restored)) {
			t.Fatalf("seed %d: unpacked, it packs to other bytes", seed)
		}
		for range 1500 {
			e := p.next(t)
			live.Apply(e)
			restored.Apply(e)
		}
		if !bytes.Equal(packed(live), packed(restored)) {
			t.Fatalf("seed %d: it does not go on alike", seed)
		}
		var asks []fold.Ask
		for _, r := range wholeOptions().Routes {
			asks = append(asks, fold.Ask{Kind: r.Kind, N: 50})
		}
		for v := range 30 {
			visitor := freshet.VisitorOf(freshet.UserID(fmt.Sprintf("u-%d", v)), "", "")
			one, err := live.Candidates(t.Context(), asks, live.Request(live.Visitor(visitor), live.Newest))
			if err != nil {
				t.Fatal(err)
			}
			two, err := restored.Candidates(t.Context(), asks, restored.Request(restored.Visitor(visitor), restored.Newest))
			if err != nil || fmt.Sprint(one) != fmt.Sprint(two) {
				t.Fatalf("seed %d: %s is recommended\n%v\nand\n%v (%v)", seed, visitor, one, two, err)
			}
			builders := [2]*fold.RowBuilder{live.NewRowBuilder(), restored.NewRowBuilder()}
			builders[0].Start(live.Visitor(visitor), live.Newest, nil)
			builders[1].Start(restored.Visitor(visitor), restored.Newest, nil)
			for i := range one {
				if a, b := fmt.Sprint(builders[0].Row(&one[i])), fmt.Sprint(builders[1].Row(&two[i])); a != b {
					t.Fatalf("seed %d: the rows of %s differ:\n%s\n%s", seed, visitor, a, b)
				}
			}
		}
	}
}

// TestDamagedStateIsRefused: cut off or with a byte changed, a state is refused or, where the
// byte holds a mere value, read, and then it goes on; never is there a panic, nor room for more
// than there is.
func TestDamagedStateIsRefused(t *testing.T) {
	p := &player{rng: rand.New(rand.NewPCG(3, 3)), now: t0}
	live := whole(t)
	for range 600 {
		live.Apply(p.next(t))
	}
	text := packed(live)
	for range 300 {
		cut := p.rng.IntN(len(text))
		r := pack.NewReader(text[:cut])
		whole(t).Unpack(r)
		if err := r.Done(); !errors.Is(err, pack.ErrDamaged) {
			t.Fatalf("cut at %d of %d: %v", cut, len(text), err)
		}
		bent := bytes.Clone(text)
		bent[p.rng.IntN(len(bent))] ^= byte(1 + p.rng.IntN(255))
		r = pack.NewReader(bent)
		again := whole(t)
		again.Unpack(r)
		if err := r.Done(); err != nil {
			if !errors.Is(err, pack.ErrDamaged) {
				t.Fatal(err)
			}
			continue
		}
		more := player{rng: rand.New(rand.NewPCG(3, 4)), now: p.now, last: p.last}
		for range 200 {
			again.Apply(more.next(t))
		}
		if err := again.Export(func(string) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAPlaceBeyondTheSlatesIsRefused bends the last value of an empty state that watches nothing:
// the place of the next slate.
func TestAPlaceBeyondTheSlatesIsRefused(t *testing.T) {
	for _, next := range []uint64{1, 1 << 63, math.MaxUint64} {
		text := packed(build(t).State)
		text = binary.AppendUvarint(text[:len(text)-1], next)
		r := pack.NewReader(text)
		build(t).Unpack(r)
		if err := r.Done(); !errors.Is(err, pack.ErrDamaged) {
			t.Errorf("the next at %d of none: %v", next, err)
		}
	}
}
