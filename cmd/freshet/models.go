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
	Live     *int           `json:"live"` // the version that ranks, nil for none
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
	Unfit   string  `json:"unfit"` // why it must not rank
}

func (a *app) modelsCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "models",
		Short: "List trained models, and choose which one ranks",
		Long: `A server adopts the newest model when it starts, until one is promoted by hand;
from then on only promote changes which one ranks. Each change is a record of the
journal.`,
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
		Short:             "Let a version rank from now on",
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
			fmt.Fprintf(&b, "  ▶ %s@%d should rank, and its files are gone or damaged: the recall score ranks\n", shownID(m.Name), *m.Live)
		}
		for i := len(m.Versions) - 1; i >= 0; i-- {
			v := &m.Versions[i]
			mark := " "
			if m.Live != nil && *m.Live == v.Version {
				mark = "▶"
			}
			name := shownID(m.Name) + "@" + strconv.Itoa(v.Version)
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
	was := "the recall score ranked before"
	if reply.Was != nil {
		was = fmt.Sprintf("%s@%d ranked before", shownID(reply.Was.Name), reply.Was.Version)
	}
	return a.print(fmt.Sprintf("%s@%d ranks from position %s on · %s · %s\n", shownID(reply.Name), reply.Live, shownID(reply.Position), was, millis(reply.TookMS)))
}
