package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// maxLineBytes bounds one line of a dump or of a rows file; a longer line is an error.
// The figure is a guess, far above the largest record seen.
const maxLineBytes = 64 << 20

// eachLine calls visit with every non-blank line of r, in order, and stops at the first
// error, which it wraps with the 1-based line number. The slice is only valid during the
// call.
func eachLine(r io.Reader, visit func(line []byte) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLineBytes)
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		if err := visit(line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("after line %d: %w", n, err)
	}
	return nil
}
