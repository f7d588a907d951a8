//go:build !linux

package hugepage

// advise does nothing: this system has no way to ask.
func advise([]byte) {}

// populate does nothing either.
func populate([]byte) {}
