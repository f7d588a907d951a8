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
	"sync"
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

// starvedShare is how much of one processor a training needs to be said to come on.
const starvedShare = 0.1

// errStarved ends a training that other programs leave no processor to.
var errStarved = errors.New("other programs keep all processors busy")

// watchStarving begins to watch a process, and tells, once, that it got less than starvedShare of a
// processor for the time of starvedAfter, and how much it got. stop ends that, when it has not ended by
// itself, and waits for it.
func (a *app) watchStarving(ctx context.Context, pid int, starved func(got time.Duration)) (stop func()) {
	ctx, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { a.awaitStarving(ctx, pid, starved) })
	return func() {
		end()
		wg.Wait()
	}
}

// awaitStarving returns when it has told, when the process is gone, or when ctx ends.
func (a *app) awaitStarving(ctx context.Context, pid int, starved func(got time.Duration)) {
	had, ok := processorTime(pid)
	for ok {
		select {
		case <-ctx.Done():
			return
		case <-time.After(a.starvedAfter):
		}
		var has time.Duration
		if has, ok = processorTime(pid); ok && (has-had).Seconds() < starvedShare*a.starvedAfter.Seconds() {
			starved(has - had)
			return
		}
		had = has
	}
}

// trainBeside trains a ranker as freshet train does, in a process of its own. progress is told how far
// it has come, 0 to 1. The process ends with ctx. If it is to give way, it has idle priority, so that
// requests do not feel it, and the error wraps errStarved when that left it nothing; what it had done
// until then the next one does not do again.
func (a *app) trainBeside(ctx context.Context, cfg *config.Config, configFile string, giveWay bool, progress func(share float64)) (reply trainReply, err error) {
	args := []string{"train", "--foreground", "--model", cfg.Ranker.Kind, "--data", cfg.Data, "--json", "--progress=json"}
	if configFile != "" {
		args = append(args, "--config", configFile)
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	cmd, err := self(ctx, args...)
	if err != nil {
		return reply, err
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	talk, err := cmd.StderrPipe()
	if err != nil {
		return reply, err
	}
	start := (*exec.Cmd).Start
	if giveWay {
		start = a.startIdle
	}
	if err := start(cmd); err != nil {
		return reply, err
	}
	if giveWay {
		defer a.watchStarving(ctx, cmd.Process.Pid, func(time.Duration) { end(errStarved) })()
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
			return reply, context.Cause(ctx)
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
	args := []string{"train", "--foreground"}
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "foreground" {
			args = append(args, "--"+f.Name+"="+flagText(f))
		}
	})
	cmd, err := self(c.Context(), args...)
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = a.stdout, a.stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopWithin
	if err := a.startLow(cmd); err != nil {
		return err
	}
	stop := a.watchStarving(c.Context(), cmd.Process.Pid, func(got time.Duration) {
		apart := ""
		if isTerminal(a.stderr) { // where it draws how far it has come
			apart = "\n"
		}
		a.say("%strain: it had a processor for %.1f of the last %.1f s; it gives way to all that runs here, and --foreground does not", apart, got.Seconds(), a.starvedAfter.Seconds())
	})
	err = cmd.Wait()
	stop()
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
