package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
)

// benchJournal measures a journal of its own, in a directory below dir, without a server.
func (a *app) benchJournal(ctx context.Context, dir string, o *benchOptions) (result *bench.Result, err error) {
	disk, err := fsys.Dir(filepath.Join(dir, "data"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	bound, err := fsys.Dir(filepath.Join(dir, "bound"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bound.Close()) }()
	log, _, err := journal.Open(journal.Options{FS: disk, Now: a.now})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	return bench.RunJournal(ctx, bench.JournalOptions{
		Disk: bound, Now: a.now, Duration: o.duration, Say: a.say,
		Commit: func(ctx context.Context, record []byte) error {
			last, err := log.Append([]journal.Record{{Topic: "user_behavior_click", Source: "bench", Payload: record}})
			if err != nil {
				return err
			}
			return log.WaitDurable(ctx, last)
		},
	})
}
