package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/deadletter"
	"github.com/freshet-rec/freshet/httpapi"
	"github.com/freshet-rec/freshet/journal"
)

// drainTimeout is how long requests in flight may take once the server stops.
const drainTimeout = 10 * time.Second

func (a *app) serveCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the server on a data directory",
		Example: `  freshet serve --data ./shop
  freshet serve --config freshet.yaml --listen 127.0.0.1:3747`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			a.reread = func() (*config.Config, error) { return a.readConfig(c) }
			return a.serve(c.Context(), "serve", cfg, nil, func(n *node, url string) {
				a.say("Freshet %s", version())
				a.say("  API   %s/v1     status %s/status", url, url)
				a.say("  data  %s (%s)", cfg.Data, plural(int(n.stream.Applied()), "record"))
				if n.stream.Relaxed() {
					a.say("  durability relaxed: what is acknowledged is on the disk some 50 ms later; a power cut may lose it")
				}
				a.say("Ctrl-C to stop.")
			})
		},
	}
	a.configFlags(c)
	c.Flags().String("listen", "", "address to listen on (FRESHET_LISTEN; default 127.0.0.1:3737)")
	return c
}

// serve, for a command, opens the data directory, answers requests until ctx ends, and closes. While it opens,
// the server says that it lives and is not ready. prepare, if given, is called before it is
// ready, ready then.
func (a *app) serve(ctx context.Context, command string, cfg *config.Config, prepare func(n *node) error, ready func(n *node, url string)) (err error) {
	defer func() {
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = nil // it was stopped while it started
		}
	}()
	listener, err := listen(ctx, cfg.Listen, command)
	if err != nil {
		return err
	}
	gate := httpapi.NewGate(newID(a.now))
	server := &http.Server{
		Handler: gate, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 60 * time.Second, MaxHeaderBytes: 32 << 10,
		WriteTimeout: 60 * time.Second, ErrorLog: log.New(a.stderr, "http: ", 0),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	n, err := openNode(ctx, a, cfg, true)
	if err != nil {
		return errors.Join(err, server.Close())
	}
	defer func() { err = errors.Join(err, n.close()) }()
	if prepare != nil {
		if err := prepare(n); err != nil {
			return errors.Join(err, server.Close())
		}
	}
	reloads := newReloads(ctx, a, n, a.reread)
	defer reloads.close() // before the node
	gate.Open(httpapi.New(httpapi.Options{
		Stream: n.stream, Server: n.server, Now: n.now(a), NewID: newID(a.now), Kinds: cfg.Events, Strict: cfg.StrictEvents, MaxFuture: cfg.MaxFuture,
		Items:    itemRules(cfg),
		Versions: httpapi.Versions{Freshet: version(), Go: runtime.Version(), Journal: journal.FormatVersion},
		Rejected: func(after deadletter.ID, limit int) (deadletter.Page, error) {
			return deadletter.List(n.disk, after, limit)
		},
		Reloads: reloads, ClockOff: n.clock.Off, Passed: n.passed.Records(),
		Report: func(msg string, err error) { a.say("warning: %s: %v", msg, err) },
	}))
	var beside sync.WaitGroup
	defer beside.Wait()
	working, end := context.WithCancel(ctx)
	defer end() // before the wait
	beside.Go(func() { a.keepSnapshots(working, n) })
	beside.Go(func() { reloads.onSignal(working) })
	ready(n, "http://"+listener.Addr().String())
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-n.stream.Poisoned():
		return errors.Join(poisoned(n.stream.Poison()), server.Close())
	case <-ctx.Done():
	}
	a.say("stopping: requests in flight finish first")
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("stop: %w", err), server.Close())
	}
	reloads.close()
	beside.Wait() // whoever may be writing one has ended with ctx
	a.snapshotAtStop(drain, n)
	return nil
}

// itemRules are what items are refused for: a vector that no route which goes by vectors takes.
func itemRules(cfg *config.Config) (rules codec.ItemRules) {
	for _, r := range cfg.Recall {
		if r.Dim > 0 && !slices.Contains(rules.Lengths, r.Dim) {
			rules.Lengths = append(rules.Lengths, r.Dim)
		}
	}
	return rules
}

// listen opens the address before any data is touched. There are no keys yet, so only
// loopback addresses are allowed.
func listen(ctx context.Context, address, command string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, usagef("listen: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("listen: %s is not a loopback address, and this release has no keys to protect one that is open", address),
			hint: "use --listen 127.0.0.1:3737, behind a proxy that knows who may call"}
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("port of %s is in use", address),
			hint: "use another: freshet " + command + " --listen 127.0.0.1:3747     or talk to that one: freshet status"}
	}
	if err != nil {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("listen: %w", err)}
	}
	return listener, nil
}
