package recall_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/simd"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/recall/routetest"
	"github.com/freshet-rec/freshet/vector"
)

// plain is a model whose users are the weighted sums of what they took.
type plain struct{ vectors [][]float32 }

func (m plain) Len() int                    { return len(m.vectors) }
func (m plain) Dim() int                    { return len(m.vectors[0]) }
func (m plain) Vector(row uint32) []float32 { return m.vectors[row] }
func (m plain) FoldIn(dst []float32, rows []uint32, weights []float32) error {
	clear(dst)
	for k, row := range rows {
		for d := range dst {
			dst[d] += float32(weights[k] * m.vectors[row][d])
		}
	}
	return nil
}

// Neighbours makes a LinearModel of it: every row speaks for every other one, for some against them.
func (m plain) Neighbours(row uint32) (rows []uint32, weights []float32) {
	for to := range m.vectors[:min(len(m.vectors), 300)] {
		if uint32(to) != row {
			rows, weights = append(rows, uint32(to)), append(weights, simd.Dot(m.vectors[row], m.vectors[to]))
		}
	}
	return rows, weights
}

// anyVectors returns vectors drawn from a seed.
func anyVectors(seed uint64, rows, dim int) [][]float32 {
	rng := rand.New(rand.NewPCG(seed, 3))
	list := make([][]float32, rows)
	for i := range list {
		list[i] = make([]float32, dim)
		for d := range list[i] {
			list[i][d] = float32(rng.NormFloat64())
		}
	}
	return list
}

// rowsOf are n items from "item 0" on, every so many, in the order of rows.
func rowsOf(n, every int) *recall.IDs {
	var ids []freshet.ItemID
	for i := range n {
		ids = append(ids, freshet.ItemID(fmt.Sprintf("item %d", i*every)))
	}
	slices.Sort(ids)
	list, ok := recall.NewIDs(ids)
	if !ok {
		panic("BUG: the ids do not ascend")
	}
	return list
}

// model is a trained embedding of so many items of the routes' small world.
func model(items, every int) *recall.Vectors {
	m := plain{anyVectors(1, items, 8)}
	index, err := vector.NewExact(slices.Concat(m.vectors...), 8, vector.InnerProduct)
	if err != nil {
		panic(err)
	}
	return &recall.Vectors{IDs: rowsOf(items, every), Model: m, Index: index}
}

// readers joins a route that reads entries with a catalogue whose items have vectors.
func readers(make func(items *catalog.Catalog) recall.Route) func() routetest.Fixture {
	return func() routetest.Fixture {
		var items *catalog.Catalog
		f := fixture(func(c *catalog.Catalog, _ *recall.Histories) (recall.Route, []recall.EntryReader) {
			items = c
			route := make(c)
			if reader, ok := route.(recall.EntryReader); ok {
				return route, []recall.EntryReader{reader}
			}
			return route, nil
		})
		upsert, seen := f.Upsert, f.Seen
		f.Upsert = func(doc *freshet.Item, at int64) uint32 {
			embed(doc)
			return upsert(doc, at)
		}
		f.Seen = func(id freshet.ItemID, at int64) uint32 {
			if items.Find(id) == 0 { // so that nearly all have vectors
				return f.Upsert(&freshet.Item{ID: id}, at)
			}
			return seen(id, at)
		}
		return f
	}
}

// embed gives most items a vector of length 8, and some one of another length.
func embed(doc *freshet.Item) {
	sum := uint64(0)
	for _, c := range doc.ID {
		sum = sum*31 + uint64(c)
	}
	switch sum % 9 {
	case 0:
	case 1:
		doc.Embedding = []float32{1, 2, 3}
	default:
		doc.Embedding = anyVectors(sum, 1, 8)[0]
	}
}

func TestTrainedRoutesConform(t *testing.T) {
	kinds := freshet.BuiltinEvents()
	whole, half := model(15_000, 1), model(7_500, 2)
	live := func(v *recall.Vectors) func() (*recall.Vectors, error) {
		return func() (*recall.Vectors, error) { return v, nil }
	}
	for name, route := range map[string]func(items *catalog.Catalog) recall.Route{
		"embedding": func(items *catalog.Catalog) recall.Route {
			return recall.NewEmbedding("v", 0, items, kinds, live(whole))
		},
		"embedding and given": func(items *catalog.Catalog) recall.Route {
			return recall.NewEmbedding("v", 8, items, kinds, live(half))
		},
		"given": func(items *catalog.Catalog) recall.Route { return recall.NewGiven("v", 8, items, kinds) },
		"linear": func(items *catalog.Catalog) recall.Route {
			return recall.NewLinear("l", items, kinds, func() (*recall.Linear, error) { return &recall.Linear{IDs: whole.IDs, Model: whole.Model.(plain)}, nil })
		},
	} {
		t.Run(name, func(t *testing.T) { routetest.Run(t, readers(route)) })
	}
}

// TestWithoutAModel: a route that goes by a model has nothing to say while none was ever live, and
// says so when the one that is live is not at hand.
func TestWithoutAModel(t *testing.T) {
	items := catalog.New()
	req := &recall.Request{Recent: []recall.Past{{Item: items.Seen("item 1", 1), Name: "click"}}, Skip: func(uint32) bool { return false }}
	for _, want := range []error{nil, recall.ErrUnavailable} {
		for _, route := range []recall.Route{
			recall.NewEmbedding("v", 8, items, freshet.BuiltinEvents(), func() (*recall.Vectors, error) { return nil, want }),
			recall.NewLinear("l", items, freshet.BuiltinEvents(), func() (*recall.Linear, error) { return nil, want }),
		} {
			if got, err := route.Recall(t.Context(), req, 5); len(got) != 0 || !errors.Is(err, want) {
				t.Errorf("%s: %v, %v; want nothing and %v", route.Name(), got, err, want)
			}
		}
	}
}

// visit is what a visitor of the oracle tests did: weights by event, the newest first.
func visit(items *catalog.Catalog, ids ...freshet.ItemID) *recall.Request {
	req := &recall.Request{Skip: func(item uint32) bool { return item%7 == 0 }}
	for i, id := range ids {
		req.Recent = append(req.Recent, recall.Past{Item: items.Find(id), Time: int64(100 - i), Name: []string{"click", "purchase", "like"}[i%3]})
	}
	return req
}

// acts are the acts that count, with their weights: the newest of each item.
func acts(req *recall.Request, known func(item uint32) bool) (list []recall.Past, weights []float64) {
	kinds := freshet.BuiltinEvents()
	for _, past := range req.Recent {
		if known(past.Item) && !slices.ContainsFunc(list, func(p recall.Past) bool { return p.Item == past.Item }) {
			weights = append(weights, kinds.Of(past.Name).Weight*math.Pow(0.5, float64(len(list))/10))
			list = append(list, past)
		}
	}
	return list, weights
}

// TestEmbeddingOracle holds the route against sums over all pairs of items, in ids and not rows.
func TestEmbeddingOracle(t *testing.T) {
	items := catalog.New()
	for i := range 60 { // the model knows 40 of them
		items.Seen(freshet.ItemID(fmt.Sprintf("item %d", (i*17)%60)), int64(i))
	}
	m := model(40, 1)
	route := recall.NewEmbedding("v", 8, items, freshet.BuiltinEvents(), func() (*recall.Vectors, error) { return m, nil })
	outside := map[uint32][]float32{}
	for i, id := range []freshet.ItemID{"item 3", "item 50", "item 59", "item 41"} {
		doc := &freshet.Item{ID: id, Embedding: anyVectors(uint64(i)+9, 1, []int{8, 8, 8, 7}[i])[0]}
		route.Entry(items.Upsert(doc, 5), doc)
		if i == 1 || i == 2 { // the model knows item 3, and 41's is of another length
			outside[items.Find(id)] = doc.Embedding
		}
	}
	of := func(item uint32) []float32 {
		if row, ok := m.IDs.Find(items.ID(item)); ok {
			return m.Model.Vector(row)
		}
		return outside[item]
	}
	known := func(item uint32) bool { _, ok := m.IDs.Find(items.ID(item)); return ok }
	req := visit(items, "item 5", "item 59", "item 12", "item 5", "item 30", "item 31", "item 32", "item 33")
	list, weights := acts(req, known)
	user := make([]float64, 8)
	for k, past := range list {
		for d, x := range of(past.Item) {
			user[d] += weights[k] * float64(x)
		}
	}
	dot := func(a []float64, b []float32) (sum float64) {
		for d := range a {
			sum += a[d] * float64(b[d])
		}
		return sum
	}
	want := map[uint32]float64{}
	for item := uint32(1); int(item) < items.Len(); item++ {
		if v := of(item); v != nil && !req.Skip(item) {
			want[item] = dot(user, v)
		}
	}
	got, err := route.Recall(t.Context(), req, 100)
	if err != nil || len(got) != len(want) || len(want) < 30 {
		t.Fatalf("%d proposals, %v; want %d", len(got), err, len(want))
	}
	outsiders := 0
	for _, p := range got {
		if math.Abs(p.Score-want[p.Item]) > 1e-4 {
			t.Errorf("%s has score %v, want %v", items.ID(p.Item), p.Score, want[p.Item])
		}
		if outside[p.Item] != nil {
			outsiders++
		}
		most, by := math.Inf(-1), recall.Past{}
		for k, past := range list {
			wide := make([]float64, 8)
			for d, x := range of(past.Item) {
				wide[d] = weights[k] * float64(x)
			}
			if near := dot(wide, of(p.Item)); near > most+1e-4 {
				most, by = near, past
			}
		}
		if p.Because != (recall.Because{Code: recall.LikeRecent, Item: by.Item, Event: by.Name, Time: by.Time}) {
			t.Errorf("%s is there because %+v, want %+v", items.ID(p.Item), p.Because, by)
		}
	}
	if outsiders == 0 {
		t.Error("no item came by its own vector")
	}
}

// TestLinearOracle holds the route against the formula.
func TestLinearOracle(t *testing.T) {
	items := catalog.New()
	for i := range 60 {
		items.Seen(freshet.ItemID(fmt.Sprintf("item %d", (i*17)%60)), int64(i))
	}
	m := model(40, 1)
	known := func(item uint32) bool { _, ok := m.IDs.Find(items.ID(item)); return ok }
	route := recall.NewLinear("l", items, freshet.BuiltinEvents(), func() (*recall.Linear, error) { return &recall.Linear{IDs: m.IDs, Model: m.Model.(plain)}, nil })
	req := visit(items, "item 5", "item 59", "item 12", "item 5", "item 30")
	list, weights := acts(req, known)
	want := map[uint32]float64{}
	for k, past := range list {
		from, _ := m.IDs.Find(items.ID(past.Item))
		rows, ws := m.Model.(plain).Neighbours(from)
		for i, row := range rows {
			want[items.Find(m.IDs.ID(row))] += weights[k] * float64(ws[i])
		}
	}
	for item, score := range want {
		if score <= 0 || req.Skip(item) {
			delete(want, item)
		}
	}
	got, err := route.Recall(t.Context(), req, 100)
	if err != nil || len(got) != len(want) || len(want) < 10 {
		t.Fatalf("%d proposals, %v; want %d", len(got), err, len(want))
	}
	for _, p := range got {
		if math.Abs(p.Score-want[p.Item]) > 1e-5 {
			t.Errorf("%s has score %v, want %v", items.ID(p.Item), p.Score, want[p.Item])
		}
	}
}

// TestGivenGoesByTheNewestEntries: whatever came before, the route answers as one that was told the
// newest entries alone, in another order.
func TestGivenGoesByTheNewestEntries(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	items := catalog.New()
	kinds := freshet.BuiltinEvents()
	lived, fresh := recall.NewGiven("g", 4, items, kinds), recall.NewGiven("g", 4, items, kinds)
	for i := range 500 {
		doc := &freshet.Item{ID: freshet.ItemID(fmt.Sprintf("item %d", rng.IntN(40)))}
		switch rng.IntN(4) {
		case 0:
		case 1:
			doc.Embedding = []float32{1, 2}
		default:
			doc.Embedding = anyVectors(uint64(i), 1, 4)[0]
		}
		lived.Entry(items.Upsert(doc, int64(i)), doc)
	}
	for item := uint32(items.Len() - 1); item > 0; item-- {
		fresh.Entry(item, items.Entry(item))
	}
	some := 0
	for item := uint32(1); int(item) < items.Len(); item++ {
		req := &recall.Request{Recent: []recall.Past{{Item: item, Time: 9, Name: "click"}, {Item: 1 + item%5, Time: 8}}, Skip: func(i uint32) bool { return i == item }}
		want, err := fresh.Recall(context.Background(), req, 10)
		if err != nil {
			t.Fatal(err)
		}
		got, err := lived.Recall(context.Background(), req, 10)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("after item %d: %v, %v; want %v", item, got, err, want)
		}
		some += len(want)
		for _, p := range want {
			if p.Score > 1.0001 || p.Score < -1.0001 {
				t.Errorf("a cosine of %v", p.Score)
			}
		}
	}
	if some < 100 {
		t.Errorf("%d proposals in all", some)
	}
}

func TestIDs(t *testing.T) {
	ids := rowsOf(300, 1)
	for row := range uint32(300) {
		if at, ok := ids.Find(ids.ID(row)); !ok || at != row {
			t.Errorf("row %d, %q, is found at %d, %v", row, ids.ID(row), at, ok)
		}
	}
	for _, id := range []freshet.ItemID{"", "item", "item 1 ", "item 99a", "zebra"} {
		if row, ok := ids.Find(id); ok {
			t.Errorf("%q is row %d", id, row)
		}
	}
	for _, bad := range [][]freshet.ItemID{{"b", "a"}, {"a", "a"}, {""}, {"a", "\x00"}} {
		if _, ok := recall.NewIDs(bad); ok {
			t.Errorf("%q are ids of rows", bad)
		}
	}
	var w pack.Writer
	ids.Pack(&w)
	r := pack.NewReader(w.Bytes)
	again := recall.UnpackIDs(r)
	if err := r.Done(); err != nil || !reflect.DeepEqual(again, ids) {
		t.Errorf("packed and unpacked: %v", err)
	}
	w.Bytes[8] = 0xff
	if r = pack.NewReader(w.Bytes); recall.UnpackIDs(r) != nil || r.Err() == nil {
		t.Error("damaged ids were taken")
	}
}
