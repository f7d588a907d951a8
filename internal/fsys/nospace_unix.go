//go:build unix

package fsys

import (
	"errors"
	"syscall"
)

// IsNoSpace reports whether err says that the disk, or the quota on it, is full.
func IsNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
