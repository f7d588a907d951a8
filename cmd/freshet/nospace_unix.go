//go:build unix

package main

import (
	"errors"
	"syscall"
)

// isNoSpace reports whether err says that the disk, or the quota on it, is full.
func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
