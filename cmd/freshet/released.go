package main

import (
	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/httpapi"
)

// refuseReleased says why features cannot be folded from a journal that begins at first, nil when they
// can: when it has all its records.
func (n *node) refuseReleased(_, _ *config.Config, first freshet.Position) error {
	if first == 1 {
		return nil
	}
	return &httpapi.ReloadRefused{Code: "released", Detail: "the journal begins at position " + first.String() + ", what was before it was let go of (journal.retain)"}
}
