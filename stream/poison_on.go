//go:build freshet_poison

// A program made with this tag dies of certain events, to prove that it gets over that. No release
// is made with it.

package stream

import (
	"bytes"
	"runtime/debug"
	"strings"

	"github.com/freshet-rec/freshet/journal"
)

func poisonDecode(rec *journal.Record) {
	switch {
	case bytes.Contains(rec.Payload, []byte(`"poison-decode-panic`)):
		panic("poison in the decoder")
	case bytes.Contains(rec.Payload, []byte(`"poison-decode-fatal`)):
		die()
	}
}

func poisonApply(e *Entry) {
	switch {
	case e.Event == nil:
	case strings.HasPrefix(e.Event.ID, "poison-apply-panic"):
		panic("poison in the fold")
	case strings.HasPrefix(e.Event.ID, "poison-apply-fatal"):
		die()
	}
}

// die ends the process in a way that nothing can recover from.
func die() {
	debug.SetMaxStack(1 << 20)
	println(deeper(1 << 40))
}

func deeper(n int) int {
	if n == 0 {
		return 0
	}
	return deeper(n-1) + n
}
