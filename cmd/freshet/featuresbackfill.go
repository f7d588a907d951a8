package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/backfill"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
)

// backfillOptions are the flags of features backfill.
type backfillOptions struct {
	mode     string
	out      string
	at       string // file of points; "" is the slates that were served
	names    []string
	from, to string
}

func (a *app) featuresBackfillCmd() *cobra.Command {
	var o backfillOptions
	c := &cobra.Command{
		Use:   "backfill",
		Short: "Write the feature rows of slates that were served, or of other points in time, as Parquet",
		Long: `Replay the journal and write a row for every item that was shown: every field of
the row that rankers get, in a column of its own.

In mode served a row holds what the state said at the position where it was read,
and its hash is compared with the one that was served: exit code 1 says that some
differ. In mode event-time it is computed over all events from before the time of
the request, whenever they came: for features that did not exist then. There no key
is let go of for want of room (memory.feature_keys), as it may be in mode served.

With --at, rows are made for the points of a file instead, one JSON object a line:
{"user_id": "ada", "item_id": "b-1", "ts": 1795187045000, "context": {…}}. Mode
served then reads where the journal stood at ts.

It reads the journal beside a running server, or without one, and writes nothing
but the file. Mode event-time keeps all events in memory that a feature counts,
32 bytes and their JSON each, and about 150 bytes a row.`,
		Example: `  freshet features backfill --data ./shop --out rows.parquet
  freshet features backfill --data ./shop --mode event-time --names 'user.*,item.ctr*'
  freshet features backfill --data ./shop --at points.jsonl --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			return a.featuresBackfill(c.Context(), cfg, &o)
		},
	}
	a.configFlags(c)
	c.Flags().StringVar(&o.mode, "mode", backfill.Served, "served, or event-time")
	c.Flags().StringSliceVar(&o.names, "names", nil, "features to write: names or patterns with * (default all)")
	c.Flags().StringVar(&o.out, "out", "rows.parquet", "the file to write")
	c.Flags().StringVar(&o.from, "from", "", "the first slate: a position of the journal, or a time (RFC 3339)")
	c.Flags().StringVar(&o.to, "to", "", "the last slate: a position of the journal, or the time before which it is")
	c.Flags().StringVar(&o.at, "at", "", "file of points to make rows for, JSON lines")
	a.progressFlag(c)
	return c
}

// backfillReply is what features backfill prints with --json.
type backfillReply struct {
	Mode      string           `json:"mode"`
	Out       string           `json:"out"`
	First     freshet.Position `json:"first_position"` // covered
	Last      freshet.Position `json:"last_position"`
	Slates    int              `json:"slates"` // with rows in the file
	Points    int              `json:"points"` // likewise
	Rows      int              `json:"rows"`
	Equal     int              `json:"equal"` // rows whose hash is the one that was served
	Differing int              `json:"differing"`
	Absent    int              `json:"absent"`   // rows whose record has no hash
	Excluded  map[string]int   `json:"excluded"` // slates of which no hash is compared, by why
}

// uncompared says why no hash of a slate is compared, and what its rows are, for people.
var uncompared = map[string]string{
	"definitions": "were served under other definitions: their rows are what those in force say",
	"config":      "were served under another configuration of events, routes, times or feature_keys: their rows are what the one in force says",
	"record":      "have a record that does not say where it read, or does not decode: they have no rows",
	"released":    "read before the oldest snapshot, and the journal from before it is gone: they have no rows",
}

// page is the summary for people.
func (r *backfillReply) page() string {
	var b strings.Builder
	what := plural(r.Slates, "slate")
	if r.Points > 0 {
		what = plural(r.Points, "point")
	}
	fmt.Fprintf(&b, "%s · %s · %s · positions %s to %s\n", what, plural(r.Rows, "row"), clean(r.Out), r.First, r.Last)
	if r.Mode == backfill.Served && r.Points == 0 {
		fmt.Fprintf(&b, "hashes as served: %s equal · %s differ · %s absent\n", grouped(int64(r.Equal)), grouped(int64(r.Differing)), grouped(int64(r.Absent)))
	}
	for _, why := range slices.Sorted(maps.Keys(r.Excluded)) {
		fmt.Fprintf(&b, "%s %s\n", plural(r.Excluded[why], "slate"), uncompared[why])
	}
	return b.String()
}

// featuresBackfill runs the command.
func (a *app) featuresBackfill(ctx context.Context, cfg *config.Config, o *backfillOptions) (err error) {
	keep, err := keepNames(cfg.Features, o.names)
	if err != nil {
		return err
	}
	if o.mode != backfill.Served && o.mode != backfill.EventTime {
		return usagef("--mode is %q; it is %s or %s", o.mode, backfill.Served, backfill.EventTime)
	}
	var span slateSpan
	if err := errors.Join(span.from.parse("--from", o.from), span.to.parse("--to", o.to)); err != nil {
		return err
	}
	if o.at != "" && o.from+o.to != "" {
		return usagef("--from and --to choose slates; the points of --at are all computed")
	}
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	b := &backfiller{app: a, cfg: cfg, disk: disk, mode: o.mode, keep: keep, definitions: feature.Hash(cfg.Features), config: slateConfig(cfg),
		reply: backfillReply{Mode: o.mode, Out: o.out, Excluded: map[string]int{}}}
	if o.at != "" {
		if b.points, err = readPoints(o.at); err != nil {
			return err
		}
		b.reply.Points = len(b.points)
	}
	if err := b.run(ctx, o.out, &span); err != nil {
		if errors.As(err, new(*failure)) { // not about the data directory
			return err
		}
		return dataError(cfg.Data, err)
	}
	if a.json {
		err = json.NewEncoder(a.stdout).Encode(&b.reply)
	} else {
		err = a.print(b.reply.page())
	}
	if err == nil && b.reply.Differing > 0 {
		return &failure{code: exitFailed} // which was said
	}
	return err
}

// keepNames returns which features the patterns name; nil is all of them.
func keepNames(defs []feature.Definition, patterns []string) (func(string) bool, error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	kept := map[string]bool{}
	for _, pattern := range patterns {
		matched := false
		for i := range defs {
			name := defs[i].Name
			ok, err := path.Match(pattern, name)
			if err != nil {
				return nil, usagef("--names %s: %w", shownID(pattern), err)
			}
			if ok || name == pattern {
				kept[name], matched = true, true
			}
		}
		if !matched {
			return nil, &failure{code: exitUsage, err: fmt.Errorf("--names: no feature is called or matches %s", shownID(pattern)), hint: "freshet config print shows the features"}
		}
	}
	return func(name string) bool { return kept[name] }, nil
}

// bound is a position or a time; the zero bound is none.
type bound struct {
	position freshet.Position
	time     int64 // Unix ms
	isTime   bool
}

func (b *bound) parse(flag, text string) error {
	if text == "" {
		return nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		b.time, b.isTime = at.UnixMilli(), true
		return nil
	}
	p, err := freshet.ParsePosition(text)
	if err != nil || p == 0 {
		return usagef("%s is %s; it is a position of the journal, from 1, or a time such as 2026-11-20T15:00:00Z", flag, shownID(text))
	}
	b.position = p
	return nil
}

// slateSpan says which slates are wanted.
type slateSpan struct{ from, to bound }

// holds reports that a slate is wanted, by the position of its record and its time.
func (s *slateSpan) holds(record freshet.Position, q int64) bool {
	switch {
	case record < s.from.position, s.from.isTime && q < s.from.time:
		return false
	case s.to.position > 0 && record > s.to.position, s.to.isTime && q >= s.to.time:
		return false
	}
	return true
}

// backfiller is one run of features backfill.
type backfiller struct {
	app         *app
	cfg         *config.Config
	disk        *fsys.OS
	mode        string
	keep        func(name string) bool
	definitions string // hash of those in force
	config      string // hash of the configuration in force
	points      []point
	reply       backfillReply
}

// run makes the rows and writes the file.
func (b *backfiller) run(ctx context.Context, out string, span *slateSpan) error {
	reader, err := journal.OpenReader(b.disk)
	if err != nil {
		return err
	}
	b.app.sayMark(reader)
	b.reply.First, b.reply.Last = reader.First(), reader.Durable()
	id := reader.ID()
	if err := reader.Close(); err != nil {
		return err
	}
	text, err := definitionsText(b.cfg)
	if err != nil {
		return err
	}
	metadata := map[string]string{
		"freshet.version": release, "freshet.mode": b.mode, "freshet.journal": id, "freshet.definitions": b.definitions, "freshet.definitions_text": string(text),
		"freshet.config": b.config, "freshet.first_position": b.reply.First.String(), "freshet.last_position": b.reply.Last.String(),
	}
	return writeWhole(out, func(file *rowsFile) error {
		switch {
		case b.mode == backfill.EventTime:
			return b.eventTime(ctx, file, metadata, span)
		default:
			return b.served(ctx, file, metadata, span)
		}
	})
}

// past returns the journal from its beginning, told to also, up to the last position covered.
func (b *backfiller) past(p *past) (_ *past, err error) {
	if p.passed, err = passedOver(b.disk); err != nil {
		return nil, err
	}
	if p.reader, err = journal.OpenReader(b.disk); err != nil {
		return nil, err
	}
	p.reader.Until(b.reply.Last)
	return p, nil
}

// advance folds up to a position, and looks at ctx now and then.
func advance(ctx context.Context, p *past, to freshet.Position, bar *bar) error {
	for p.at < to {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.advance(min(to, p.at+4096)); err != nil {
			return err
		}
		bar.set(int64(p.at))
	}
	return nil
}
