package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// modelsReply is what a server says of its models.
type modelsReply struct {
	Data      []modelReply     `json:"data"`
	Damaged   string           `json:"damaged"`   // what could not be read
	Withdrawn []withdrawnReply `json:"withdrawn"` // from a trial, the newest first
}

// withdrawnReply is a version that the server took from its trial.
type withdrawnReply struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Code    string `json:"code"`
	Reason  string `json:"reason"`
}

type modelReply struct {
	Name     string         `json:"name"`
	Live     *int           `json:"live"`    // the version that is live, nil for none
	AtHand   bool           `json:"at_hand"` // with Live: what goes by it can
	Shadow   *int           `json:"shadow"`  // the version on trial in the shadow
	Canary   *int           `json:"canary"`  // the version that ranks for some visitors
	Trial    *trialReply    `json:"trial"`
	Versions []versionReply `json:"versions"`
}

// trialReply is what a server says of a trial.
type trialReply struct {
	Percent  float64 `json:"percent"`
	AtHand   bool    `json:"at_hand"`
	Requests int64   `json:"requests"` // scored by both
	Rho      float64 `json:"rank_correlation"`
	Slates   map[string]struct {
		Served int64 `json:"served"`
		Wanted int64 `json:"wanted"`
	} `json:"slates"`
}

// line is a trial for people.
func (t *trialReply) line(name string, version int, canary bool) string {
	if !t.AtHand {
		return fmt.Sprintf("  ◇ %s@%d is on trial and not at hand: the live one ranks for everyone until its files are there and fit\n", shownID(name), version)
	}
	stage := "shadow: scores beside the live one, and nothing of it is shown"
	if canary {
		stage = fmt.Sprintf("canary: ranks for %g %% of visitors", t.Percent)
		if own, live := t.Slates["canary"], t.Slates["live"]; own.Served > 0 && live.Served > 0 {
			stage += fmt.Sprintf(" · wanted of its slates %.2f %%, of the others %.2f %%", 100*float64(own.Wanted)/float64(own.Served), 100*float64(live.Wanted)/float64(live.Served))
		}
	}
	return fmt.Sprintf("  ◇ %s@%d %s · %s requests compared, rank correlation %.2f\n", shownID(name), version, stage, grouped(t.Requests), t.Rho)
}

type versionReply struct {
	Version int     `json:"version"`
	Created string  `json:"created"`
	Until   string  `json:"trained_until_position"`
	Rows    int64   `json:"rows"`
	AUC     float64 `json:"auc"`
	LogLoss float64 `json:"logloss"`
	SHA256  string  `json:"sha256"`
	Unfit   string  `json:"unfit"` // why it must not be live
	Kind    string  `json:"kind"`  // "" ranks
	Recall  struct {
		Method    string  `json:"method"`
		Pairs     int64   `json:"pairs"`
		At20      float64 `json:"recall_at_20"`
		Popular20 float64 `json:"popular_recall_at_20"`
	} `json:"recall"`
}

func (a *app) modelsCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "models",
		Short: "List trained models, and choose which ones are live",
		Long: `Of each kind, rankers, embeddings and weights from item to item, one model is
live. A server adopts the newest one when it starts, until one of the kind is
promoted by hand; from then on only promote and rollback change which one it is.
Each change is a record of the journal. A ranker can be put on trial first, in
the shadow or for a share of visitors; one that misbehaves is withdrawn by the
server itself.`,
		Example: `  freshet models list
  freshet models promote lr 2 --stage canary`,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	list := &cobra.Command{
		Use:   "list",
		Short: "List models and the versions of each, newest first (with --json oldest first)",
		Example: `  freshet models list
  freshet models list --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withServer(func(server *client) error { return a.listModels(c.Context(), server) })
		},
	}
	c.AddCommand(list, a.modelsDiffCmd(), a.promoteCmd(), a.rollbackCmd())
	return c
}

// withServer calls ask with a client of the server that was named.
func (a *app) withServer(ask func(*client) error) error {
	server, err := a.client()
	if err != nil {
		return err
	}
	defer server.close()
	return ask(server)
}

func (a *app) listModels(ctx context.Context, server *client) error {
	var reply modelsReply
	raw, _, err := server.call(ctx, http.MethodGet, "/v1/models", nil, &reply)
	if a.json {
		return a.printReply(raw, err)
	}
	if err != nil {
		return err
	}
	if reply.Damaged != "" {
		a.say("warning: not listed: %s", clean(reply.Damaged))
	}
	return a.print(reply.page())
}

// page is the list for people.
func (r *modelsReply) page() string {
	if len(r.Data) == 0 {
		return "no models: the recall score ranks\n  train one: freshet train --data DIR\n"
	}
	var b strings.Builder
	b.WriteString("    model     auc  logloss     rows  until      sha256        trained\n")
	for _, m := range r.Data {
		b.WriteString(m.trouble())
		switch {
		case m.Trial == nil:
		case m.Canary != nil:
			b.WriteString(m.Trial.line(m.Name, *m.Canary, true))
		case m.Shadow != nil:
			b.WriteString(m.Trial.line(m.Name, *m.Shadow, false))
		}
		for i := len(m.Versions) - 1; i >= 0; i-- {
			v := &m.Versions[i]
			mark := " "
			if m.Live != nil && *m.Live == v.Version {
				if mark = "▷"; m.AtHand {
					mark = "▶"
				}
			}
			name := shownID(m.Name) + "@" + strconv.Itoa(v.Version)
			if v.Kind != "" {
				fmt.Fprintf(&b, "  %s %s  RecallAt(20) %.4f, popular %.4f · %s · %s pairs · until %s · %.12s · %s\n", mark, name,
					v.Recall.At20, v.Recall.Popular20, clean(v.Recall.Method), grouped(v.Recall.Pairs), shownID(v.Until), clean(v.SHA256), clean(v.Created))
				if v.Unfit != "" {
					fmt.Fprintf(&b, "      may not be live: %s\n", clean(v.Unfit))
				}
				continue
			}
			fmt.Fprintf(&b, "  %s %s  %5.3f  %7.4f  %7s  %s  %.12s  %s\n", mark, pad(name, 6), v.AUC, v.LogLoss, grouped(v.Rows), pad(shownID(v.Until), 9), clean(v.SHA256), clean(v.Created))
			if v.Unfit != "" {
				fmt.Fprintf(&b, "      may not rank: %s\n", clean(v.Unfit))
			}
		}
	}
	if len(r.Withdrawn) > 0 {
		b.WriteString("\n    withdrawn from trial, the newest first\n")
	}
	for _, w := range r.Withdrawn {
		fmt.Fprintf(&b, "    %s@%d  %s: %s\n", shownID(w.Name), w.Version, clean(w.Code), clean(w.Reason))
	}
	return b.String()
}

// trouble is a line for people when the version that is live is not at hand or its files are not, ""
// otherwise.
func (m *modelReply) trouble() string {
	switch {
	case m.Live == nil:
	case !m.AtHand:
		return fmt.Sprintf("  ▷ %s@%d should be live and is not at hand: what goes by it does without until its files are there and fit\n", shownID(m.Name), *m.Live)
	case !slices.ContainsFunc(m.Versions, func(v versionReply) bool { return v.Version == *m.Live }):
		return fmt.Sprintf("  ▶ %s@%d is live from memory; its files are gone or damaged, and a restart needs them\n", shownID(m.Name), *m.Live)
	}
	return ""
}
