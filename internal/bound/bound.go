package bound

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed c/*.c
var sources embed.FS

// ErrNoCompiler says that the machine has neither cc nor gcc.
var ErrNoCompiler = errors.New("no C compiler (cc or gcc) is installed")

// flags are those of the compiler: all that it can do for this machine.
var flags = []string{"-O3", "-march=native", "-std=gnu11"}

// Process is a program that was built and started. It is for one goroutine. Use Start and Close.
type Process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	errors bytes.Buffer
}

// Start builds the named program in a temporary directory, which is gone when it returns, starts it
// and writes input to it. The context ends it.
func Start(ctx context.Context, name string, input []byte) (_ *Process, err error) {
	source, err := sources.ReadFile("c/" + name + ".c")
	if err != nil {
		return nil, err
	}
	compiler := ""
	for _, c := range []string{"cc", "gcc"} {
		if path, err := exec.LookPath(c); err == nil {
			compiler = path
			break
		}
	}
	if compiler == "" {
		return nil, ErrNoCompiler
	}
	dir, err := os.MkdirTemp("", "freshet-bound-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program := filepath.Join(dir, name)
	build := exec.CommandContext(ctx, compiler, append(flags, "-x", "c", "-", "-o", program, "-lm")...)
	build.Stdin = bytes.NewReader(source)
	if said, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build %s.c with %s: %w: %s", name, compiler, err, bytes.TrimSpace(said))
	}
	p := &Process{cmd: exec.CommandContext(ctx, program)}
	p.cmd.Stderr = &p.errors
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := p.in.Write(input); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// Time has the program do something so many times, and returns the least time and the middle one.
func (p *Process) Time(what string, times int) (least, middle time.Duration, err error) {
	if _, err := fmt.Fprintf(p.in, "%s %d\n", what, times); err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Fscanf(p.out, "%d %d\n", &least, &middle); err != nil {
		return 0, 0, fmt.Errorf("%s: %w: %s", what, err, bytes.TrimSpace(p.errors.Bytes()))
	}
	return least, middle, nil
}

// Floats has the program do something once, and fills to with what it answers.
func (p *Process) Floats(what string, to []float32) error {
	if _, err := fmt.Fprintf(p.in, "scores %s\n", what); err != nil {
		return err
	}
	if err := binary.Read(p.out, binary.LittleEndian, to); err != nil {
		return fmt.Errorf("%s: %w: %s", what, err, bytes.TrimSpace(p.errors.Bytes()))
	}
	return nil
}

// Close ends the program.
func (p *Process) Close() error {
	err := errors.Join(p.in.Close(), p.cmd.Wait())
	if err != nil && p.errors.Len() > 0 {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(p.errors.Bytes()))
	}
	return err
}
