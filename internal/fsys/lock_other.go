//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package fsys

import (
	"errors"
	"fmt"
	"runtime"
)

// Lock implements [FS]; without flock there is no lock that a dead holder releases, so it
// refuses rather than let two writers in.
func (o *OS) Lock(name, note string) (Lock, error) {
	return nil, fmt.Errorf("lock %q on %s: %w", name, runtime.GOOS, errors.ErrUnsupported)
}
