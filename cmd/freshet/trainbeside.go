package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/freshet-rec/freshet/config"
)

// startIdle starts a process that is to disturb a server as little as it can: at the lowest
// priority, and on one processor.
func (a *app) startIdle(cmd *exec.Cmd) error {
	cmd.Env = append(cmd.Environ(), "GOMAXPROCS=1")
	return a.startLow(cmd)
}

// trainBeside trains a ranker as freshet train does, in a process of its own and at idle
// priority, so that requests do not feel it. progress is told how far it has come, 0 to 1. The
// process ends with ctx.
func (a *app) trainBeside(ctx context.Context, cfg *config.Config, configFile string, progress func(share float64)) (reply trainReply, err error) {
	self, err := os.Executable()
	if err != nil {
		return reply, err
	}
	args := []string{"train", "--foreground", "--model", cfg.Ranker.Kind, "--data", cfg.Data, "--json", "--progress=json"}
	if configFile != "" {
		args = append(args, "--config", configFile)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	var out bytes.Buffer
	cmd.Stdout = &out
	talk, err := cmd.StderrPipe()
	if err != nil {
		return reply, err
	}
	if err := a.startIdle(cmd); err != nil {
		return reply, err
	}
	last := ""
	lines := bufio.NewScanner(talk)
	for lines.Scan() {
		var told struct {
			Task        string
			Done, Total float64
		}
		if json.Unmarshal(lines.Bytes(), &told) == nil && told.Total > 0 {
			share := told.Done / told.Total / 2 // of making rows, which takes about as long as what follows
			if told.Task != rowsTask {
				share += 0.5
			}
			progress(share)
		} else if text := strings.TrimSpace(lines.Text()); text != "" && (last == "" || strings.HasPrefix(text, "error: ")) {
			last = strings.TrimPrefix(text, "error: ")
		}
	}
	if err := errors.Join(lines.Err(), cmd.Wait()); err != nil {
		if ctx.Err() != nil {
			return reply, ctx.Err()
		}
		if last != "" {
			return reply, errors.New(clean(last))
		}
		return reply, err
	}
	if err := json.Unmarshal(out.Bytes(), &reply); err != nil {
		return reply, fmt.Errorf("what training printed: %w", err)
	}
	return reply, nil
}

// trainApart runs the same command line in a process of its own, which gives way to every other, and
// ends as that does.
func (a *app) trainApart(c *cobra.Command) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{"train", "--foreground"}
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "foreground" {
			args = append(args, "--"+f.Name+"="+flagText(f))
		}
	})
	cmd := exec.CommandContext(c.Context(), self, args...)
	cmd.Args[0] = "freshet"
	cmd.Stdout, cmd.Stderr = a.stdout, a.stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopWithin
	if err := a.startLow(cmd); err != nil {
		return err
	}
	err = cmd.Wait()
	if ended := (&exec.ExitError{}); errors.As(err, &ended) && ended.ExitCode() > 0 {
		return &failure{code: ended.ExitCode()} // it has said why
	}
	if err != nil {
		return fmt.Errorf("train: the process that trains: %w", err)
	}
	return nil
}

// stopWithin is how long a training has to end when it is told to.
const stopWithin = 10 * time.Second

// flagText is the value of a flag as it is given.
func flagText(f *pflag.Flag) string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return strings.Join(list.GetSlice(), ",")
	}
	return f.Value.String()
}
