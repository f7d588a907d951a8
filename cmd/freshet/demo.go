package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/sim"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/stream"
)

func (a *app) demoCmd() *cobra.Command {
	var seed uint64
	c := &cobra.Command{
		Use:   "demo",
		Short: "Serve an invented bookshop and see one click change the next slate",
		Example: `  freshet demo
  freshet demo --data ./shop`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			if cfg.Data, err = c.Flags().GetString("data"); err != nil {
				return err
			}
			temporary := cfg.Data == ""
			if temporary {
				if cfg.Data, err = os.MkdirTemp("", "freshet-demo-"); err != nil {
					return err
				}
				defer func() { err = errors.Join(err, os.RemoveAll(cfg.Data)) }()
			}
			return a.demo(c.Context(), cfg, seed, temporary)
		},
	}
	a.configFlags(c)
	c.Flags().String("listen", "", "address to listen on (default 127.0.0.1:3737)")
	c.Flags().Uint64Var(&seed, "seed", 7, "which shop: equal seeds make equal shops")
	return c
}

// demo fills an empty data directory with a generated history and serves it.
func (a *app) demo(ctx context.Context, cfg *config.Config, seed uint64, temporary bool) error {
	a.say("Freshet %s  ·  demo world \"harbour books\", seed %d  ·  everything local, nothing leaves this machine", version(), seed)
	prepare := func(n *node) error { return a.fillDemo(ctx, n, seed) }
	return a.serve(ctx, cfg, prepare, func(n *node, url string) {
		features, routes := len(cfg.Features), len(cfg.Recall)
		a.say("  features   %d definitions", features)
		a.say("  recall     %d routes", routes)
		a.say("  API        %s/v1     status %s/status", url, url)
		if temporary {
			a.say("  Data       temporary, deleted on exit   (--data ./shop to keep it)")
		} else {
			a.say("  Data       %s", cfg.Data)
		}
		to := ""
		if cfg.Listen != config.Default().Listen {
			to = " --server " + url
		}
		a.say("Try this in a second terminal:")
		for _, try := range []struct{ command, says string }{
			{"recommend --user ada", "what she sees now"},
			{"send click --user ada --item b-0417", "she clicks a sea story"},
			{"recommend --user ada --diff", "what changed, and why"},
		} {
			a.say("  %-54s # %s", program()+" "+try.command+to, try.says)
		}
		a.say("Ctrl-C to stop.")
	})
}

// fillDemo brings in the generated catalogue and history. The history ends when the data
// directory was made, so that what an earlier start brought in is known again by its place and
// a start that was cut off is completed.
func (a *app) fillDemo(ctx context.Context, n *node, seed uint64) error {
	began, err := firstReceived(n.disk)
	if err != nil {
		return err
	}
	world := sim.New(sim.Options{Seed: seed, End: began})
	from := fmt.Sprintf("import:demo-%d", seed)
	received := a.now().UnixMilli()
	items := world.Items()
	seqs := make([]uint64, len(items))
	for i := range items {
		seqs[i] = stream.Seq(0, i+1)
	}
	if _, err := n.stream.Items(ctx, from, received, items, seqs); err != nil {
		return err
	}
	bar := a.bar("history", int64(world.Len()), "events")
	var events []freshet.Event
	seqs = nil
	count := 0
	flush := func() error {
		_, err := n.stream.Events(ctx, from, received, events, seqs)
		bar.set(int64(count))
		events, seqs = make([]freshet.Event, 0, importChunk), seqs[:0] // the stream keeps the events it was given
		return err
	}
	for e := range world.History() {
		count++
		events, seqs = append(events, e), append(seqs, stream.Seq(1, count))
		if len(events) == importChunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	bar.done()
	return nil
}

// firstReceived is when the first record of a journal was received.
func firstReceived(disk fsys.FS) (t time.Time, err error) {
	reader, err := journal.OpenReader(disk)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	rec, err := reader.Next()
	return time.UnixMilli(rec.Received), err
}

// program is how this program was called, for commands to type.
func program() string {
	if len(os.Args) > 0 && os.Args[0] != "" {
		return os.Args[0]
	}
	return "freshet"
}
