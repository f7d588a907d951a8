package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/sim"
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
	prepare := func(n *node) error {
		if n.stream.Ledger().Accepted > 0 {
			a.say("  history    %s events, kept from before", grouped(int64(n.stream.Ledger().Accepted)))
			return nil
		}
		return a.fillDemo(ctx, n.stream, seed)
	}
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

// fillDemo brings in the generated catalogue and history.
func (a *app) fillDemo(ctx context.Context, s *stream.Stream, seed uint64) error {
	world := sim.New(sim.Options{Seed: seed, End: a.now()})
	from := fmt.Sprintf("import:demo-%d", seed)
	received := a.now().UnixMilli()
	if _, err := s.Items(ctx, from, received, world.Items(), nil); err != nil {
		return err
	}
	bar := a.bar("history", int64(world.Len()), "events")
	chunk := make([]freshet.Event, 0, importChunk)
	count := 0
	flush := func() error {
		_, err := s.Events(ctx, from, received, chunk, nil)
		count += len(chunk)
		bar.set(int64(count))
		chunk = make([]freshet.Event, 0, importChunk) // the stream keeps what it was given
		return err
	}
	for e := range world.History() {
		if chunk = append(chunk, e); len(chunk) == importChunk {
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

// program is how this program was called, for commands to type.
func program() string {
	if len(os.Args) > 0 && os.Args[0] != "" {
		return os.Args[0]
	}
	return "freshet"
}
