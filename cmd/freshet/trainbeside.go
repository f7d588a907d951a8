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

	"github.com/freshet-rec/freshet/config"
)

// startIdle starts a process that is to disturb a server as little as it can: at the lowest
// priority, and on one processor.
func startIdle(cmd *exec.Cmd) error {
	cmd.Env = append(cmd.Environ(), "GOMAXPROCS=1")
	return startLow(cmd)
}

// trainBeside trains a ranker as freshet train does, in a process of its own and at idle
// priority, so that requests do not feel it. progress is told how far it has come, 0 to 1. The
// process ends with ctx.
func trainBeside(ctx context.Context, cfg *config.Config, configFile string, progress func(share float64)) (reply trainReply, err error) {
	self, err := os.Executable()
	if err != nil {
		return reply, err
	}
	args := []string{"train", "--model", "lr", "--data", cfg.Data, "--json", "--progress=json"}
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
	if err := startIdle(cmd); err != nil {
		return reply, err
	}
	last := ""
	lines := bufio.NewScanner(talk)
	for lines.Scan() {
		var told struct{ Done, Total float64 }
		if json.Unmarshal(lines.Bytes(), &told) == nil && told.Total > 0 {
			progress(told.Done / told.Total)
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
