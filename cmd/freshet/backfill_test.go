package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/audit"
	"github.com/freshet-rec/freshet/backfill"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/intern"
	"github.com/freshet-rec/freshet/internal/sim"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/source/globo"
	"github.com/freshet-rec/freshet/source/movielens"
	"github.com/freshet-rec/freshet/stream"
)

// backRow is a row as it is read back: the columns of the default features, and of both modes.
type backRow struct {
	Request  string   `parquet:"request_id,optional"`
	Line     int64    `parquet:"line,optional"`
	Time     int64    `parquet:"ts_ms"`
	Position string   `parquet:"position,optional"`
	Kind     string   `parquet:"visitor_kind,optional"`
	Visitor  string   `parquet:"visitor_id,optional"`
	Item     string   `parquet:"item_id,optional"`
	Rank     int64    `parquet:"rank,optional"`
	Score    *float64 `parquet:"score,optional"`
	Recall   *float64 `parquet:"recall.score,optional"`
	Clicks   *float64 `parquet:"feature.user_clicks_5m,optional"`
	Pair     *float64 `parquet:"feature.user_item_clicks_5m,optional"`
	CTR      *float64 `parquet:"feature.item_ctr_1h,optional"`
	Taste    *float64 `parquet:"feature.user_category_taste,optional"`
	Age      *float64 `parquet:"feature.user_last_click_age,optional"`
	Hash     string   `parquet:"row_hash,optional"`
	Served   string   `parquet:"served_hash,optional"`
	Same     *bool    `parquet:"same,optional"`
	Newest   *int64   `parquet:"newest_event_ms,optional"`
}

// features are the values of the default features, in their order; NaN is null.
func (r *backRow) features() (values []float64) {
	for _, v := range []*float64{r.Clicks, r.Pair, r.CTR, r.Taste, r.Age} {
		if v == nil {
			values = append(values, math.NaN())
		} else {
			values = append(values, *v)
		}
	}
	return values
}

func (r *backRow) visitor() freshet.Visitor { return freshet.Visitor(r.Kind[:1] + ":" + r.Visitor) }

// life says what a recorded life is made of.
type life struct {
	items  []freshet.Item
	events []freshet.Event // by time
	live   int             // of events, those that are not imported
	train  bool            // a model before it is served
	dry    bool            // slates leave no record
}

// record imports most of a history, serves the rest of it as it comes, some of it late, with slates
// in between and items that change, and returns the data directory once the server stopped.
func (l *life) record(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	items, events := l.items, l.events
	cut := len(events) - l.live
	var lines []byte
	for i := range events[:cut] {
		lines = append(codec.AppendEvent(lines, &events[i]), '\n')
	}
	if err := os.WriteFile(filepath.Join(dir, "events.jsonl"), lines, 0o600); err != nil {
		t.Fatal(err)
	}
	inProcess(t, 0, nil, "import", "-q", "--data", data, filepath.Join(dir, "events.jsonl"))
	if l.train {
		inProcess(t, 0, nil, "train", "--foreground", "-q", "--data", data)
	}
	type arrival struct {
		at    int64
		event *freshet.Event
	}
	rng := rand.New(rand.NewPCG(7, 7))
	var arrivals []arrival
	for i := range events[cut:] {
		e := &events[cut+i]
		at := e.Time
		switch rng.IntN(20) {
		case 0:
			at += 3 * int64(freshet.Hour) // late
		case 1, 2, 3:
			at += rng.Int64N(int64(40 * freshet.Minute))
		}
		arrivals = append(arrivals, arrival{at, e})
	}
	slices.SortStableFunc(arrivals, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	cfg := config.Default()
	cfg.Data = data
	a := &app{stdout: io.Discard, stderr: io.Discard, now: func() time.Time { return time.UnixMilli(arrivals[0].at) }}
	n, err := openNode(t.Context(), a, cfg, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.stream.Items(t.Context(), stream.SourceHTTP, arrivals[0].at, items, nil); err != nil {
		t.Fatal(err)
	}
	var under sync.WaitGroup
	for i, arrival := range arrivals {
		if i%10 == 0 { // beside the event
			under.Go(func() {
				e := arrival.event
				req := serve.Request{User: e.User, Anonymous: e.Anonymous, Session: e.Session, N: 12, At: arrival.at, Timeout: time.Second, DryRun: l.dry}
				if _, err := n.server.Recommend(t.Context(), &req); err != nil {
					t.Error(err)
				}
			})
		}
		if _, err := n.stream.Events(t.Context(), stream.SourceHTTP, arrival.at, []freshet.Event{*arrival.event}, nil); err != nil {
			t.Fatal(err)
		}
		under.Wait() // the next request must not be further behind the events than reads may be
		if i%25 == 0 && len(items) > 0 {
			item := items[rng.IntN(len(items))]
			item.Categories = []string{fmt.Sprintf("kind-%d", rng.IntN(3))}
			if _, err := n.stream.Items(t.Context(), stream.SourceHTTP, arrival.at, []freshet.Item{item}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := n.close(); err != nil {
		t.Fatal(err)
	}
	return data
}

// inProcess runs a command line in this process. It must end with a code; its JSON goes to reply.
func inProcess(t *testing.T, code int, reply any, args ...string) {
	t.Helper()
	var out, talk bytes.Buffer
	if got := Run(t.Context(), args, strings.NewReader(""), &out, &talk); got != code {
		t.Fatalf("freshet %s ends with %d, want %d: %s", strings.Join(args, " "), got, code, talk.String())
	}
	if reply != nil {
		if err := json.Unmarshal(out.Bytes(), reply); err != nil {
			t.Fatalf("%v in %s", err, out.String())
		}
	}
}

// backfilled runs features backfill and reads its file.
func backfilled(t *testing.T, code int, data string, args ...string) (reply backfillReply, rows []backRow) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "rows.parquet")
	inProcess(t, code, &reply, append([]string{"features", "backfill", "-q", "--json", "--data", data, "--out", out}, args...)...)
	rows, err := parquet.ReadFile[backRow](out)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != reply.Rows {
		t.Errorf("%d rows in the file, %d told of", len(rows), reply.Rows)
	}
	if !slices.IsSortedFunc(rows, func(a, b backRow) int { return cmp.Compare(a.Time, b.Time) }) {
		t.Error("the rows are not sorted by time")
	}
	return reply, rows
}

// entriesOf are all entries of a data directory's journal.
func entriesOf(t *testing.T, data string) (list []stream.Entry) {
	t.Helper()
	disk, err := fsys.Existing(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := eachEntry(t.Context(), disk, func(_ *journal.Record, e *stream.Entry) error {
		e.Served = slices.Clone(e.Served)
		list = append(list, *e)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
	return list
}

// naiveJudge computes features from raw events, with nothing of the engine.
type naiveJudge struct {
	oracle          *audit.Oracle
	items, visitors *intern.Table
}

func newNaiveJudge(cfg *config.Config) *naiveJudge {
	return &naiveJudge{audit.NewOracle(audit.Options{Features: cfg.Features, Slack: cfg.MaxFuture}), intern.New(), intern.New()}
}

func (j *naiveJudge) apply(e *stream.Entry) {
	switch {
	case e.Item != nil:
		j.oracle.Upsert(j.items.Add(string(e.Item.ID)), e.Item)
	case e.Event != nil && !e.Late:
		j.oracle.Event(j.visitors.Add(string(e.Event.Visitor())), j.items.Add(string(e.Event.Item)), e.Event)
	}
}

// check compares a row.
func (j *naiveJudge) check(t *testing.T, cfg *config.Config, mode string, r *backRow) {
	t.Helper()
	for i, got := range r.features() {
		want, _ := j.oracle.Read(i, j.visitors.Add(string(r.visitor())), j.items.Add(r.Item), r.Time, nil)
		if !audit.SameNumber(got, want) {
			t.Errorf("%s, request %s, item %s: %s is %v, from the events %v", mode, r.Request, r.Item, cfg.Features[i].Name, got, want)
		}
	}
}

// inOrderOfTime applies to a judge the events of before q in the order of their times, each with its
// item as it stood at the event's position, and then the items as they stood at p.
func inOrderOfTime(j *naiveJudge, all []stream.Entry, q int64, p freshet.Position) {
	docs := map[freshet.ItemID][]*stream.Entry{}
	var events []*stream.Entry
	for i := range all {
		switch e := &all[i]; {
		case e.Item != nil:
			docs[e.Item.ID] = append(docs[e.Item.ID], e)
		case e.Event != nil && !e.Late && e.Event.Time < q:
			events = append(events, e)
		}
	}
	slices.SortStableFunc(events, func(a, b *stream.Entry) int { return cmp.Compare(a.Event.Time, b.Event.Time) })
	stand := func(item freshet.ItemID, p freshet.Position) {
		doc := &freshet.Item{}
		for _, e := range docs[item] {
			if e.Position <= p {
				doc = e.Item
			}
		}
		if len(docs[item]) > 0 {
			j.oracle.Upsert(j.items.Add(string(item)), doc)
		}
	}
	for _, e := range events {
		stand(e.Event.Item, e.Position)
		j.apply(e)
	}
	for item := range docs {
		stand(item, p)
	}
}

// TestBackfill: of a recorded life every served row comes again bit for bit, no row as of event time
// counts an event of its own time or later, and both say what the raw events say.
func TestBackfill(t *testing.T) {
	for _, world := range []struct {
		name string
		make func(t *testing.T) ([]freshet.Item, []freshet.Event)
		live int
	}{
		{"synthetic", syntheticWorld, 1500},
		{"ml-100k", movieLensWorld, 800},
		{"globo", globoWorld, 800},
	} {
		t.Run(world.name, func(t *testing.T) {
			items, events := world.make(t)
			data := (&life{items: items, events: events, live: world.live, train: world.name == "synthetic"}).record(t)
			all := entriesOf(t, data)
			cfg := config.Default()

			reply, rows := backfilled(t, 0, data)
			if reply.Rows < world.live || reply.Equal != reply.Rows || reply.Differing+reply.Absent+len(reply.Excluded) > 0 {
				t.Fatalf("as served: %+v", reply)
			}
			for i := range rows {
				if r := &rows[i]; r.Same == nil || !*r.Same || r.Hash != r.Served || r.Hash == "" {
					t.Fatalf("row %d: %+v", i, r)
				}
			}
			sample := slices.Clone(rows)
			slices.SortStableFunc(sample, func(a, b backRow) int { return cmp.Compare(positionOf(t, &a), positionOf(t, &b)) })
			j, at := newNaiveJudge(cfg), 0
			for i := range sample {
				for ; at < int(positionOf(t, &sample[i])); at++ {
					j.apply(&all[at])
				}
				j.check(t, cfg, "as served", &sample[i])
			}

			reply, timed := backfilled(t, 0, data, "--mode", "event-time")
			if reply.Rows != len(rows) || len(reply.Excluded) > 0 {
				t.Fatalf("as of event time: %+v, want %d rows", reply, len(rows))
			}
			served := map[string]*backRow{}
			ranked := false
			for i := range rows {
				served[rows[i].Request+" "+rows[i].Item] = &rows[i]
				ranked = ranked || rows[i].Recall != nil && *rows[i].Score != *rows[i].Recall && *rows[i].Recall > 0
			}
			if ranked != (world.name == "synthetic") {
				t.Errorf("a model ranked: %v", ranked)
			}
			differ := 0
			for i := range timed {
				r := &timed[i]
				if r.Newest != nil && *r.Newest >= r.Time {
					t.Errorf("a row for %d counts an event of %d", r.Time, *r.Newest)
				}
				was := served[r.Request+" "+r.Item]
				if was == nil || was.Time != r.Time || was.Rank != r.Rank || was.Position != r.Position {
					t.Fatalf("as of event time %+v, as served %+v", r, was)
				}
				if !slices.EqualFunc(r.features(), was.features(), func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }) {
					differ++
				}
			}
			if differ == 0 {
				t.Error("no row differs from what was served, although events came late")
			}
			for i := 0; i < len(timed); i += max(1, len(timed)/12) {
				j := newNaiveJudge(cfg)
				inOrderOfTime(j, all, timed[i].Time, positionOf(t, &timed[i]))
				j.check(t, cfg, "as of event time", &timed[i])
			}
			t.Logf("%d rows, of which %d differ as of event time", len(rows), differ)
		})
	}
}

func positionOf(t *testing.T, r *backRow) freshet.Position {
	t.Helper()
	p, err := freshet.ParsePosition(r.Position)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func syntheticWorld(*testing.T) ([]freshet.Item, []freshet.Event) {
	w := sim.New(sim.Options{Seed: 5, Items: 200, Visitors: 1000, Days: 7, End: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)})
	return w.Items(), slices.Collect(w.History())
}

func movieLensWorld(t *testing.T) ([]freshet.Item, []freshet.Event) {
	im, err := movielens.Read(t.Context(), os.DirFS(shared(t, "ml-100k")), time.Now().UnixMilli(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var events []freshet.Event
	for i := range im.Events {
		e := im.Events[i].Event
		e.Name = []string{"click", "like", "expose"}[i%3] // what the default features count
		events = append(events, e)
	}
	return im.Items, events
}

func globoWorld(t *testing.T) ([]freshet.Item, []freshet.Event) {
	im, err := globo.Read(t.Context(), os.DirFS(shared(t, "globo-4d")), time.Now().UnixMilli(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var events []freshet.Event
	for i := range im.Events[:20_000] {
		events = append(events, im.Events[i].Event)
	}
	return im.Items, events
}

// TestBackfillTells: a row that was served otherwise is counted and makes the exit code 1; slates
// served under other definitions have rows and no verdict.
func TestBackfillTells(t *testing.T) {
	items, events := syntheticWorld(t)
	data := (&life{items: items, events: events[:2000], live: 100}).record(t)
	var rec fold.Served
	all := entriesOf(t, data)
	for i := range all {
		if all[i].Served != nil {
			if err := json.Unmarshal(all[i].Served, &rec); err != nil {
				t.Fatal(err)
			}
		}
	}
	other := filepath.Join(t.TempDir(), "other.yaml")
	if err := os.WriteFile(other, []byte("version: 1\nfeatures:\n  - {name: user_clicks_5m, key: [user], on: [click], agg: count, window: 10m, hop: 30s}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before, rows := backfilled(t, 0, data, "--config", other)
	if before.Excluded["definitions"] != before.Slates || before.Slates == 0 || before.Equal+before.Differing+before.Absent > 0 || rows[0].Same != nil || rows[0].Hash == rows[0].Served {
		t.Errorf("under other definitions: %+v, %+v", before, rows[0])
	}

	rec.Request = "r-forged"
	rec.Items[0].Row, rec.Items[1].Row = "f00d", ""
	text, err := json.Marshal(&rec)
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Data = data
	n, err := openNode(t.Context(), &app{stdout: io.Discard, stderr: io.Discard, now: time.Now}, cfg, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.stream.Served(t.Context(), time.Now().UnixMilli(), text); err != nil {
		t.Fatal(err)
	}
	if err := n.close(); err != nil {
		t.Fatal(err)
	}
	after, rows := backfilled(t, exitFailed, data)
	if after.Differing != 1 || after.Absent != 1 || after.Equal != before.Rows+len(rec.Items)-2 {
		t.Errorf("with a forged hash: %+v", after)
	}
	for i := range rows {
		if forged := rows[i].Request == "r-forged" && rows[i].Rank == 1; rows[i].Same != nil && *rows[i].Same == forged {
			t.Errorf("row %d: %+v", i, rows[i])
		}
	}

	// A span of slates, by position and by time.
	last := entriesOf(t, data)
	record := last[len(last)-1].Position
	if one, _ := backfilled(t, exitFailed, data, "--from", record.String()); one.Slates != 1 {
		t.Errorf("from position %s there are %d slates", record, one.Slates)
	}
	if none, _ := backfilled(t, 0, data, "--to", time.UnixMilli(events[0].Time).UTC().Format(time.RFC3339Nano)); none.Slates != 0 || none.Rows != 0 {
		t.Errorf("before the first event: %+v", none)
	}

	// An interrupted run leaves nothing, and a file that was there as it was.
	ctx, out := t.Context(), filepath.Join(t.TempDir(), "rows.parquet")
	if err := os.WriteFile(out, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	gone := &countdown{Context: ctx}
	gone.left.Store(3)
	if code := Run(gone, []string{"features", "backfill", "-q", "--data", data, "--out", out}, strings.NewReader(""), io.Discard, io.Discard); code != exitStopped {
		t.Errorf("interrupted, it ends with %d", code)
	}
	names, err := filepath.Glob(filepath.Join(filepath.Dir(out), "*"))
	if text, _ := os.ReadFile(out); err != nil || len(names) != 1 || string(text) != "old" {
		t.Errorf("left are %q, %v", names, err)
	}
}

// TestBackfillPoints: rows at points of a file, as the state stood then and as of event time.
func TestBackfillPoints(t *testing.T) {
	items, events := syntheticWorld(t)
	data := (&life{items: items, events: events[:2000], live: 150, dry: true}).record(t)
	all := entriesOf(t, data)
	cfg := config.Default()
	var lines []byte
	var wanted []*stream.Entry
	for i := range all {
		if e := &all[i]; e.Source == stream.SourceHTTP && e.Event != nil && len(wanted) < 40 {
			wanted = append(wanted, e)
			point := map[string]any{"user_id": e.Event.User, "item_id": e.Event.Item, "ts": e.Received + 1, "context": map[string]any{"page": 1}}
			line, err := json.Marshal(point)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(append(lines, line...), '\n')
		}
	}
	points := filepath.Join(t.TempDir(), "points.jsonl")
	if err := os.WriteFile(points, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{backfill.Served, backfill.EventTime} {
		reply, rows := backfilled(t, 0, data, "--at", points, "--mode", mode)
		if reply.Points != len(wanted) || reply.Rows != len(wanted) || reply.Slates != 0 {
			t.Fatalf("%s: %+v", mode, reply)
		}
		for i := range rows {
			r := &rows[i]
			e := wanted[r.Line-1]
			if r.Time != e.Received+1 || r.Item != string(e.Event.Item) || r.Recall != nil || r.Hash != "" {
				t.Errorf("%s: line %d: %+v", mode, r.Line, r)
			}
			j := newNaiveJudge(cfg)
			if mode == backfill.EventTime {
				inOrderOfTime(j, all, r.Time, positionOf(t, r))
			} else {
				stood := freshet.Position(0)
				for k := range all {
					if all[k].Received <= r.Time {
						stood = all[k].Position
					}
				}
				if positionOf(t, r) != stood {
					t.Errorf("line %d was read at %s, want %s", r.Line, r.Position, stood)
				}
				for k := range all[:stood] {
					j.apply(&all[k])
				}
			}
			j.check(t, cfg, mode, r)
		}
	}
}

// countdown is a context that is over once it was asked so many times.
type countdown struct {
	context.Context
	left atomic.Int64
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}
