package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/deadletter"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// maxRejectedListed is the largest --limit.
const maxRejectedListed = 1000

func (a *app) rejectedCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "rejected",
		Short: "List what imports could not use, and why",
		Long: `List the lines that imports could not use, and the records of the journal that are
passed over because the program cannot take them in (reason quarantined), or show
one. They are kept in the data directory with their place, the reason and their
text, up to 64 MiB, the oldest being dropped first. A server may be running on the
directory.`,
		Example: `  freshet rejected list --data ./shop
  freshet rejected show rej-7 --data ./shop`,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	limit, cursor := 0, ""
	list := &cobra.Command{
		Use:   "list",
		Short: "List refused lines, oldest first",
		Example: `  freshet rejected list --data ./shop --limit 20
  freshet rejected list --data ./shop --cursor rej-20 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if limit < 1 || limit > maxRejectedListed {
				return usagef("--limit is %d; it must be between 1 and %d", limit, maxRejectedListed)
			}
			after := deadletter.ID(0)
			if cursor != "" {
				var err error
				if after, err = deadletter.ParseID(cursor); err != nil {
					return &failure{code: exitUsage, err: fmt.Errorf("--cursor %q is %w", cursor, err), hint: "such as rej-20"}
				}
			}
			return a.withLetters(c, func(cfg *config.Config, disk fsys.FS) error { return a.listRejected(cfg, disk, after, limit) })
		},
	}
	list.Flags().IntVar(&limit, "limit", 100, "at most so many, 1 to 1000")
	list.Flags().StringVar(&cursor, "cursor", "", "begin after this letter")
	show := &cobra.Command{
		Use:   "show ID",
		Short: "Show a refused line: where it stood, what is wrong with it, its text",
		Example: `  freshet rejected show rej-7 --data ./shop
  freshet rejected show rej-7 --data ./shop --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &failure{code: exitUsage, err: fmt.Errorf("show takes one id, got %d", len(args)), hint: "such as: freshet rejected show rej-7"}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			id, err := deadletter.ParseID(args[0])
			if err != nil {
				return &failure{code: exitUsage, err: fmt.Errorf("%q is %w", args[0], err), hint: "see freshet rejected list"}
			}
			return a.withLetters(c, func(cfg *config.Config, disk fsys.FS) error { return a.showRejected(cfg, disk, id) })
		},
	}
	a.configFlags(list)
	a.configFlags(show)
	c.AddCommand(list, show)
	return c
}

// withLetters calls read with the data directory that was named.
func (a *app) withLetters(c *cobra.Command, read func(*config.Config, fsys.FS) error) (err error) {
	cfg, err := a.loadConfig(c)
	if err != nil {
		return err
	}
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	return read(cfg, disk)
}

// rejectedPage is what list prints with --json: the reply of GET /v1/rejected.
type rejectedPage struct {
	Data       []*deadletter.Letter `json:"data"`
	NextCursor *string              `json:"next_cursor"`
	Damaged    string               `json:"damaged,omitempty"`
}

func (a *app) listRejected(cfg *config.Config, disk fsys.FS, after deadletter.ID, limit int) error {
	page, err := deadletter.List(disk, after, limit)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	var damages []string
	for _, d := range page.Damages {
		damages = append(damages, d.String())
	}
	next := ""
	if page.More {
		next = page.Letters[len(page.Letters)-1].ID.String()
	}
	if a.json {
		reply := rejectedPage{Data: make([]*deadletter.Letter, len(page.Letters)), Damaged: strings.Join(damages, "; ")}
		for i := range page.Letters {
			reply.Data[i] = &page.Letters[i]
		}
		if page.More {
			reply.NextCursor = &next
		}
		return json.NewEncoder(a.stdout).Encode(&reply)
	}
	for _, d := range damages {
		a.say("warning: %s/%s", cfg.Data, d)
	}
	var b strings.Builder
	for i := range page.Letters {
		l := &page.Letters[i]
		fmt.Fprintf(&b, "%s  %s line %d  %s  %s\n", l.ID, clean(l.File), l.Line, clean(l.Code), clean(l.Message))
	}
	if err := a.print(b.String()); err != nil && !isBrokenPipe(err) {
		return err
	}
	switch {
	case page.More:
		a.say("  … and more: --cursor %s", next)
	case len(page.Letters) == 0 && after == 0:
		a.say("nothing was refused by an import into %s; what is refused over HTTP is in the reply", cfg.Data)
	}
	return nil
}

func (a *app) showRejected(cfg *config.Config, disk fsys.FS, id deadletter.ID) error {
	l, err := deadletter.Get(disk, id)
	if errors.Is(err, fs.ErrNotExist) {
		return &failure{code: exitFailed, err: fmt.Errorf("data directory %s has no %s, or has it no more", cfg.Data, id), hint: "see freshet rejected list"}
	}
	if err != nil {
		return dataError(cfg.Data, err)
	}
	if a.json {
		return json.NewEncoder(a.stdout).Encode(l)
	}
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%s%s\n", pad(name, 10), clean(text))
		}
	}
	line(l.ID.String(), l.Code+"  "+l.Message)
	line("pointer", l.Pointer)
	line("hint", l.Hint)
	line("from", fmt.Sprintf("%s line %d", l.File, l.Line))
	line("source", l.Source)
	line("received", time.UnixMilli(l.Received).UTC().Format(time.RFC3339))
	text := string(l.Payload)
	if l.Truncated {
		text += fmt.Sprintf(" … (the first %s bytes)", grouped(int64(len(l.Payload))))
	}
	line("text", text)
	return a.print(b.String())
}
