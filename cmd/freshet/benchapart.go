package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/bench"
)

// loadCommand is the command that sends a load; it is not for people.
const loadCommand = "bench-load"

// benchLoadCmd reads a load from stdin, sends it, and writes what came of it to stdout.
func (a *app) benchLoadCmd() *cobra.Command {
	return &cobra.Command{
		Use: loadCommand, Short: "Send the load that freshet bench hands over on stdin", Hidden: true, Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var load bench.Load
			if err := json.NewDecoder(a.stdin).Decode(&load); err != nil {
				return usagef("the load on stdin: %w", err)
			}
			loaded, err := load.Send(c.Context(), a.now)
			if err != nil {
				return err
			}
			return json.NewEncoder(a.stdout).Encode(loaded)
		},
	}
}

// sendApart sends a load from a process of its own.
func (a *app) sendApart(ctx context.Context, load *bench.Load) (loaded bench.Loaded, err error) {
	text, err := json.Marshal(load)
	if err != nil {
		return loaded, err
	}
	cmd, err := self(ctx, loadCommand)
	if err != nil {
		return loaded, err
	}
	var out, talk bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), &out, &talk
	if err := cmd.Run(); err != nil {
		return loaded, fmt.Errorf("%w: %s", err, clean(talk.String()))
	}
	return loaded, json.Unmarshal(out.Bytes(), &loaded)
}
