package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// modelsReply is what a server says of its models.
type modelsReply struct {
	Data    []modelReply `json:"data"`
	Damaged string       `json:"damaged"` // what could not be read
}

type modelReply struct {
	Name     string         `json:"name"`
	Live     *int           `json:"live"` // the version that is live, nil for none
	Versions []versionReply `json:"versions"`
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
promoted by hand; from then on only promote changes which one it is. Each change
is a record of the journal.`,
		Example: `  freshet models list
  freshet models promote lr 2`,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	list := &cobra.Command{
		Use:   "list",
		Short: "List models and their versions, newest first",
		Example: `  freshet models list
  freshet models list --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withServer(func(server *client) error { return a.listModels(c.Context(), server) })
		},
	}
	promote := &cobra.Command{
		Use:               "promote NAME VERSION",
		Short:             "Make a version live from now on",
		ValidArgsFunction: a.completeVersion,
		Example: `  freshet models promote lr 2
  freshet models promote lr 1 --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return &failure{code: exitUsage, err: fmt.Errorf("%s given; promote takes the name of a model and the number of a version", plural(len(args), "argument")), hint: "such as: freshet models promote lr 2"}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if n, err := strconv.Atoi(args[1]); err != nil || n < 1 {
				return &failure{code: exitUsage, err: fmt.Errorf("%q is not the number of a version", args[1]), hint: "see freshet models list"}
			}
			return a.withServer(func(server *client) error { return a.promote(c.Context(), server, args[0], args[1]) })
		},
	}
	c.AddCommand(list, promote)
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
		if m.Live != nil && !slices.ContainsFunc(m.Versions, func(v versionReply) bool { return v.Version == *m.Live }) {
			fmt.Fprintf(&b, "  ▶ %s@%d should be live, and its files are gone or damaged: what goes by it does without\n", shownID(m.Name), *m.Live)
		}
		for i := len(m.Versions) - 1; i >= 0; i-- {
			v := &m.Versions[i]
			mark := " "
			if m.Live != nil && *m.Live == v.Version {
				mark = "▶"
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
	return b.String()
}

// promoted is what a promotion changed.
type promoted struct {
	Name string `json:"name"`
	Live int    `json:"live"`
	Slot string `json:"slot"` // "" ranks
	Was  *struct {
		Name    string `json:"name"`
		Version int    `json:"version"`
	} `json:"was"`
	Already  bool    `json:"already"`
	Position string  `json:"position"`
	TookMS   float64 `json:"took_ms"`
}

func (a *app) promote(ctx context.Context, server *client, name, version string) error {
	var reply promoted
	path := "/v1/models/" + url.PathEscape(name) + "/versions/" + version + "/promote"
	raw, _, err := server.call(ctx, http.MethodPost, path, nil, &reply)
	if a.json {
		return a.printReply(raw, err)
	}
	if err != nil {
		return err
	}
	if reply.Already {
		return a.print(fmt.Sprintf("%s@%d was promoted already, at position %s\n", shownID(reply.Name), reply.Live, shownID(reply.Position)))
	}
	does, did, none := "ranks", "ranked", "the recall score ranked before"
	if reply.Slot != "" {
		does, did, none = "is live", "was live", "none was before"
	}
	was := none
	if reply.Was != nil {
		was = fmt.Sprintf("%s@%d %s before", shownID(reply.Was.Name), reply.Was.Version, did)
	}
	return a.print(fmt.Sprintf("%s@%d %s from position %s on · %s · %s\n", shownID(reply.Name), reply.Live, does, shownID(reply.Position), was, millis(reply.TookMS)))
}
