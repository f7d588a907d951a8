package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/source"
	"github.com/freshet-rec/freshet/stream"
)

// namesData reports whether a command line or the environment names a data directory.
func (a *app) namesData(c *cobra.Command) bool {
	_, set := a.getenv("FRESHET_DATA")
	return set || c.Flags().Changed("data")
}

// readJournal brings what a journal holds as an import would: each item and user as it was stored
// last, and the events that count, by time; equal times keep the journal's order. It may be
// written to meanwhile.
func readJournal(ctx context.Context, cfg *config.Config) (im *source.Import, err error) {
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return nil, dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	im = &source.Import{}
	items, users := map[freshet.ItemID]int{}, map[freshet.UserID]int{}
	_, err = eachEntry(ctx, disk, func(_ *journal.Record, e *stream.Entry) error {
		switch {
		case e.Item != nil:
			im.Items = latest(im.Items, items, e.Item.ID, e.Item)
		case e.User != nil:
			im.Users = latest(im.Users, users, e.User.ID, e.User)
		case e.Event != nil && !e.Late:
			im.Events = append(im.Events, source.Event{Event: *e.Event})
		}
		return nil
	})
	if err != nil {
		return nil, dataError(cfg.Data, err)
	}
	slices.SortStableFunc(im.Events, func(a, b source.Event) int { return cmp.Compare(a.Event.Time, b.Event.Time) })
	return im, nil
}

// latest puts a document in the place of the one before it with the same id, or at the end.
func latest[T any, K comparable](list []T, places map[K]int, id K, doc *T) []T {
	if at, known := places[id]; known {
		list[at] = *doc
		return list
	}
	places[id] = len(list)
	return append(list, *doc)
}
