//go:build !linux

package bench

import "time"

// napper sleeps as finely as the runtime can.
type napper struct{}

func (napper) open() error { return nil }

func (napper) nap(d time.Duration) error {
	time.Sleep(d)
	return nil
}

func (napper) close() error { return nil }
