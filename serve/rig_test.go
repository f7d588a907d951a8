package serve_test

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// t0 is where the clocks of these tests begin: 2026-11-20T15:04:05Z.
const t0 = int64(1_795_187_045_000)

// plan is what a rig is made from.
type plan struct {
	disk   *fsys.Mem                             // nil is a new one
	routes []string                              // kinds; nil is itemcf, popular and new
	wrap   func(route recall.Route) recall.Route // put between the state and the server
	scenes map[string]serve.Scene                // nil is home with every route and a minute
	budget freshet.Duration                      // of each route; 0 is a minute
	watch  uint64                                // of one feature key in so many the raw events are kept

	updater fold.Updater // nil learns nothing

	maxKeys int // of features; 0 is no bound

	words   []string // of rows
	rankers []string // kinds that may rank; nil is any

	stopwatch func() time.Duration // nil goes by the rig's clock

	outside serve.Outside // whom the route of kind external asks
	slots   int
}

// rig is a server over a journal in memory.
type rig struct {
	*serve.Server
	disk    *fsys.Mem
	log     *journal.Log
	stream  *stream.Stream
	state   *fold.State
	clock   atomic.Int64 // Unix ms
	ids     atomic.Int64
	mu      sync.Mutex
	reports []string
}

var features = []feature.Definition{
	{Name: "user.clicks", Key: []string{"user"}, On: []string{"click"}, Agg: feature.Count},
	{Name: "user.click_age", Key: []string{"user"}, On: []string{"click"}, Agg: feature.Age},
	{Name: "item.clicks", Key: []string{"item"}, On: []string{"click"}, Agg: feature.Count, Window: freshet.Hour, Hop: freshet.Minute},
}

func newRig(t testing.TB, p plan) *rig {
	t.Helper()
	r := &rig{disk: p.disk}
	if r.disk == nil {
		r.disk = fsys.NewMem()
	}
	r.clock.Store(t0)
	now := func() time.Time { return time.UnixMilli(r.clock.Load()) }
	kinds := freshet.BuiltinEvents()
	shelf := registry.NewShelf(r.disk, false)
	o := fold.Options{Kinds: kinds, Features: features, MaxFuture: freshet.Minute, NewTable: mem.New, Watch: p.watch, MaxKeys: p.maxKeys, Words: p.words, Bundles: shelf, Updater: p.updater, Rankers: shelf}
	var routes []serve.Route
	if p.routes == nil {
		p.routes = []string{"itemcf", "popular", "new"}
	}
	if p.budget == 0 {
		p.budget = freshet.Minute
	}
	for _, kind := range p.routes {
		o.Routes = append(o.Routes, fold.Route{Name: "r-" + kind, Kind: kind, Window: freshet.Hour, Within: freshet.Day})
		route := serve.Route{Name: "r-" + kind, Kind: kind, N: 100, Budget: p.budget}
		if kind == "external" {
			route.Outside, route.Slots = p.outside, p.slots
		}
		routes = append(routes, route)
	}
	if p.scenes == nil {
		p.scenes = map[string]serve.Scene{"home": {Budget: freshet.Minute}}
	}
	var err error
	if r.log, _, err = journal.Open(journal.Options{FS: r.disk, Now: now}); err != nil {
		t.Fatal(err)
	}
	if r.state, err = fold.New(o); err != nil {
		t.Fatal(err)
	}
	if p.wrap != nil {
		for i, route := range r.state.Routes {
			r.state.Routes[i] = p.wrap(route)
		}
	}
	r.stream = stream.New(stream.Options{Log: r.log, Fold: r.state, Now: now, Lateness: freshet.Hour})
	reader, err := journal.OpenReader(r.disk)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.stream.Replay(t.Context(), reader, nil); err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	r.stream.Start()
	options := serve.Options{
		Stream: r.stream, State: r.state, Now: now, Kinds: kinds, MaxFuture: freshet.Minute, Routes: routes, Scenes: p.scenes, Disk: r.disk, Shelf: shelf, Rankers: p.rankers,
		Stopwatch: p.stopwatch,
		NewID:     func() string { return "r-" + strconv.FormatInt(r.ids.Add(1), 10) },
		Report: func(msg string, err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.reports = append(r.reports, msg+": "+err.Error())
		},
	}
	if r.Server, err = serve.New(options); err != nil {
		t.Fatal(err)
	}
	if err := r.Adopt(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Close()
		r.stream.Close()
		if err := r.log.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// post admits events and returns the position that reflects them.
func (r *rig) post(t testing.TB, events ...freshet.Event) freshet.Position {
	t.Helper()
	out, err := r.stream.Events(t.Context(), stream.SourceHTTP, r.clock.Load(), events, nil)
	if err != nil || out.Accepted != len(events) {
		t.Fatalf("%+v, %v", out, err)
	}
	return out.Position
}

func (r *rig) put(t testing.TB, items ...freshet.Item) {
	t.Helper()
	if _, err := r.stream.Items(t.Context(), stream.SourceHTTP, r.clock.Load(), items, nil); err != nil {
		t.Fatal(err)
	}
}

// know brings what is known of users.
func (r *rig) know(t testing.TB, users ...freshet.User) {
	t.Helper()
	if _, err := r.stream.Users(t.Context(), stream.SourceHTTP, r.clock.Load(), users, nil); err != nil {
		t.Fatal(err)
	}
}

// stock puts items i-1 to i-n into the catalogue.
func (r *rig) stock(t testing.TB, n int) {
	t.Helper()
	for i := range n {
		r.put(t, freshet.Item{ID: freshet.ItemID(fmt.Sprintf("i-%d", i+1)), Title: fmt.Sprintf("Title %d", i+1)})
	}
}

// slate asks for a slate, which must come and, when it is not full, say why.
func (r *rig) slate(t testing.TB, req serve.Request) *serve.Reply {
	t.Helper()
	reply, err := r.Recommend(t.Context(), &req)
	if err != nil {
		t.Fatal(err)
	}
	if len(reply.Items) < reply.N != (len(reply.Shortfall) > 0) {
		t.Errorf("%d items of %d with shortfall %+v", len(reply.Items), reply.N, reply.Shortfall)
	}
	return reply
}

// settled waits until the newest record, a served slate perhaps, is applied.
func (r *rig) settled(t testing.TB) {
	t.Helper()
	if err := r.stream.WaitApplied(t.Context(), r.log.Last()); err != nil {
		t.Fatal(err)
	}
}

// until waits for what must come, however little time the machine has for it.
func until(t testing.TB, what string, come func() bool) {
	t.Helper()
	for patience := time.Now().Add(time.Minute); !come(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(patience) {
			t.Fatalf("a minute has passed, and it is not so that %s", what)
		}
	}
}

// reported is what the server reported so far.
func (r *rig) reported() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.reports)
}

func shown(reply *serve.Reply) []freshet.ItemID {
	list := []freshet.ItemID{}
	for i := range reply.Items {
		list = append(list, reply.Items[i].Item)
	}
	return list
}

func act(user, name, item string, at int64) freshet.Event {
	return freshet.Event{User: freshet.UserID(user), Name: name, Item: freshet.ItemID(item), Time: at}
}
