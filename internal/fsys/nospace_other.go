//go:build !unix

package fsys

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

// IsNoSpace reports whether err says that the disk is full.
func IsNoSpace(err error) bool {
	return runtime.GOOS == "windows" && (errors.Is(err, errorHandleDiskFull) || errors.Is(err, errorDiskFull))
}
