//go:build !unix

package main

import (
	"errors"
	"runtime"
	"syscall"
)

// The codes with which Windows says that a disk is full.
const (
	errorHandleDiskFull = syscall.Errno(39)
	errorDiskFull       = syscall.Errno(112)
)

// isNoSpace reports whether err says that the disk is full.
func isNoSpace(err error) bool {
	return runtime.GOOS == "windows" && (errors.Is(err, errorHandleDiskFull) || errors.Is(err, errorDiskFull))
}
