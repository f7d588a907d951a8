package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/profile"
	"github.com/freshet-rec/freshet/stream"
)

func (a *app) profilesCmd() *cobra.Command {
	c := &cobra.Command{
		Use:     "profiles",
		Short:   "Export what is known of users and items in the long run",
		Example: `  freshet profiles export --data ./shop --out profiles`,
		Args:    unknownCommand,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.profilesExportCmd())
	return c
}

// profilesOptions are the flags of profiles export.
type profilesOptions struct {
	out      string
	to       freshet.Position // 0 is everything that is durable
	halfLife freshet.Duration
	values   int
}

func (a *app) profilesExportCmd() *cobra.Command {
	o, to, halfLife := profilesOptions{}, "", ""
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the profiles of all users and items as Parquet",
		Long: `Write users.parquet, items.parquet and manifest.json into a new directory. Of a user:
activity, long-term tastes by category, tag and every other text attribute of items,
variety and price level. Of an item: its audience, rates of clicks, likes, purchases
and dislikes, clicks by those that its places would earn anything, price and age.

The whole journal counts, beside a running server or without one. Equal journals make
equal files.`,
		Example: `  freshet profiles export --data ./shop --out profiles
  freshet profiles export --data ./shop --out march --to 61000 --half-life 90d --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if o.to, err = upTo(to); err != nil {
				return err
			}
			if o.halfLife, err = freshet.ParseDuration(halfLife); err != nil {
				return usagef("--half-life: %w", err)
			}
			if o.halfLife <= 0 {
				return usagef("--half-life is %s; it is more than 0", halfLife)
			}
			if o.values < 1 || o.values > profile.MostValues {
				return usagef("--values is %d; 1 to %d are possible", o.values, profile.MostValues)
			}
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			return a.exportProfiles(c.Context(), cfg, &o)
		},
	}
	a.configFlags(c)
	c.Flags().StringVar(&o.out, "out", "profiles", "the directory to make")
	c.Flags().StringVar(&to, "to", "", "the position to read up to (default everything that is durable)")
	c.Flags().StringVar(&halfLife, "half-life", profile.DefaultHalfLife.String(), "the age at which an act counts half in tastes")
	c.Flags().IntVar(&o.values, "values", profile.DefaultNamed, "how many values of an attribute a profile names, at most")
	a.progressFlag(c)
	return c
}

// profilesManifest says what a directory of profiles holds. It is what profiles export prints with
// --json, too.
type profilesManifest struct {
	First       freshet.Position `json:"first_position"` // of the records that profiles go by
	Until       freshet.Position `json:"until_position"` // the last of them
	Newest      int64            `json:"newest_event_ms"`
	HalfLife    freshet.Duration `json:"half_life"`
	Values      int              `json:"values"`
	Unaudienced int              `json:"unaudienced,omitempty"` // positive events that are in no audience: too many
	Files       []tableFile      `json:"files"`
}

// exportProfiles runs the command.
func (a *app) exportProfiles(ctx context.Context, cfg *config.Config, o *profilesOptions) (err error) {
	if err := absent(o.out); err != nil {
		return err
	}
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	f := profile.New(profile.Options{Kinds: cfg.Events, HalfLife: o.halfLife, Named: o.values})
	m := profilesManifest{HalfLife: o.halfLife, Values: o.values}
	if m.First, m.Until, err = a.foldProfiles(ctx, cfg, disk, f, o.to); err != nil {
		return err
	}
	m.Newest, m.Unaudienced = f.Newest, f.Unaudienced
	if m.Unaudienced > 0 {
		a.say("warning: %s positive events are in no audience; the first %s are", grouped(int64(m.Unaudienced)), grouped(profile.MaxTakes))
	}
	err = writeTables(o.out, &m, func(draft string) error {
		users, err := writeTable(draft, "users.parquet", until(ctx, f.Users()))
		if err != nil {
			return err
		}
		items, err := writeTable(draft, "items.parquet", until(ctx, f.Items()))
		m.Files = []tableFile{users, items}
		return err
	})
	if err != nil {
		return err
	}
	if a.json {
		return json.NewEncoder(a.stdout).Encode(&m)
	}
	return a.print(fmt.Sprintf("profiles of %s users and %s items · half-life %s · until position %s · %s\n",
		grouped(int64(m.Files[0].Rows)), grouped(int64(m.Files[1].Rows)), m.HalfLife, m.Until, clean(o.out)))
}

// foldProfiles tells profiles of every record of the journal up to a position, 0 for its end, and
// returns the first and the last. Of a journal without its beginning, what was known of items and users is
// taken from the oldest snapshot; events that are gone are in no profile.
func (a *app) foldProfiles(ctx context.Context, cfg *config.Config, disk *fsys.OS, f *profile.Fold, to freshet.Position) (first, last freshet.Position, err error) {
	fail := func(err error) (freshet.Position, freshet.Position, error) { return 0, 0, dataError(cfg.Data, err) }
	reader, err := journal.OpenReader(disk)
	if err != nil {
		return fail(err)
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	a.sayMark(reader)
	first, last = reader.First(), reader.Durable()
	if to > last {
		return 0, 0, &failure{code: exitUsage, err: fmt.Errorf("--to is %s; the journal ends at position %s", to, last)}
	}
	if to != 0 {
		last = to
	}
	if first > last {
		return 0, 0, &failure{code: exitFailed, err: fmt.Errorf("the journal of %s has no records up to position %s: it begins at %s", clean(cfg.Data), last, first)}
	}
	if first > 1 {
		a.say("the journal begins at position %s: events before it are in no profile", first)
		if err := a.recallEntries(ctx, cfg, disk, f); err != nil {
			return fail(err)
		}
	}
	passed, err := passedOver(disk)
	if err != nil {
		return fail(err)
	}
	bar := a.bar("history", int64(last), "records")
	if err := advance(ctx, &past{reader: reader, passed: passed, also: f.Apply}, last, bar); err != nil {
		return fail(err)
	}
	bar.done()
	return first, last, nil
}

// recallEntries tells profiles of the items and users that the oldest snapshot knows, if there is one.
func (a *app) recallEntries(ctx context.Context, cfg *config.Config, disk *fsys.OS, f *profile.Fold) (err error) {
	oldest, err := oldestSnapshot(disk, cfg)
	if err != nil || oldest == 0 {
		return err
	}
	p, err := a.openPast(ctx, disk, cfg, oldest)
	if err != nil {
		return err
	}
	state := p.state
	for n := uint32(1); int(n) < state.Items.Len(); n++ {
		if doc := state.Items.Entry(n); doc != nil {
			f.Apply(&stream.Entry{Item: doc, Received: state.Items.Born(n)})
		}
	}
	for n := uint32(1); int(n) < state.Visitors.Len(); n++ {
		if doc := state.Users.Entry(n); doc != nil {
			f.Apply(&stream.Entry{User: doc})
		}
	}
	return p.reader.Close()
}

// until are the rows of a sequence, up to the error of a context that is over.
func until[T any](ctx context.Context, rows iter.Seq[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for row := range rows {
			if err := ctx.Err(); !yield(row, err) || err != nil {
				return
			}
		}
	}
}
