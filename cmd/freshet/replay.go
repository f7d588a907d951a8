package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/quarantine"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/stream"
)

func (a *app) replayCmd() *cobra.Command {
	to := ""
	c := &cobra.Command{
		Use:   "replay REQUEST | --to POSITION",
		Short: "Make a slate that was served once more, from the journal, and compare",
		Long: `Fold the journal up to where the request read, ask the same routes and the same
model, and compare what comes with what was served: items, order, scores, routes and
the rows behind them, bit for bit. It may run beside a server. Exit code 1 says that
the two differ, or that the slate cannot be made again.

With --to, fold up to that position and print the hash of the features' state, as
freshet export does.`,
		Example: `  freshet replay r-06GZRYHB3W0EK3TWN51NA40 --data ./shop
  freshet replay --to 61000 --data ./shop`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 && (to == "" || len(args) > 0) {
				return &failure{code: exitUsage, err: errors.New("replay takes the id of one request"), hint: "it stands in the reply, and below the table of freshet recommend"}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			if to == "" {
				return a.replay(c.Context(), cfg, args[0])
			}
			position, err := upTo(to)
			if err != nil {
				return err
			}
			state, err := a.stateAt(c.Context(), cfg, position, io.Discard)
			if err != nil {
				return err
			}
			if a.json {
				return json.NewEncoder(a.stdout).Encode(state)
			}
			return a.print(fmt.Sprintf("position %s · %s keys · sha256 %s\n", state.Position, grouped(int64(state.Keys)), state.SHA256))
		},
	}
	a.configFlags(c)
	c.Flags().StringVar(&to, "to", "", "the position to fold up to")
	return c
}

// replayReply is what replay prints with --json.
type replayReply struct {
	Request  string        `json:"request_id"`
	Equal    bool          `json:"equal"`
	Differs  string        `json:"differs,omitempty"`
	Served   replayedSlate `json:"served"`
	Replayed replayedSlate `json:"replayed"`
}

type replayedSlate struct {
	Items []fold.ServedItem `json:"items"`
}

func (a *app) replay(ctx context.Context, cfg *config.Config, id string) (err error) {
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	rec, err := servedRecord(ctx, disk, id)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	if rec == nil {
		return &failure{code: exitFailed, err: fmt.Errorf("no slate with the request id %s is in the journal", shownID(id)), hint: "a dry run leaves none"}
	}
	past, err := a.openPast(ctx, disk, cfg, serve.First(rec))
	if errors.Is(err, journal.ErrReleased) {
		return &failure{code: exitFailed, err: fmt.Errorf("%s cannot be made again: it was served at position %s, and neither the journal nor a snapshot made for this configuration by this release goes back so far", shownID(id), rec.Placed)}
	}
	if err != nil {
		return dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, past.reader.Close()) }()
	a.sayMark(past.reader)
	o := serveOptions(a, cfg, &node{state: past.state})
	o.Disk = disk
	again, err := serve.NewReplayer(o, past.advance).Replay(ctx, rec)
	var not *serve.NotReplayable
	switch {
	case errors.As(err, &not):
		return &failure{code: exitFailed, err: fmt.Errorf("%s cannot be made again: %w", shownID(id), err)}
	case err != nil:
		return dataError(cfg.Data, err)
	}
	reply := replayReply{Request: id, Differs: serve.Differences(rec, again), Served: replayedSlate{rec.Items}, Replayed: replayedSlate{serve.ServedItems(again)}}
	reply.Equal = reply.Differs == ""
	if a.json {
		err = json.NewEncoder(a.stdout).Encode(&reply)
	} else {
		err = a.print(reply.page(rec))
	}
	if err == nil && !reply.Equal {
		return &failure{code: exitFailed} // which was said
	}
	return err
}

// page is the comparison for people.
func (r *replayReply) page(rec *fold.Served) string {
	var b strings.Builder
	for i, item := range r.Replayed.Items {
		fmt.Fprintf(&b, "%3d  %s  %s\n", i+1, pad(shownID(string(item.Item)), 12), score(item.Score))
	}
	verdict := "equal to what was served, bit for bit"
	if !r.Equal {
		verdict = "NOT equal to what was served: " + clean(r.Differs)
	}
	fmt.Fprintf(&b, "request %s · served at position %s · %s\n", shownID(r.Request), rec.Placed, verdict)
	return b.String()
}

// servedRecord finds the record of a request, nil when there is none.
func servedRecord(ctx context.Context, disk fsys.FS, id string) (found *fold.Served, err error) {
	_, err = eachRecord(ctx, disk, func(rec *journal.Record) error {
		if rec.Topic != freshet.TopicServed {
			return nil
		}
		var served fold.Served
		if err := json.Unmarshal(rec.Payload, &served); err == nil && served.Request == id {
			found = &served
		}
		return nil
	})
	return found, err
}

// past is a state that a journal is folded into, position by position.
type past struct {
	state  *fold.State // nil: only also is told
	reader *journal.Reader
	at     freshet.Position
	also   func(*stream.Entry) // told of every entry that is folded in; nil is nobody
	passed *quarantine.List    // left out
}

// openPast returns a past that begins at the newest snapshot before a position, or at the
// journal's beginning.
func (a *app) openPast(ctx context.Context, disk *fsys.OS, cfg *config.Config, before freshet.Position) (*past, error) {
	state, err := fold.New(pastFold(cfg, disk))
	if err != nil {
		return nil, err
	}
	p := &past{}
	n := &node{disk: disk, state: state, shelf: registry.NewShelf(disk, true), stream: stream.New(stream.Options{Now: a.now})}
	if n.passed, err = passedOver(disk); err != nil {
		return nil, err
	}
	if err := n.restore(a, cfg, before); err != nil {
		return nil, err
	}
	p.passed = n.passed
	p.state = n.state // another one when it began anew, after a damaged snapshot
	p.at = n.snapped
	if p.reader, err = journal.OpenReader(disk); err != nil {
		return nil, err
	}
	if err := p.reader.Seek(p.at + 1); err != nil {
		return nil, errors.Join(err, p.reader.Close())
	}
	return p, ctx.Err()
}

// advance folds up to a position.
func (p *past) advance(to freshet.Position) error {
	for p.at < to {
		rec, err := p.reader.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the journal ends at position %s; the slate read at %s", p.at, to)
		}
		if err != nil {
			return err
		}
		p.at = rec.Position
		if _, ok := p.passed.Find(rec.Position); ok {
			continue
		}
		e, err := stream.Decode(&rec)
		if err == nil {
			err = p.apply(&e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// apply folds in one entry.
func (p *past) apply(e *stream.Entry) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("%w at record %s of the journal: %v", stream.ErrPanicked, e.Position, value)
		}
	}()
	if p.state != nil {
		p.state.Apply(e)
	}
	if p.also != nil {
		p.also(e)
	}
	return nil
}
