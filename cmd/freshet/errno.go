package main

import (
	"errors"
	"syscall"
)

// errReadOnly is what writing to a read-only file system gives.
const errReadOnly = syscall.EROFS

// isBrokenPipe reports that whoever read our output stopped reading.
func isBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
