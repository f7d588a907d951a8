package recall

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
	"github.com/freshet-rec/freshet/internal/pack"
)

// External is a proposal of somebody outside, as it came.
type External struct {
	Item  freshet.ItemID `json:"item_id"`
	Score float64        `json:"score"` // in their unit, higher is better; finite
}

// ErrGarbage says that a route answered what is no answer.
var ErrGarbage = errors.New("the answer is not one")

// ExternalRoute proposes what somebody outside did. It calls nobody: whoever asks has their
// answer in Request.External, from a call or from the record of one, so that a replay and a
// training go by what was said then. It keeps nothing.
type ExternalRoute struct {
	name  string
	items *catalog.Catalog
}

// NewExternal returns the route.
func NewExternal(name string, items *catalog.Catalog) *ExternalRoute {
	return &ExternalRoute{name, items}
}

// Name implements Route.
func (r *ExternalRoute) Name() string { return r.name }

// Apply implements Route. What happens here is nothing to them.
func (r *ExternalRoute) Apply(*Act) {}

// Recall implements Route: the answer's items by score, those of one score in its order, without
// what nobody here has heard of, what comes twice, and what may not be shown.
func (r *ExternalRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var out []Proposal
	taken := map[uint32]bool{}
	for _, said := range req.External[r.name] {
		item := r.items.Find(said.Item)
		if item == 0 || taken[item] || math.IsNaN(said.Score) || math.IsInf(said.Score, 0) {
			continue
		}
		taken[item] = true
		if !req.Skip(item) {
			out = append(out, Proposal{item, said.Score, Because{Code: Elsewhere}})
		}
	}
	slices.SortStableFunc(out, func(a, b Proposal) int { return compare(b.Score, a.Score) })
	return out[:min(len(out), n)], nil
}

// Unusable counts what of an answer names no item that is known here, or one for the second
// time, or has no finite score.
func (r *ExternalRoute) Unusable(answer []External) (n int) {
	taken := map[freshet.ItemID]bool{}
	for _, said := range answer {
		if taken[said.Item] || r.items.Find(said.Item) == 0 || math.IsNaN(said.Score) || math.IsInf(said.Score, 0) {
			n++
			continue
		}
		taken[said.Item] = true
	}
	return n
}

// Pack implements Route.
func (r *ExternalRoute) Pack(*pack.Writer) {}

// Unpack implements Route.
func (r *ExternalRoute) Unpack(*pack.Reader, int) {}
