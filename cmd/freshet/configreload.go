package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// reloadReply is what a server says that a reload changes.
type reloadReply struct {
	Outcome string         `json:"outcome"`
	Changes []reloadChange `json:"changes"`
	Records int64          `json:"records"`
	Model   string         `json:"model"`
}

type reloadChange struct {
	Name   string `json:"name"`
	Change string `json:"change"`
	Fields []struct {
		Field string `json:"field"`
		Was   string `json:"was"`
		Now   string `json:"now"`
	} `json:"fields"`
}

// reloadState is what a server says of reloads.
type reloadState struct {
	Warming *struct {
		Names    []string `json:"names"`
		Position string   `json:"position"`
		Until    string   `json:"until"`
		Share    float64  `json:"share"`
		Keys     int64    `json:"feature_keys"`
	} `json:"warming"`
	Last *struct {
		At       string `json:"at"`
		Outcome  string `json:"outcome"`
		Detail   string `json:"detail"`
		Position string `json:"position"`
		Model    string `json:"model"`
	} `json:"last_reload"`
}

// lines say how reloads have gone; none when there was nothing.
func (s *reloadState) lines() (list []string) {
	if w := s.Warming; w != nil {
		list = append(list, fmt.Sprintf("warming %s: %.1f %%, position %s of %s, %s keys", clean(strings.Join(w.Names, ", ")), 100*w.Share, shownID(w.Position), shownID(w.Until), grouped(w.Keys)))
	}
	if l := s.Last; l != nil {
		text := fmt.Sprintf("last reload %s at %s: %s", clean(l.Outcome), clean(l.At), clean(l.Detail))
		if l.Position != "" {
			text += ", in force from position " + shownID(l.Position) + " on"
		}
		list = append(list, text)
		if l.Model != "" {
			list = append(list, clean(l.Model))
		}
	}
	return list
}

func (a *app) configReloadCmd() *cobra.Command {
	leave := false
	c := &cobra.Command{
		Use:   "reload",
		Short: "Have a running server read its configuration again",
		Long: `Have a running server read its configuration again, as SIGHUP does. Changed features
come into force while it goes on: their past is folded from the journal first, beside
those in force, and they take over at one position of it. This waits for that; with
--no-wait it does not. What has errors, and what differs in settings that only a
restart can change, changes nothing: exit code 1.`,
		Example: `  freshet config reload
  freshet config reload --no-wait --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withServer(func(server *client) error { return a.reloadConfig(c.Context(), server, !leave) })
		},
	}
	c.Flags().BoolVar(&leave, "no-wait", false, "return as soon as the server has begun")
	a.progressFlag(c)
	return c
}

func (a *app) reloadConfig(ctx context.Context, server *client, wait bool) error {
	var reply reloadReply
	raw, _, err := server.call(ctx, http.MethodPost, "/v1/config/reload", nil, &reply)
	if err != nil || a.json && (!wait || reply.Outcome != "warming") {
		if a.json {
			return a.printReply(raw, err)
		}
		return err
	}
	if !a.json {
		if err := a.print(reply.page()); err != nil {
			return err
		}
	}
	if !wait || reply.Outcome != "warming" {
		return nil
	}
	return a.awaitWarming(ctx, server, reply.Records)
}

// page is what changes, for people.
func (r *reloadReply) page() string {
	if r.Outcome == "unchanged" {
		return "nothing has changed\n"
	}
	var b strings.Builder
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "%s %s", clean(c.Change), shownID(c.Name))
		for i, f := range c.Fields {
			sep := ", "
			if i == 0 {
				sep = ": "
			}
			fmt.Fprintf(&b, "%s%s %s → %s", sep, clean(f.Field), clean(f.Was), clean(f.Now))
		}
		b.WriteString("\n")
	}
	if len(r.Changes) == 0 {
		b.WriteString("the features come in another order\n")
	}
	if r.Model != "" {
		b.WriteString(clean(r.Model) + "\n")
	}
	return b.String()
}

// awaitWarming waits until what was begun has come into force.
func (a *app) awaitWarming(ctx context.Context, server *client, records int64) error {
	bar := a.bar("warming", records, "records")
	for {
		var status statusReply
		raw, _, err := server.call(ctx, http.MethodGet, "/status", nil, &status)
		if err != nil {
			return err
		}
		f := &status.Features
		if f.Warming != nil {
			bar.set(int64(f.Warming.Share * float64(records)))
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(200 * time.Millisecond):
			}
			continue
		}
		bar.done()
		switch {
		case f.Last == nil || f.Last.Outcome != "applied":
			text := "the server does not say how it ended"
			if f.Last != nil {
				text = clean(f.Last.Detail)
			}
			return &failure{code: exitFailed, err: fmt.Errorf("the features stay as they were: %s", text), hint: "see freshet status"}
		case a.json:
			return a.printReply(raw, nil)
		}
		text := fmt.Sprintf("in force from position %s on\n", shownID(f.Last.Position))
		if f.Last.Model != "" {
			text += clean(f.Last.Model) + "\n"
		}
		return a.print(text)
	}
}
