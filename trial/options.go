package trial

import (
	"fmt"

	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/fold"
)

// RecallK is where lists are cut when routes are compared with each other and with their merge.
const RecallK = 200

// MaxK is the largest cut-off of a trial.
const MaxK = 1000

// The bounds below which figures are reported with a warning, and what the intervals cost.
// A guess: under 100 asks an NDCG around 0.1 is known to about ± 0.05.
const (
	fewAsks   = 100
	resamples = 500
	level     = 0.95
)

// Route is a recall route and how many proposals it is asked for, at least 1. It is asked for
// K when that is more.
type Route struct {
	fold.Route
	N int
}

// Options are what the protocols share.
type Options struct {
	Fold     fold.Options // what the state keeps; Fold.Routes is not used
	Routes   []Route      // at least one
	K        int          // the cut-off of every list, 1 to MaxK
	Event    string       // the event name that says an item was wanted; see the protocols for ""
	Seed     uint64       // of the intervals
	Progress func(done, total int64)
	// Progress, unless nil, is told the events folded so far and in all, now and then, by one
	// goroutine at a time. total is 0 while it is not known.
}

// check reports an option out of its bounds.
func (o *Options) check() error {
	if o.K < 1 || o.K > MaxK {
		return fmt.Errorf("a list is cut at 1 to %d items, not at %d", MaxK, o.K)
	}
	if len(o.Routes) == 0 || len(o.Routes) > eval.MaxRoutes {
		return fmt.Errorf("a trial needs 1 to %d recall routes, not %d", eval.MaxRoutes, len(o.Routes))
	}
	return nil
}

// names are those of the routes.
func (o *Options) names() (list []string) {
	for _, r := range o.Routes {
		list = append(list, r.Name)
	}
	return list
}

// state returns a new state with the routes.
func (o *Options) state(features bool) (*fold.State, error) {
	f := o.Fold
	f.Routes = nil
	for _, r := range o.Routes {
		f.Routes = append(f.Routes, r.Route)
	}
	if !features {
		f.Features = nil // nothing reads them but a ranker
	}
	return fold.New(f)
}

func (o *Options) report(done, total int64) {
	if o.Progress != nil {
		o.Progress(done, total)
	}
}
