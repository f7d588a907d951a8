package main

import (
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/audit"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/stream"
)

// defaultSample is how many slates an audit makes again, maxSample how many it may.
const (
	defaultSample = 1000
	maxSample     = 1_000_000
)

func (a *app) auditCmd() *cobra.Command {
	sample := 0
	c := &cobra.Command{
		Use:   "audit",
		Short: "Make many served slates again, and recompute the values behind them",
		Long: `Make a sample of the slates that were served once more from the journal, and compare
items, order, scores and rows bit for bit. The value of every feature of every shown
item, the item's age and the hour are also recomputed from the raw events, the slow
way, and compared: exactly, decayed sums within 1e-9. Values over events that may have gone
with their key for want of room (memory.feature_keys) are counted apart. Exit code 1 says
that something differs. It may run beside a server; it takes some 300 bytes of memory an event.`,
		Example: `  freshet audit --data ./shop
  freshet audit --data ./shop --sample 10000 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if sample < 1 || sample > maxSample {
				return usagef("--sample is %d; 1 to %s slates are made again", sample, grouped(maxSample))
			}
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			return a.audit(c.Context(), cfg, sample)
		},
	}
	a.configFlags(c)
	c.Flags().IntVar(&sample, "sample", defaultSample, "slates to make again, chosen by the hash of their ids; all when there are fewer")
	return c
}

// auditReply is what audit prints with --json.
type auditReply struct {
	Slates    int            `json:"slates"`           // made again
	Unequal   int            `json:"slates_differing"` // of them
	Cells     int            `json:"cells"`            // recomputed and compared
	Differing int            `json:"differing"`        // of them
	LetGo     int            `json:"not_comparable"`   // cells over events that may have been let go of with their key
	Causes    map[string]int `json:"causes"`           // cells that differ, by what differs
	Excluded  map[string]int `json:"excluded"`         // slates that cannot be made again, by why
	Degraded  int            `json:"slates_degraded"`  // of those made again
	Unranked  int            `json:"slates_unranked"`  // of those made again: by recall score
	examples  []string
}

// maxExamples is how many differences are told one by one.
const maxExamples = 10

func (r *auditReply) example(format string, args ...any) {
	if len(r.examples) < maxExamples {
		r.examples = append(r.examples, clean(fmt.Sprintf(format, args...)))
	}
}

func (a *app) audit(ctx context.Context, cfg *config.Config, sample int) (err error) {
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	records, last, err := sampleServed(ctx, disk, sample)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	reply := auditReply{Causes: map[string]int{}, Excluded: map[string]int{}}
	if err := a.recheck(ctx, cfg, disk, records, last, &reply); err != nil {
		return dataError(cfg.Data, err)
	}
	for _, text := range reply.examples {
		a.say("differs: %s", text)
	}
	if a.json {
		err = json.NewEncoder(a.stdout).Encode(&reply)
	} else {
		err = a.print(reply.page())
	}
	if err == nil && reply.Differing+reply.Unequal > 0 {
		return &failure{code: exitFailed} // which was said
	}
	return err
}

// page is the verdict for people.
func (r *auditReply) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s made again · %s not equal bit for bit · %s degraded, %s in recall's order\n", plural(r.Slates, "slate"), grouped(int64(r.Unequal)), grouped(int64(r.Degraded)), grouped(int64(r.Unranked)))
	fmt.Fprintf(&b, "%s recomputed from raw events · %s differ\n", plural(r.Cells, "cell"), grouped(int64(r.Differing)))
	if r.LetGo > 0 {
		fmt.Fprintf(&b, "%s not comparable: keys with such old events were let go of for want of room (memory.feature_keys)\n", plural(r.LetGo, "cell"))
	}
	for _, cause := range slices.Sorted(maps.Keys(r.Causes)) {
		fmt.Fprintf(&b, "  %s differ: %s\n", grouped(int64(r.Causes[cause])), cause)
	}
	for _, why := range slices.Sorted(maps.Keys(r.Excluded)) {
		fmt.Fprintf(&b, "%s left out: %s\n", plural(r.Excluded[why], "slate"), why)
	}
	return b.String()
}

// sampleServed returns the served records whose ids have the least hashes, and the journal's last
// position.
func sampleServed(ctx context.Context, disk fsys.FS, sample int) ([]*fold.Served, freshet.Position, error) {
	var chosen sampledHeap
	last, err := eachRecord(ctx, disk, func(rec *journal.Record) error {
		if rec.Topic != freshet.TopicServed {
			return nil
		}
		var served fold.Served
		if err := json.Unmarshal(rec.Payload, &served); err != nil {
			return fmt.Errorf("the served record at position %s: %w", rec.Position, err)
		}
		sum := fnv.New64a()
		_, _ = sum.Write([]byte(served.Request)) // never fails
		one := sampled{sum.Sum64(), &served}
		switch {
		case len(chosen) < sample:
			heap.Push(&chosen, one)
		case one.hash < chosen[0].hash:
			chosen[0] = one
			heap.Fix(&chosen, 0)
		}
		return nil
	})
	records := make([]*fold.Served, len(chosen))
	for i := range chosen {
		records[i] = chosen[i].record
	}
	return records, last, err
}

// sampled is a served record with the hash of its id.
type sampled struct {
	hash   uint64
	record *fold.Served
}

// sampledHeap has the greatest hash first.
type sampledHeap []sampled

func (h sampledHeap) Len() int           { return len(h) }
func (h sampledHeap) Less(i, j int) bool { return h[i].hash > h[j].hash }
func (h sampledHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *sampledHeap) Push(x any) {
	if one, ok := x.(sampled); ok {
		*h = append(*h, one)
	}
}
func (h *sampledHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// recheck makes the records' slates again and fills in the reply.
func (a *app) recheck(ctx context.Context, cfg *config.Config, disk *fsys.OS, records []*fold.Served, last freshet.Position, reply *auditReply) (err error) {
	f := foldOptions(cfg)
	f.Bundles = registry.NewShelf(disk, true)
	state, err := fold.New(f)
	if err != nil {
		return err
	}
	past := &past{state: state}
	if past.passed, err = passedOver(disk); err != nil {
		return err
	}
	if past.reader, err = journal.OpenReader(disk); err != nil {
		return err
	}
	a.sayMark(past.reader)
	first := past.reader.First()
	if first > 1 { // raw events are gone, and a snapshot stands for them
		if err = past.reader.Close(); err != nil {
			return err
		}
		if past, records, err = a.recheckFrom(ctx, cfg, disk, records, reply); err != nil {
			return err
		}
		state = past.state
		a.say("the journal begins at position %s: slates are made again from the snapshot of position %s on, and no values are recomputed", first, past.at)
	}
	defer func() { err = errors.Join(err, past.reader.Close()) }()
	check := newRowCheck(cfg, state, records, reply)
	bar := a.bar("slates", int64(last), "records")
	o := serveOptions(a, cfg, &node{state: state})
	o.Disk = disk
	again := serve.NewReplayer(o, func(p freshet.Position) error {
		bar.set(int64(p))
		return past.advance(p)
	})
	if first == 1 {
		past.also = check.apply
		again.Rows(check.row)
	}
	err = again.ReplayAll(ctx, records, func(one serve.Replayed) error {
		var why *serve.NotReplayable
		if errors.As(one.Err, &why) {
			reply.Excluded[why.Cause]++
			return nil
		}
		check.slate(one.Record, one.Again)
		return nil
	})
	bar.done()
	return err
}

// recheckFrom returns a past that begins at the oldest snapshot made for this configuration, and the
// records of slates that read nothing from before it. The others are left out.
func (a *app) recheckFrom(ctx context.Context, cfg *config.Config, disk *fsys.OS, records []*fold.Served, reply *auditReply) (*past, []*fold.Served, error) {
	oldest, err := oldestSnapshot(disk, cfg)
	if err != nil {
		return nil, nil, err
	}
	p, err := a.openPast(ctx, disk, cfg, oldest)
	if err != nil {
		return nil, nil, err
	}
	var kept []*fold.Served
	for _, rec := range records {
		if serve.First(rec) < p.at {
			reply.Excluded["released"]++
			continue
		}
		kept = append(kept, rec)
	}
	return p, kept, nil
}

// rowCheck recomputes rows from raw events. It numbers visitors and items by itself, so that it
// has nothing in common with the fold that is checked but the events.
type rowCheck struct {
	reply    *auditReply
	state    *fold.State // where the rows are made again
	defs     []feature.Definition
	first    int // field of the first feature
	oracle   *audit.Oracle
	visitors map[freshet.Visitor]uint32 // those who were shown something; with everyone all
	everyone bool                       // what a visitor is like counts in features of others
	items    map[freshet.ItemID]uint32
	born     []birth // by item number
}

// birth is since when an item exists.
type birth struct {
	published    int64
	hasPublished bool
	since        int64
}

func newRowCheck(cfg *config.Config, state *fold.State, records []*fold.Served, reply *auditReply) *rowCheck {
	c := &rowCheck{reply: reply, state: state, defs: cfg.Features, first: state.FirstFeature(), visitors: map[freshet.Visitor]uint32{}, items: map[freshet.ItemID]uint32{}, born: make([]birth, 1),
		oracle: audit.NewOracle(audit.Options{Features: cfg.Features, Slack: cfg.MaxFuture, Where: fold.Where})}
	for _, rec := range records {
		c.visitor(rec.Visitor, true)
	}
	for i := range c.defs {
		c.everyone = c.everyone || readsUser(&c.defs[i])
	}
	return c
}

// readsUser reports that a definition may ask for the attributes of users.
func readsUser(d *feature.Definition) bool {
	return d.Where != "" || slices.ContainsFunc(d.Key, func(part string) bool { return strings.HasPrefix(part, "user.") })
}

// visitor is the number of a visitor, 0 for nobody; those without one get one if meet says so.
func (c *rowCheck) visitor(v freshet.Visitor, meet bool) uint32 {
	if _, ok := c.visitors[v]; !ok && v != "" && meet {
		c.visitors[v] = uint32(len(c.visitors) + 1)
	}
	return c.visitors[v]
}

// item is the number of an item that showed a sign of life at a time, 0 for none.
func (c *rowCheck) item(id freshet.ItemID, t int64) uint32 {
	if id == "" {
		return 0
	}
	n, ok := c.items[id]
	if !ok {
		n = uint32(len(c.born))
		c.items[id] = n
		c.born = append(c.born, birth{since: t})
	}
	c.born[n].since = min(c.born[n].since, t)
	return n
}

// apply notes an entry of the journal.
func (c *rowCheck) apply(e *stream.Entry) {
	switch {
	case e.Item != nil:
		n := c.item(e.Item.ID, e.Received)
		c.born[n].published, c.born[n].hasPublished = e.Item.Published, e.Item.HasPublished
		c.oracle.Upsert(n, e.Item)
	case e.User != nil:
		c.oracle.User(c.visitor(freshet.VisitorOf(e.User.ID, "", ""), c.everyone), e.User)
	case e.Event != nil && !e.Late:
		c.oracle.Event(c.visitor(e.Event.Visitor(), c.everyone), c.item(e.Event.Item, e.Event.Time), e.Event)
	}
}

// row recomputes the row of one shown item.
func (c *rowCheck) row(row *serve.Row) {
	q, item := row.Record.Time, c.items[row.Item]
	for i := range c.defs {
		want, known := c.oracle.Read(i, c.visitors[row.Record.Visitor], item, q, row.Record.Context)
		if !known {
			continue // an unbounded oracle knows all that it watches
		}
		if want.Oldest < c.state.Features.LetGo(i) {
			c.reply.LetGo++
			continue
		}
		c.cell(row, "feature."+c.defs[i].Name, audit.SameNumber(row.Values[c.first+i], want), row.Values[c.first+i], want.Number())
	}
	born := c.born[item].since
	if c.born[item].hasPublished {
		born = c.born[item].published
	}
	rest := row.Values[c.first+len(c.defs):]
	age := float64(max(0, q-born)) / float64(freshet.Day)
	c.cell(row, "item.age_days", rest[0] == age, rest[0], age)
	hour := float64(time.UnixMilli(q).UTC().Hour())
	c.cell(row, "time.hour", rest[1] == hour, rest[1], hour)
}

// cell counts one compared value.
func (c *rowCheck) cell(row *serve.Row, name string, same bool, got, want float64) {
	c.reply.Cells++
	if !same {
		c.reply.Differing++
		c.reply.Causes[name]++
		c.reply.example("request %s, item %s: %s was %s, from the events it is %s", shownID(row.Record.Request), shownID(string(row.Item)), name, number(got), number(want))
	}
}

// slate compares a slate that was made again with its record. A shown item that is another, or whose
// row is another, counts with its whole row.
func (c *rowCheck) slate(rec *fold.Served, again *serve.Reply) {
	r := c.reply
	r.Slates++
	if len(rec.Degraded) > 0 {
		r.Degraded++
	}
	if rec.Model == nil {
		r.Unranked++
	}
	diff := serve.Differences(rec, again)
	if diff == "" {
		return
	}
	r.Unequal++
	r.example("request %s: %s", shownID(rec.Request), diff)
	now := serve.ServedItems(again)
	for i := range rec.Items {
		cause := ""
		switch {
		case rec.Items[i].Row == "": // of an earlier release, ranked by recall's score: there are no cells
		case i >= len(now) || now[i].Item != rec.Items[i].Item:
			cause = "another item"
		case now[i].Row != rec.Items[i].Row:
			cause = "another row"
		}
		if cause != "" {
			r.Causes[cause] += len(c.defs) + 2
			r.Differing += len(c.defs) + 2
		}
	}
}

// number is a value for people.
func number(v float64) string {
	if math.IsNaN(v) {
		return "null"
	}
	return fmt.Sprint(v)
}
