package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/stream"
)

// measuredRecords is how many of the newest records features are timed on.
const measuredRecords = 200_000

// featureCost is what one feature takes.
type featureCost struct {
	Name         string   `json:"name"`
	Keys         int64    `json:"keys"`
	Bytes        int64    `json:"bytes"`
	BytesPerKey  *float64 `json:"bytes_per_key"` // null without keys
	NSPerEvent   *float64 `json:"ns_per_event"`  // null unless it was measured
	DefaultShare *float64 `json:"default_share"` // null before the first read
}

func (a *app) featuresCostCmd() *cobra.Command {
	measure := false
	c := &cobra.Command{
		Use:   "cost",
		Short: "Show what each feature takes",
		Long: `Show the keys and bytes of each feature of a running server, and the share of its reads
that no event stood behind; the last line counts a key once however many features share
it, and the keys that went because there were more than memory.feature_keys. With --measure the newest 200,000 records of the data
directory's journal are folded here, feature by feature, and timed: what an event costs
beyond those that cost nothing, on this machine, with tables that hold no more than those
events; items have the attributes that those records gave them. It may run beside the
server.`,
		Example: `  freshet features cost
  freshet features cost --measure --data ./shop`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			took := map[string]float64{}
			if measure {
				cfg, err := a.loadConfig(c)
				if err != nil {
					return err
				}
				if took, err = a.timeFeatures(c.Context(), cfg); err != nil {
					return dataError(cfg.Data, err)
				}
			}
			return a.withServer(func(server *client) error { return a.costs(c.Context(), server, took) })
		},
	}
	a.configFlags(c)
	c.Flags().BoolVar(&measure, "measure", false, "time each feature on the newest records of the journal")
	return c
}

func (a *app) costs(ctx context.Context, server *client, took map[string]float64) error {
	reply, raw, err := server.featureDefs(ctx)
	if err != nil {
		if a.json {
			return a.printReply(raw, err)
		}
		return err
	}
	list := make([]featureCost, len(reply.Data))
	for i := range reply.Data {
		f := &reply.Data[i]
		list[i] = featureCost{Name: f.Name, Keys: f.Keys, Bytes: f.Bytes, DefaultShare: f.DefaultShare}
		if f.Keys > 0 {
			per := float64(f.Bytes) / float64(f.Keys)
			list[i].BytesPerKey = &per
		}
		if ns, ok := took[f.Name]; ok {
			list[i].NSPerEvent = &ns
		}
	}
	if a.json {
		return json.NewEncoder(a.stdout).Encode(map[string]any{"data": list, "position": reply.Position,
			"keys": reply.Keys, "bytes": reply.Bytes, "max_keys": reply.MaxKeys, "evicted": reply.Evicted})
	}
	t := table{head: []string{"feature", "keys", "bytes", "bytes/key", "ns/event", "default"}, right: 1}
	number := func(v *float64, form string) string {
		if v == nil {
			return "—"
		}
		return fmt.Sprintf(form, *v)
	}
	for _, one := range list {
		t.add(shownID(one.Name), grouped(one.Keys), grouped(one.Bytes), number(one.BytesPerKey, "%.0f"), number(one.NSPerEvent, "%.0f"), shareText(one.DefaultShare))
	}
	total := ""
	if text := reply.featureSizes.String(); text != "" {
		total = "in all " + text + "\n"
	}
	return a.print(t.String() + total)
}

// timeFeatures folds the newest records of the journal once for each feature, and returns what each
// took in nanoseconds an event.
func (a *app) timeFeatures(ctx context.Context, cfg *config.Config) (took map[string]float64, err error) {
	entries, err := newestEntries(ctx, cfg)
	if err != nil {
		return nil, err
	}
	events := 0
	for i := range entries {
		if entries[i].Event != nil {
			events++
		}
	}
	if events == 0 {
		return nil, errors.New("the journal has no events to time features on")
	}
	took = map[string]float64{}
	for i := range cfg.Features {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		with, err := timeFold(cfg, cfg.Features[i:i+1], entries)
		if err != nil {
			return nil, err
		}
		none, err := timeFold(cfg, nil, entries)
		if err != nil {
			return nil, err
		}
		took[cfg.Features[i].Name] = max(0, float64(with-none)/float64(events))
	}
	return took, nil
}

// timeFold is how long it takes to fold entries into some features, without what else a state folds.
func timeFold(cfg *config.Config, features []feature.Definition, entries []stream.Entry) (took time.Duration, err error) {
	o := foldOptions(cfg)
	state, err := fold.New(fold.Options{Kinds: o.Kinds, MaxFuture: o.MaxFuture, NewTable: o.NewTable})
	if err != nil {
		return 0, err
	}
	for i := range entries {
		state.Apply(&entries[i])
	}
	o.Features = features
	w := state.NewWarming(o, nil)
	for chunk := range slices.Chunk(entries, warmChunk) {
		w.Number(chunk)
		began := time.Now()
		if err := w.Fold(); err != nil {
			return 0, err
		}
		took += time.Since(began)
	}
	return took, nil
}

// newestEntries decodes the newest records of a journal that features are told of.
func newestEntries(ctx context.Context, cfg *config.Config) (entries []stream.Entry, err error) {
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	passed, err := passedOver(disk)
	if err != nil {
		return nil, err
	}
	reader, err := journal.OpenReader(disk)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	if last := reader.Durable(); last > measuredRecords+reader.First() {
		if err := reader.Seek(last - measuredRecords); err != nil {
			return nil, err
		}
	}
	reader.Until(max(1, reader.Durable()))
	_, err = eachOf(ctx, reader, func(rec *journal.Record) error {
		if _, ok := passed.Find(rec.Position); ok || rec.Topic == freshet.TopicServed {
			return nil
		}
		e, err := stream.Decode(rec)
		entries = append(entries, e)
		return err
	})
	return entries, err
}
