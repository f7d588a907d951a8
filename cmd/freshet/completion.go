package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
)

// completeWithin is how long a shell waits for a server's words; then there are none.
const completeWithin = 300 * time.Millisecond

// ask gets something from the server that was named, for a shell's completion: in time, or not
// at all.
func (a *app) ask(ctx context.Context, path string, out any) bool {
	a.timeout = completeWithin
	server, err := a.client()
	if err != nil {
		return false
	}
	defer server.close()
	_, _, err = server.call(ctx, http.MethodGet, path, nil, out)
	return err == nil
}

// completeEvent completes the name of an event: those the server knows, else the built-in ones.
func (a *app) completeEvent(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	var status statusReply
	if a.ask(c.Context(), "/status", &status) {
		for _, n := range status.Events.Names {
			names = append(names, n.Event+"\t"+n.Signal)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	for name, kind := range freshet.BuiltinEvents() {
		names = append(names, name+"\t"+string(kind.Signal))
	}
	slices.Sort(names)
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeVersion completes the name of a model, then the number of one of its versions, newest
// first.
func (a *app) completeVersion(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	const keep = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	var reply modelsReply
	if len(args) > 1 || !a.ask(c.Context(), "/v1/models", &reply) {
		return nil, keep
	}
	var words []string
	for _, m := range reply.Data {
		if len(args) == 0 {
			words = append(words, m.Name)
			continue
		}
		if m.Name != args[0] {
			continue
		}
		for _, v := range slices.Backward(m.Versions) {
			about := "trained " + v.Created
			if m.Live != nil && *m.Live == v.Version {
				about = "live, " + about
			}
			words = append(words, strconv.Itoa(v.Version)+"\t"+about)
		}
	}
	return words, keep
}

// describeCompletion gives the library's completion command our words.
func describeCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Use = "completion SHELL"
			c.Short = "Print the completion script of a shell: bash, zsh, fish or powershell"
			c.Long = `Print a script that teaches a shell to complete commands, flags, event names, and
models of the running server. The help of each shell says where to put it.`
			c.Args, c.RunE = unknownCommand, func(*cobra.Command, []string) error {
				return &failure{code: exitUsage, err: errors.New("completion of which shell: bash, zsh, fish or powershell"), hint: "such as: source <(freshet completion bash)"}
			}
			c.Example = "  source <(freshet completion bash)\n  freshet completion fish > ~/.config/fish/completions/freshet.fish"
		}
	}
}

// noFiles completes nothing: what stands there is an id, or there is nothing to stand there.
func noFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// completeNothing keeps shells from offering files where none are meant: for the arguments of
// commands, and the values of flags, that say nothing of their own.
func completeNothing(c *cobra.Command) {
	if c.ValidArgsFunction == nil && c.ValidArgs == nil && !takesFiles[c.Name()] {
		c.ValidArgsFunction = noFiles
	}
	for _, flag := range []string{"user", "anonymous", "session", "item", "scene", "at", "min-position", "seed", "exclude", "listen", "server", "event", "warmup", "delay"} {
		if c.Flags().Lookup(flag) != nil {
			// It fails only when the flag has a function already, which then stands.
			_ = c.RegisterFlagCompletionFunc(flag, noFiles)
		}
	}
	for _, sub := range c.Commands() {
		completeNothing(sub)
	}
}

// takesFiles are the commands whose arguments are files.
var takesFiles = map[string]bool{"import": true}
