package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
)

// Exit statuses of the command.
const (
	exitAgree  = 0
	exitDiffer = 1
	exitUnused = 2 // the arguments or the input could not be used
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the command: it prints the summary as one JSON line on stdout, differences and
// errors on stderr, and returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("dumpcheck", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dumpPath := flags.String("dump", "", "output of `freshet dump`, or - for standard input")
	rowsPath := flags.String("rows", "", "kept replies of POST /v1/features, one JSON object per line")
	maxShow := flags.Int("max-show", 10, "most differences printed on standard error")
	everything := flags.Bool("everything", false, "fail when a feature or a cell cannot be checked")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitAgree
		}
		return exitUnused // flags has said why on stderr
	}
	complain := log.New(stderr, "dumpcheck: ", 0)
	if *dumpPath == "" || *rowsPath == "" || *maxShow < 0 || flags.NArg() > 0 {
		complain.Print("usage: dumpcheck --dump FILE|- --rows FILE [--max-show 10] [--everything]")
		return exitUnused
	}
	rows, err := readFile(*rowsPath, nil, readRows)
	if err != nil {
		complain.Print(err)
		return exitUnused
	}
	j, err := readFile(*dumpPath, stdin, readDump)
	if err != nil {
		complain.Print(err)
		return exitUnused
	}

	sum, differences := check(j, rows)
	line, err := json.Marshal(sum)
	if err == nil {
		_, err = fmt.Fprintf(stdout, "%s\n", line)
	}
	if err != nil {
		complain.Printf("print the summary: %v", err)
		return exitUnused
	}
	for _, d := range differences[:min(*maxShow, len(differences))] {
		complain.Print(d)
	}
	failures := sum.failures(*everything)
	for _, reason := range failures {
		complain.Print(reason)
	}
	if len(failures) > 0 {
		return exitDiffer
	}
	return exitAgree
}

// readFile opens path and hands it to read; "-" stands for stdin where stdin is not nil.
func readFile[T any](path string, stdin io.Reader, read func(io.Reader) (T, error)) (T, error) {
	if path == "-" && stdin != nil {
		v, err := read(stdin)
		if err != nil {
			return v, fmt.Errorf("read standard input: %w", err)
		}
		return v, nil
	}
	f, err := os.Open(path)
	if err != nil {
		var none T
		return none, err
	}
	v, err := read(f)
	if err != nil {
		err = fmt.Errorf("read %q: %w", path, err)
	}
	return v, errors.Join(err, f.Close())
}
