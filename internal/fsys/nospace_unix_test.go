//go:build unix

package fsys

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
)

func TestIsNoSpace(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"full disk, deep inside", fmt.Errorf("append: %w", &fs.PathError{Op: "write", Path: "p", Err: syscall.ENOSPC}), true},
		{"quota", &fs.PathError{Op: "write", Path: "p", Err: syscall.EDQUOT}, true},
		{"other trouble", &fs.PathError{Op: "write", Path: "p", Err: syscall.EIO}, false},
		{"a text that looks like it", errors.New("no space left on device"), false},
		{"nil", nil, false},
	} {
		if got := IsNoSpace(tt.err); got != tt.want {
			t.Errorf("%s: IsNoSpace(%v) = %v, want %v", tt.name, tt.err, got, tt.want)
		}
	}
}
