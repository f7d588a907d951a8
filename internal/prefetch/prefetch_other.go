//go:build !amd64 && !arm64

package prefetch

import "unsafe"

// Line does nothing on this processor.
func Line(p unsafe.Pointer) {}

// Words does nothing on this processor.
func Words(base *uint64, at []uint32) {}

// At does nothing on this processor.
func At(lines []uintptr) {}

// Lines does nothing here.
func Lines(base unsafe.Pointer, n int) {}
