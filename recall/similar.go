package recall

import (
	"context"
	"sync"

	"github.com/freshet-rec/freshet/internal/pack"
)

// SimilarRoute proposes items whose entries say what those say that the visitor lately wanted:
// content-based recall by title, tags, categories and text. The visitor's last acts make one
// query,
//
//	q_t = Σ over the last acts i, newest first, of 1/r · f_t(i) / (k1 + f_t(i))
//
// with r the 1-based recency, and that is asked of Texts, whose words these are: the 32 tokens
// with the greatest q_t · idf(t). A proposal's score is its BM25 over the sum of those weights,
// so at most 1; its reason is the act whose entry it has most in common with (idf-weighted).
//
// The route keeps nothing of its own, needs no event on an item, and so knows one that was
// published a moment ago. A request costs at most 8,000 postings.
type SimilarRoute struct {
	name    string
	texts   *Texts
	scratch sync.Pool // of *sums
}

// similarActs is how many last acts a request is answered from: content changes slower than
// what goes together, and ten are a good part of a session; a guess.
const similarActs = 10

// similarPostings keeps a request at a millisecond of a processor among 100,000 items (measured): the
// weightiest words come first, so what is left out are the more common ones.
const similarPostings = 8_000

// NewSimilar returns the route over an index that the caller keeps.
func NewSimilar(name string, texts *Texts) *SimilarRoute {
	return &SimilarRoute{name: name, texts: texts}
}

// Name implements Route.
func (r *SimilarRoute) Name() string { return r.name }

// Apply implements Route.
func (r *SimilarRoute) Apply(*Act) {}

// Pack implements Route. The index follows from the catalogue.
func (r *SimilarRoute) Pack(*pack.Writer) {}

// Unpack implements Route.
func (r *SimilarRoute) Unpack(*pack.Reader, int) {}

// Recall implements Route.
func (r *SimilarRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	x, acts := r.texts, req.Recent[:min(len(req.Recent), similarActs)]
	var words []word
	for k, past := range acts {
		words = x.words(words, past.Item, 1/float64(k+1))
	}
	if words = x.weigh(words); len(words) == 0 {
		return nil, nil
	}
	whole := 0.0
	for _, w := range words {
		whole += w.weight
	}
	s, ok := r.scratch.Get().(*sums)
	if !ok {
		s = &sums{}
	}
	defer r.scratch.Put(s)
	defer s.reset()
	if _, err := x.match(ctx, words, similarPostings, func(item uint32, v float64) { s.add(item, v, 0) }); err != nil {
		return nil, err
	}
	top := best{n: n, heap: s.room[:0]}
	for i, item := range s.items {
		if i%checkEvery == checkEvery-1 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if c := (scored{s.list[i].score / whole, item}); c.score > 0 && top.wants(c) && !has(acts, item) && !req.Skip(item) {
			top.offer(c)
		}
	}
	list := top.take()
	s.room = list
	x.ready(list)
	said, common := x.said(acts), make([]float64, len(acts))
	out := proposals(len(list))[:len(list)]
	for i, c := range list {
		said.with(x, c.item, common)
		closest, most := 0, -1.0
		for k, d := range common {
			if d > most {
				closest, most = k, d
			}
		}
		past := acts[closest]
		out[i] = Proposal{c.item, c.score, Because{Code: Similar, Item: past.Item, Event: past.Name, Time: past.Time}}
	}
	return out, nil
}

// has reports that one of the acts was on the item.
func has(acts []Past, item uint32) bool {
	for i := range acts {
		if acts[i].Item == item {
			return true
		}
	}
	return false
}
