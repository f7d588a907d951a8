package main

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/config"
)

// starving is an app whose trainings get nothing of a processor: something that sleeps runs in their
// place, and is ended by stop.
func starving(stderr io.Writer) (a *app, stop func()) {
	a = newApp(nil, io.Discard, stderr)
	a.starvedAfter = 50 * time.Millisecond
	ctx, stop := context.WithCancel(context.Background())
	a.startLow = func(cmd *exec.Cmd) error {
		sleep := exec.CommandContext(ctx, "sleep", "600")
		cmd.Path, cmd.Args = sleep.Path, sleep.Args
		err := cmd.Start()
		context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
		return err
	}
	return a, stop
}

// TestStarvedTraining: a training that other programs leave nothing to is not waited for in silence.
// One that was asked for by hand says so and goes on; the demo's ends, and is begun anew without giving
// way.
func TestStarvedTraining(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a training gives way to others on Linux alone")
	}
	said := &talk{}
	a, stop := starving(said)
	ended := make(chan int)
	go func() { ended <- a.run(t.Context(), []string{"train", "--data", t.TempDir()}) }()
	for deadline := time.Now().Add(patience); !strings.Contains(said.String(), "--foreground does not"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it says %q", said.String())
		}
	}
	select {
	case code := <-ended:
		t.Errorf("it ended with %d", code)
	default:
		stop()
		if code := <-ended; code == exitOK {
			t.Error("killed, it ended well")
		}
	}

	a, stop = starving(io.Discard)
	defer stop()
	cfg := config.Default()
	cfg.Data = t.TempDir()
	if _, err := a.trainBeside(t.Context(), cfg, "", true, func(float64) {}); !errors.Is(err, errStarved) {
		t.Errorf("giving way: %v", err)
	}
	if _, err := a.trainBeside(t.Context(), cfg, "", false, func(float64) {}); err == nil || !strings.Contains(err.Error(), "no journal") {
		t.Errorf("of an empty directory, not giving way: %v", err)
	}
}
