package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

// Exit statuses of the command.
const (
	exitExpected   = 0
	exitUnexpected = 1 // a reply was not as expected, or the run was interrupted
	exitUnused     = 2 // the arguments or the rows file could not be used
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := command(ctx, os.Args[1:], time.Now, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// command parses args, does the run, and prints the summary as one JSON line on stdout and
// what went wrong on stderr. Cancelling ctx ends the run early, with a summary.
func command(ctx context.Context, args []string, now func() time.Time, stdout, stderr io.Writer) int {
	opts, err := parseOptions(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitExpected
	case err != nil:
		return exitUnused // parseOptions has said why
	}
	kept, closeKept := io.Discard, func() error { return nil }
	if opts.rows > 0 {
		f, err := os.Create(opts.out)
		if err != nil {
			return complain(stderr, exitUnused, err)
		}
		kept, closeKept = f, f.Close
	}
	sum, complaints, err := drive(ctx, opts, now, kept)
	if err := errors.Join(err, closeKept()); err != nil {
		return complain(stderr, exitUnexpected, err)
	}
	line, err := json.Marshal(sum)
	if err == nil {
		_, err = fmt.Fprintf(stdout, "%s\n", line)
	}
	if err != nil {
		return complain(stderr, exitUnexpected, fmt.Errorf("print the summary: %w", err))
	}
	for _, text := range complaints {
		complain(stderr, exitUnexpected, errors.New(text))
	}
	if ctx.Err() != nil {
		return complain(stderr, exitUnexpected, errors.New("interrupted"))
	}
	if sum.Unexpected > 0 {
		return complain(stderr, exitUnexpected, fmt.Errorf("%d replies were not as expected", sum.Unexpected))
	}
	return exitExpected
}

// complain prints an error and returns the status to exit with.
func complain(stderr io.Writer, status int, err error) int {
	if _, printErr := fmt.Fprintf(stderr, "loadrun: %v\n", err); printErr != nil {
		return max(status, exitUnexpected) // stderr is gone: the status is all that is left to say
	}
	return status
}
