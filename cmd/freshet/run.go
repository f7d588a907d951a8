package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/stream"
)

// The exit codes of every command.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitDamaged     = 3
	exitNewer       = 4
	exitInUse       = 5
	exitNoSpace     = 6
	exitUnreachable = 7
	exitRefused     = 8
	exitStopped     = 130
)

// failure is an error with an exit code and a hint about what to do next. A failure without
// an error exits with its code and says nothing: what happened was already said.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit %d", f.code)
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

func usagef(format string, args ...any) error {
	return &failure{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// app is what every command shares: the streams and the global flags.
type app struct {
	stdin  io.Reader
	stdout io.Writer // data
	stderr io.Writer // talk
	getenv func(string) (string, bool)
	now    func() time.Time

	startLow     func(*exec.Cmd) error // starts a program that works when nothing else does
	starvedAfter time.Duration         // how long such a program may get next to nothing before somebody is told

	server   string
	config   string
	json     bool
	quiet    bool
	noColor  bool
	progress string
	timeout  time.Duration
	verbose  bool
	reread   func() (*config.Config, error) // reads the server's configuration again; nil when it has none that can change
	screen   *screen                        // nil while lines are just said one after the other
}

// Run runs one command line and returns its exit code. It stops what it does soon after ctx
// ends.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return newApp(stdin, stdout, stderr).run(ctx, args)
}

// newApp is one that goes by the environment and the system's clock.
func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{stdin: stdin, stdout: stdout, stderr: stderr, getenv: os.LookupEnv, now: time.Now, startLow: startLow, starvedAfter: 10 * time.Second}
}

// run runs one command line, as Run does.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		a.say("stopped")
		return exitStopped
	}
	return a.report(err)
}

// report tells what went wrong and returns the exit code.
func (a *app) report(err error) int {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{code: exitCode(err), err: err}
	}
	if f.err != nil {
		text := strings.TrimRight(f.err.Error(), "\n")
		fmt.Fprintln(a.stderr, "error: "+text)
		if f.hint != "" {
			fmt.Fprintln(a.stderr, "  "+f.hint)
		}
	}
	return f.code
}

// exitCode maps the errors that packages return.
func exitCode(err error) int {
	var corrupt *journal.CorruptError
	var locked *fsys.LockedError
	switch {
	case errors.As(err, &corrupt), errors.Is(err, stream.ErrUndecodable):
		return exitDamaged
	case errors.Is(err, journal.ErrNewerFormat):
		return exitNewer
	case errors.As(err, &locked):
		return exitInUse
	case fsys.IsNoSpace(err), errors.Is(err, journal.ErrNoSpace):
		return exitNoSpace
	}
	return exitFailed
}

// helpTemplate is cobra's with the examples in front.
const helpTemplate = `{{.Short}}.
{{if .HasExample}}
{{.Example}}
{{end}}{{if .Long}}
{{.Long}}
{{end}}
Usage:
{{if .Runnable}}  {{.UseLine}}
{{end}}{{if .HasAvailableSubCommands}}  {{.CommandPath}} COMMAND

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}
{{end}}{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableInheritedFlags}}
Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "freshet",
		Short: "A real-time recommender: what a user just did shapes what that user sees next",
		Example: `  freshet import --data ./shop events.jsonl
  freshet serve --data ./shop
  freshet recommend --user ada`,
		SilenceUsage:               true,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2,
		Args:                       unknownCommand,
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetHelpTemplate(helpTemplate)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		f := &failure{code: exitUsage, err: err, hint: "see " + c.CommandPath() + " --help"}
		if word, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
			var known []string
			c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
			if near := config.Nearest(word, known); near != "" {
				f.hint = "did you mean --" + near + "?"
			}
		}
		return f
	})
	f := root.PersistentFlags()
	f.StringVar(&a.server, "server", "", "address of the server (FRESHET_SERVER; default http://127.0.0.1:3737)")
	f.BoolVar(&a.json, "json", false, "print exactly the API's JSON")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "say nothing on stderr but errors")
	f.BoolVar(&a.noColor, "no-color", false, "no colour (also NO_COLOR)")
	f.DurationVar(&a.timeout, "timeout", 30*time.Second, "how long to wait for the server")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "say more on stderr")
	root.AddCommand(a.serveCmd(), a.demoCmd(), a.initCmd(), a.importCmd(), a.sendCmd(), a.recommendCmd(), a.statusCmd(), a.doctorCmd(), a.configCmd(), a.dumpCmd(), a.snapshotCmd(), a.replayCmd(), a.auditCmd(), a.exportCmd(), a.verifyCmd(), a.trainCmd(), a.modelsCmd(), a.embeddingsCmd(), a.profilesCmd(), a.featuresCmd(), a.rejectedCmd(), a.evalCmd(), a.benchCmd(), a.benchLoadCmd(), a.versionCmd())
	describeCompletion(root)
	completeNothing(root)
	return root
}

// unknownCommand refuses an argument where a command should stand, and suggests the nearest.
func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	f := &failure{code: exitUsage, err: fmt.Errorf("there is no command %q", c.CommandPath()+" "+args[0]), hint: "see " + c.CommandPath() + " --help"}
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		f.hint = "did you mean " + strings.Join(near, ", ") + "?"
	}
	return f
}

// say prints talk, unless --quiet.
func (a *app) say(format string, args ...any) {
	switch text := fmt.Sprintf(format, args...); {
	case a.quiet:
	case a.screen != nil:
		a.screen.say(text)
	default:
		fmt.Fprintln(a.stderr, text)
	}
}

// self is this program with other arguments, which ends with ctx.
func self(ctx context.Context, args ...string) (*exec.Cmd, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Args[0] = "freshet"
	return cmd, nil
}
