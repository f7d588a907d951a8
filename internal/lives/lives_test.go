package lives

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/snapshot"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// t0 is where the clocks of these tests begin.
const t0 = int64(1_795_187_045_000)

// machine is a journal, admission and a state on one disk: everything that a restart must bring
// back.
type machine struct {
	disk   *fsys.Mem
	log    *journal.Log
	stream *stream.Stream
	state  *fold.State
	client books // what was told to whoever posts, since the start
}

// books are a client's own counts.
type books struct{ accepted, duplicate, refused, late, replayed uint64 }

const lifeLateness = freshet.Hour

// boot starts a machine from what is on a disk: the newest snapshot, if there is one, and the
// journal behind it.
func boot(t testing.TB, disk *fsys.Mem) *machine {
	t.Helper()
	return bootAt(t, disk, func() time.Time { return time.UnixMilli(t0) })
}

// bootAt starts one that goes by a clock.
func bootAt(t testing.TB, disk *fsys.Mem, now func() time.Time) *machine {
	t.Helper()
	return bootState(t, disk, now, whole(t))
}

// bootState starts one of a state of its own.
func bootState(t testing.TB, disk *fsys.Mem, now func() time.Time, state *fold.State) *machine {
	t.Helper()
	m := &machine{disk: disk, state: state}
	var err error
	if m.log, _, err = journal.Open(journal.Options{FS: disk, Now: now, SegmentBytes: 4 << 10}); err != nil {
		t.Fatal(err)
	}
	m.stream = stream.New(stream.Options{Log: m.log, Fold: m.state, Now: now, Lateness: lifeLateness})
	reader, err := journal.OpenReader(disk)
	if err != nil {
		t.Fatal(err)
	}
	list, err := snapshot.List(disk)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) > 0 {
		s, _, err := snapshot.Read(disk, list[0].Position)
		if err != nil {
			t.Fatal(err)
		}
		for name, unpack := range map[string]func(*pack.Reader){"state": m.state.Unpack, "admission": m.stream.Unpack} {
			part, _ := s.Part(name)
			r := pack.NewReader(part)
			unpack(r)
			if err := r.Done(); err != nil {
				t.Fatal(err)
			}
		}
		if err := reader.Seek(list[0].Position + 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(m.stream.Replay(t.Context(), reader, nil), reader.Close()); err != nil {
		t.Fatal(err)
	}
	m.client.replayed = m.stream.Replayed()
	m.stream.Start()
	return m
}

// down stops the machine; a disk that was told to fail is no error.
func (m *machine) down() {
	m.stream.Close()
	_ = m.log.Close() // of a machine that is thrown away
}

// packed is everything the machine knows.
func (m *machine) packed() (text []byte) {
	m.stream.View(func(freshet.Position) {
		var w pack.Writer
		m.state.Pack(&w)
		m.stream.Pack(&w)
		text = w.Bytes
	})
	return text
}

func (m *machine) export(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	if err := m.state.Export(func(line string) error { b.WriteString(line); return nil }); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// snap takes a snapshot.
func (m *machine) snap(t testing.TB) {
	t.Helper()
	if err := m.stream.WaitApplied(t.Context(), m.log.Last()); err != nil {
		t.Fatal(err)
	}
	s := snapshot.Snapshot{Position: m.stream.Applied()}
	var state, admission pack.Writer
	m.state.Pack(&state)
	m.stream.Pack(&admission)
	s.Parts = []snapshot.Part{{Name: "state", Data: state.Bytes}, {Name: "admission", Data: admission.Bytes}}
	if s.Position > 0 {
		_, err := snapshot.Write(m.disk, s)
		if err = errors.Join(err, snapshot.Keep(m.disk, 2)); err != nil {
			t.Fatal(err)
		}
	}
}

// balanced holds the ledger against the client's own counts.
func (m *machine) balanced() error {
	l, c := m.stream.Ledger(), m.client
	switch {
	case l.Received != l.Accepted+l.Duplicate+l.Refused, l.Accepted != l.Applied+l.Late+l.DeadLettered+l.Erased+l.Pending:
		return fmt.Errorf("the sums of the books differ: %+v", l)
	case l.Accepted != c.replayed+c.accepted, l.Duplicate != c.duplicate, l.Refused != c.refused:
		return fmt.Errorf("the books %+v, the client counted %+v", l, c)
	}
	return nil
}

// deed is one thing that is told to a machine.
type deed struct {
	received int64
	events   []freshet.Event
	item     *freshet.Item
	user     *freshet.User
	served   []byte
	model    []byte
}

// do tells it. A deed that is not of events is done once: not again when the journal has it.
func (m *machine) do(t testing.TB, d *deed, again bool) error {
	t.Helper()
	ctx := t.Context()
	var err error
	switch {
	case d.events != nil:
		var out stream.Outcome
		if out, err = m.stream.Events(ctx, stream.SourceHTTP, d.received, slices.Clone(d.events), nil); err == nil {
			m.client.accepted += uint64(out.Accepted)
			m.client.duplicate += uint64(out.Duplicate)
			m.client.refused += uint64(len(out.Conflicts))
			m.client.late += uint64(out.Late)
		}
	case again:
	case d.item != nil:
		_, err = m.stream.Items(ctx, stream.SourceHTTP, d.received, []freshet.Item{*d.item}, nil)
	case d.user != nil:
		_, err = m.stream.Users(ctx, stream.SourceHTTP, d.received, []freshet.User{*d.user}, nil)
	case d.served != nil:
		// Served records are fsynced with the next group: a life that must end alike waits for it.
		if err = m.stream.Served(ctx, d.received, d.served); err == nil {
			err = m.log.WaitDurable(ctx, m.log.Last())
		}
	default:
		_, err = m.stream.Switch(ctx, d.received, d.model)
	}
	return err
}

// randomEvent is one of anything, with an id of its own.
func randomEvent(rng *rand.Rand, n int, now int64) freshet.Event {
	names := []string{"click", "view", "like", "purchase", "hide", "expose", "search", "watch"}
	return freshet.Event{ID: fmt.Sprintf("e-%d", n), User: freshet.UserID(fmt.Sprintf("u-%d", rng.IntN(12))), Item: freshet.ItemID(fmt.Sprintf("i-%d", rng.IntN(25))),
		Name: names[rng.IntN(len(names))], Time: now - rng.Int64N(int64(2*freshet.Hour)), Value: float64(rng.IntN(9000)) / 1000, HasValue: rng.IntN(2) == 0, Query: queries[rng.IntN(len(queries))], Context: randomContext(rng)}
}

var queries = []string{"", "milk", "powder"}

// randomContext is that of an event, nil for none.
func randomContext(rng *rand.Rand) map[string]any {
	return []map[string]any{nil, {"page": "home"}, {"page": "cart", "depth": json.Number("2.5")}, {"page": []any{"home", "deal"}, "depth": json.Number("7")}}[rng.IntN(4)]
}

// deeds makes up a life: events, some of them twice, some in conflict, items, users, slates, models.
func deeds(rng *rand.Rand, n int) []deed {
	now, ids := t0, 0
	list := make([]deed, n)
	for i := range list {
		d := &list[i]
		now += rng.Int64N(60_000)
		d.received = now
		switch rng.IntN(10) {
		case 0:
			d.item = &freshet.Item{ID: freshet.ItemID(fmt.Sprintf("i-%d", rng.IntN(25))), Categories: []string{"sea", "hill"}[:rng.IntN(3)], Attributes: map[string]any{"author": fmt.Sprint(rng.IntN(4))}}
		case 1:
			d.served = fmt.Appendf(nil, `{"request_id":"r-%d","visitor":"u:u-%d","items":[{"item_id":"i-%d","score":1}]}`, i, rng.IntN(12), rng.IntN(25))
		case 2:
			d.model = fmt.Appendf(nil, `{"model":"lr","version":%d,"sha256":"aa","by":"promoted"}`, i)
		case 3:
			d.user = &freshet.User{ID: freshet.UserID(fmt.Sprintf("u-%d", rng.IntN(16))), Attributes: map[string]any{"plan": []string{"free", "gold"}[rng.IntN(2)]}}
		default:
			for range 1 + rng.IntN(5) {
				ids++
				e := randomEvent(rng, ids, now)
				if ids > 5 && rng.IntN(6) == 0 {
					e.ID = fmt.Sprintf("e-%d", ids-1-rng.IntN(5)) // the id of another event
				}
				d.events = append(d.events, e)
			}
			if rng.IntN(4) == 0 {
				d.events = append(d.events, d.events[0])
			}
		}
	}
	return list
}

// crash ends a machine at one of its file operations: from then on all of them fail.
type crash struct {
	disk  *fsys.Mem
	power bool // the power is cut; else the process is killed
	dice  *rand.Rand
	after atomic.Int64 // file operations until it comes; 0 is never
	mu    sync.Mutex
	at    string    // of such operations only are counted; "" is of any
	hit   string    // the operation at which it came
	image *fsys.Mem // what it left
}

// operations are those of a machine at work, by what they are done to.
var operations = []string{"write segment", "sync segment", "create segment", "edit segment", "truncate segment", "close segment",
	"create next", "write next", "sync next", "close next", "rename next", "remove next", "write mark", "sync mark", "close mark", "syncdir journal"}

// operation names one of them.
func operation(op, name string) string {
	switch {
	case strings.HasSuffix(name, ".seg"):
		name = "segment"
	case name == "journal/next.tmp":
		name = "next"
	case name == "journal/durable":
		name = "mark"
	}
	return op + " " + name
}

// arm has the crash come: after so many operations, or at one of the next few of one kind, so that
// those that are rare are hit, too.
func (c *crash) arm(faults *rand.Rand) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at = ""; faults.IntN(2) == 0 {
		c.after.Store(int64(faults.IntN(150)))
		return
	}
	c.at = operations[faults.IntN(len(operations))]
	c.after.Store(int64(1 + faults.IntN(3)))
}

// coverage is which pairs of a fault and what it came at were tried.
type coverage map[string]int

// faultKinds are how a crash comes.
var faultKinds = [2]string{"kill", "power cut"}

// deedKinds are what a crash comes during.
var deedKinds = []string{"events", "item", "user", "slate", "model", "stop"}

// hit counts a crash by the operation at which it came and the deed that met it.
func (v coverage) hit(c *crash, d *deed) {
	fault := faultKinds[0]
	if c.power {
		fault = faultKinds[1]
	}
	kind := 0
	switch {
	case d == nil: // it came during the stop
		kind = len(deedKinds) - 1
	case d.item != nil:
		kind = 1
	case d.user != nil:
		kind = 2
	case d.served != nil:
		kind = 3
	case d.model != nil:
		kind = 4
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	v[fault+" at "+c.hit]++
	v[fault+" during "+deedKinds[kind]]++
}

// share returns the percentage of the pairs that were tried, and names the others.
func (v coverage) share() (percent float64, missed []string) {
	all := 0
	for _, fault := range faultKinds {
		pairs := []string{}
		for _, op := range operations {
			pairs = append(pairs, fault+" at "+op)
		}
		for _, kind := range deedKinds {
			pairs = append(pairs, fault+" during "+kind)
		}
		for _, pair := range pairs {
			if all++; v[pair] == 0 {
				missed = append(missed, pair)
			}
		}
	}
	return 100 * float64(all-len(missed)) / float64(all), missed
}

var errDown = errors.New("the machine is down")

// prepare returns a crash of a disk that nobody uses yet.
func prepare(disk *fsys.Mem, faults *rand.Rand) *crash {
	c := &crash{disk: disk}
	if faults == nil {
		return c
	}
	c.power, c.dice = faults.IntN(2) == 0, rand.New(rand.NewPCG(faults.Uint64(), 1))
	disk.Fail = func(op, name string) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.image != nil {
			return errDown
		}
		at := operation(op, name)
		if c.after.Load() == 0 || c.at != "" && c.at != at || c.after.Add(-1) > 0 {
			return nil
		}
		c.hit = at
		if c.power {
			c.image = disk.Crash(c.dice)
		} else {
			c.image = disk.Clone()
		}
		return errDown
	}
	return c
}

// left is what the crash left, nil while it has not come.
func (c *crash) left() *fsys.Mem {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.image
}

// live runs a life through a machine. With faults it crashes at random file operations, and stops
// and starts in between; what was not acknowledged is sent again.
func live(t testing.TB, list []deed, faults *rand.Rand, tried coverage) (m *machine, crashes, checks int) {
	t.Helper()
	var c *crash
	up := func(disk *fsys.Mem) {
		c = prepare(disk, faults)
		m = boot(t, disk)
		if faults != nil {
			c.arm(faults)
		}
	}
	up(fsys.NewMem())
	before, again := freshet.Position(0), false
	for i := 0; i < len(list); {
		if !again {
			before = m.log.Last() // also when a crash has come that no deed has met yet
			if faults != nil && c.left() == nil && faults.IntN(10) == 0 {
				c.after.Store(0) // a crash within one is for the tests of package snapshot
				m.snap(t)
				c.arm(faults) // one within the stop is for here
				m.down()
				left := c.left()
				if left != nil {
					crashes++
					tried.hit(c, nil)
				} else {
					left = m.disk.Clone()
				}
				up(left)
			}
		}
		err := m.do(t, &list[i], again && m.log.Last() > before)
		// What is answered after the machine went down reached nobody: an operation that was under way
		// then goes on in a disk that is not the one that is left.
		if err == nil && c.left() == nil {
			if err := m.balanced(); err != nil {
				t.Fatalf("after deed %d: %v", i, err)
			}
			checks++
			again = false
			i++
			continue
		}
		left := c.left()
		if left == nil {
			t.Fatalf("deed %d: %v", i, err)
		}
		crashes++
		tried.hit(c, &list[i])
		m.down()
		up(left)
		again = true
	}
	if err := m.stream.WaitApplied(t.Context(), m.log.Last()); err != nil && c.left() == nil {
		t.Fatal(err)
	}
	if left := c.left(); left != nil { // it came after the last deed
		m.down()
		tried.hit(c, &list[len(list)-1])
		faults = nil
		up(left)
	}
	return m, crashes, checks
}

// definitions use every aggregate, every kind of key, a filter and a derived feature.
var definitions = []feature.Definition{
	{Name: "clicks", Key: []string{"user", "item.category"}, On: []string{"click"}, Agg: feature.Count, Window: 10 * freshet.Minute, Hop: freshet.Minute},
	{Name: "ctr", Key: []string{"item"}, Agg: feature.Rate, Of: []string{"click"}, Per: []string{"expose"}, Window: freshet.Hour, Hop: 5 * freshet.Minute, Prior: [2]float64{1, 20}},
	{Name: "taste", Key: []string{"user", "item.categories"}, On: []string{"click", "like"}, Agg: feature.DecayedSum, HalfLife: freshet.Hour},
	{Name: "age", Key: []string{"user"}, Agg: feature.Age},
	{Name: "sum", Key: []string{"item.author"}, Agg: feature.Sum, Field: "value"},
	{Name: "pair", Key: []string{"user", "item"}, Agg: feature.LastTime, On: []string{"like"}},
	{Name: "mean", Key: []string{"user", "context.page"}, Agg: feature.Mean, Field: "value", Window: 20 * freshet.Minute, Hop: 2 * freshet.Minute},
	{Name: "least", Key: []string{"item"}, Agg: feature.Min, Field: "value"},
	{Name: "most", Key: []string{"global"}, Agg: feature.Max, Field: "context.depth", Window: freshet.Hour, Hop: freshet.Minute},
	{Name: "asked", Key: []string{"user.plan"}, Agg: feature.Last, Field: "query", Window: freshet.Hour, Hop: 10 * freshet.Minute},
	{Name: "seen", Key: []string{"user"}, Agg: feature.LastK, K: 3},
	{Name: "met", Key: []string{"user", "item.categories", "user.plan", "context.page"}, Agg: feature.Distinct, Field: "item"},
	{Name: "dear", Key: []string{"item"}, Agg: feature.Count, Where: "event.value > 2 && user.plan != \"free\""},
	{Name: "appeal", Expr: "log1p(dear) * (mean ?? 0)"},
}

func whole(t testing.TB) *fold.State {
	t.Helper()
	s, err := fold.New(fold.Options{Kinds: freshet.BuiltinEvents(), MaxFuture: freshet.Minute, NewTable: mem.New, Features: definitions, Watch: 2,
		Routes: []fold.Route{{Name: "covisit", Kind: "itemcf"}, {Name: "hot", Kind: "popular", Window: freshet.Hour}, {Name: "new", Kind: "new", Within: freshet.Day}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestGoalLives holds machines that crash and restart, from snapshots and from the journal alone,
// against one that lives without trouble: in the end both know the same, bit for bit.
func TestGoalLives(t *testing.T) {
	g := goal.Begin(t, "G7", "0 of ≥ 2,000 seeds differ", goal.Sizes{Quick: 60, CI: 2000})
	crashes, checks, tried := 0, 0, coverage{}
	for seed := g.Seed(); g.More(); seed++ {
		list := deeds(rand.New(rand.NewPCG(seed, 1)), 40)
		calm, _, n := live(t, list, nil, nil)
		want, export := calm.packed(), calm.export(t)
		checks += n
		calm.down()
		for range 2 {
			m, down, n := live(t, list, rand.New(rand.NewPCG(seed, 2)), tried)
			if got := m.packed(); !bytes.Equal(got, want) || m.export(t) != export {
				t.Fatalf("seed %d: after %d crashes the machine knows other things than one without", seed, down)
			}
			m.down()
			crashes += down
			checks += n
		}
		g.Add(1)
	}
	if crashes < g.N() {
		t.Errorf("%d crashes in %d lives", crashes, g.N())
	}
	percent, missed := tried.share()
	if percent < 95 && !g.Quick() {
		t.Errorf("of the pairs of a fault and what it comes at %.0f %% were tried; not tried: %q", percent, missed)
	}
	g.End("0 differ, with %d crashes, at %.0f %% of the pairs of a fault and what it comes at", crashes, percent)
	b := goal.Begin(t, "G12", "difference 0, always", goal.Sizes{Quick: 1000, CI: 100_000})
	b.Add(checks)
	b.End("0 checks of the books failed, %d of them after a crash", crashes)
}
