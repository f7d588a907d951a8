package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// promoteFlags are how far a version is to come.
type promoteFlags struct {
	stage    string
	percent  float64
	gaucDrop float64
	p99      float64
}

func (a *app) promoteCmd() *cobra.Command {
	var flags promoteFlags
	c := &cobra.Command{
		Use:   "promote NAME VERSION",
		Short: "Make a version live, or put it on trial, from now on",
		Long: `A version passes gates before it is live: its files are whole, it fits the fields
that are configured, it repeats its golden rows, it is neither too big nor too
slow, it tells candidates apart, and it ranks no worse than what is live, recall
and popularity. With --stage shadow it scores requests beside the live one and
nothing of it is shown; with --stage canary it ranks for a share of visitors.`,
		ValidArgsFunction: a.completeVersion,
		Example: `  freshet models promote lr 2
  freshet models promote deepfm 1 --stage canary --percent 5`,
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
			return a.withServer(func(server *client) error { return a.promote(c.Context(), server, args[0], args[1], flags.body()) })
		},
	}
	c.Flags().StringVar(&flags.stage, "stage", "live", "how far: shadow, canary or live")
	c.Flags().Float64Var(&flags.percent, "percent", 0, "share of visitors that a canary ranks for (default 5)")
	c.Flags().Float64Var(&flags.gaucDrop, "gauc-drop", 0, "end the trial when AUC within a visitor's candidates is lower by this")
	c.Flags().Float64Var(&flags.p99, "p99-ms", 0, "end the trial when scoring a request takes longer in more than 1 of 100")
	return c
}

// body is what the server is asked, nil for nothing but to make it live.
func (f *promoteFlags) body() any {
	if f.stage == "live" && f.percent == 0 && f.gaucDrop == 0 && f.p99 == 0 {
		return nil
	}
	body := map[string]any{"stage": f.stage}
	if f.percent != 0 {
		body["percent"] = f.percent
	}
	guard := map[string]any{}
	if f.gaucDrop != 0 {
		guard["gauc_drop"] = f.gaucDrop
	}
	if f.p99 != 0 {
		guard["p99_ms"] = f.p99
	}
	if len(guard) > 0 {
		body["guard"] = guard
	}
	return body
}

// trialEnded is what was on trial until a switch. A nil one is none.
type trialEnded struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
}

// String is the end of a line for people.
func (t *trialEnded) String() string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf(" · the trial of %s@%d ended", shownID(t.Name), t.Version)
}

// promoted is what a promotion changed.
type promoted struct {
	Name    string  `json:"name"`
	Live    int     `json:"live"`
	Slot    string  `json:"slot"`    // "" ranks
	Stage   string  `json:"stage"`   // "" is live
	Version int     `json:"version"` // on trial
	Percent float64 `json:"percent"`
	Was     *struct {
		Name    string `json:"name"`
		Version int    `json:"version"`
	} `json:"was"`
	Ended    *trialEnded `json:"ended_trial"`
	Already  bool        `json:"already"`
	Unasked  []string    `json:"unasked"`
	Position string      `json:"position"`
	TookMS   float64     `json:"took_ms"`
}

func (a *app) promote(ctx context.Context, server *client, name, version string, body any) error {
	var reply promoted
	path := "/v1/models/" + url.PathEscape(name) + "/versions/" + version + "/promote"
	raw, _, err := server.call(ctx, http.MethodPost, path, body, &reply)
	err = ofModel(err)
	if a.json {
		return a.printReply(raw, err)
	}
	if err != nil {
		return err
	}
	for _, gate := range reply.Unasked {
		a.say("not asked: %s", clean(gate))
	}
	if reply.Already {
		return a.print(fmt.Sprintf("%s@%s was promoted already, at position %s\n", shownID(reply.Name), version, shownID(reply.Position)))
	}
	switch reply.Stage {
	case "shadow":
		return a.print(fmt.Sprintf("%s@%d scores beside the live one from position %s on, and nothing of it is shown%s · %s\n", shownID(reply.Name), reply.Version, shownID(reply.Position), reply.Ended, millis(reply.TookMS)))
	case "canary":
		return a.print(fmt.Sprintf("%s@%d ranks for %g %% of visitors from position %s on%s · %s\n", shownID(reply.Name), reply.Version, reply.Percent, shownID(reply.Position), reply.Ended, millis(reply.TookMS)))
	}
	does, did, none := "ranks", "ranked", "the recall score ranked before"
	if reply.Slot != "" {
		does, did, none = "is live", "was live", "none was before"
	}
	was := none
	if reply.Was != nil {
		was = fmt.Sprintf("%s@%d %s before", shownID(reply.Was.Name), reply.Was.Version, did)
	}
	return a.print(fmt.Sprintf("%s@%d %s from position %s on · %s%s · %s\n", shownID(reply.Name), reply.Live, does, shownID(reply.Position), was, reply.Ended, millis(reply.TookMS)))
}

// ofModel is the error of a call about a model. A refusal fails the command, whatever flags it was given:
// it is about the model, which does not pass a gate, say. Only what the flags themselves say wrong is
// usage.
func ofModel(err error) error {
	var f *failure
	var refused *refusal
	if errors.As(err, &f) && errors.As(f.err, &refused) && refused.Code != "validation" {
		f.code = exitFailed
	}
	return err
}

func (a *app) rollbackCmd() *cobra.Command {
	yes, live, reason := false, false, ""
	c := &cobra.Command{
		Use:   "rollback [NAME]",
		Short: "End a trial, or make live what was live before",
		Long: `Takes away the newest step: the trial of a model, or else the version that is
live, for the one that was live before it. It says what it changes and asks.
Without a name it is about what ranks. It needs neither files nor network: the
journal knows what was live, and the server has it at hand.`,
		Example: `  freshet models rollback
  freshet models rollback deepfm --yes --reason "fewer clicks"`,
		ValidArgsFunction: a.completeVersion,
		Args:              cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withServer(func(server *client) error {
				body := map[string]any{}
				if live {
					body["stage"] = "live"
				}
				if reason != "" {
					body["reason"] = reason
				}
				name := ""
				if len(args) > 0 {
					name = args[0]
				}
				return a.rollback(c.Context(), server, name, body, yes)
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.Flags().BoolVar(&live, "live", false, "go past a trial: change what is live")
	c.Flags().StringVar(&reason, "reason", "", "why, for the journal")
	return c
}

// rolledBack is what a rollback changes.
type rolledBack struct {
	Live     *int        `json:"live"`
	Was      int         `json:"was"`
	Name     string      `json:"name"`
	WasName  string      `json:"was_name"`
	Trial    bool        `json:"trial"`
	Ended    *trialEnded `json:"ended_trial"`
	Position string      `json:"position"`
	TookMS   float64     `json:"took_ms"`
}

// change says what a rollback changes, for people.
func (r *rolledBack) change() string {
	live := "the recall score ranks"
	if r.Live != nil {
		live = fmt.Sprintf("%s@%d is live", shownID(r.Name), *r.Live)
	}
	if r.Trial {
		return fmt.Sprintf("the trial of %s@%d ends; %s as before", shownID(r.WasName), r.Was, live)
	}
	text := fmt.Sprintf("%s again; %s@%d is not any more", live, shownID(r.WasName), r.Was)
	if r.Ended != nil {
		text += fmt.Sprintf("; the trial of %s@%d ends", shownID(r.Ended.Name), r.Ended.Version)
	}
	return text
}

func (a *app) rollback(ctx context.Context, server *client, name string, body map[string]any, yes bool) error {
	if name == "" {
		var err error
		if name, err = ranking(ctx, server); err != nil {
			return err
		}
	}
	path := "/v1/models/" + url.PathEscape(name) + "/rollback"
	if !yes {
		if !isTerminal(a.stdin) {
			return &failure{code: exitUsage, err: fmt.Errorf("rollback asks before it changes what is live, and there is nobody to ask"), hint: "in a script: freshet models rollback " + name + " --yes"}
		}
		var would rolledBack
		asked := map[string]any{"dry_run": true}
		if stage, ok := body["stage"]; ok {
			asked["stage"] = stage
		}
		if _, _, err := server.call(ctx, http.MethodPost, path, asked, &would); err != nil {
			return ofModel(err)
		}
		a.say("%s. Go on? [y/N]", would.change())
		line, err := bufio.NewReader(a.stdin).ReadString('\n')
		if answer := strings.ToLower(strings.TrimSpace(line)); err != nil || answer != "y" && answer != "yes" {
			return &failure{code: exitFailed, err: fmt.Errorf("nothing was changed")}
		}
	}
	var reply rolledBack
	raw, _, err := server.call(ctx, http.MethodPost, path, body, &reply)
	err = ofModel(err)
	if a.json {
		return a.printReply(raw, err)
	}
	if err != nil {
		return err
	}
	return a.print(fmt.Sprintf("%s · from position %s on · %s\n", reply.change(), shownID(reply.Position), millis(reply.TookMS)))
}

// ranking is the name of the model that is on trial, or else of the one that ranks. What lies in the
// registry does not matter: a rollback works without it.
func ranking(ctx context.Context, server *client) (string, error) {
	var list modelsReply
	if _, _, err := server.call(ctx, http.MethodGet, "/v1/models", nil, &list); err != nil {
		return "", err
	}
	for _, m := range list.Data {
		if m.Trial != nil {
			return m.Name, nil
		}
	}
	var status statusReply
	if _, _, err := server.call(ctx, http.MethodGet, "/status", nil, &status); err != nil {
		return "", err
	}
	if status.Model == nil {
		return "", &failure{code: exitFailed, err: fmt.Errorf("no model ranks or is on trial: there is nothing to roll back"), hint: "name one that proposes, such as: freshet models rollback embedding"}
	}
	return status.Model.Name, nil
}
