package recall

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/freshet-rec/freshet"
)

// SearchRoute proposes what the visitor searched for a moment ago: who just looked for milk
// powder must not be shown routers. A query is answered by what entries say (Texts: BM25 over
// title, tags, categories, text) and by what those who asked the like then wanted:
//
//	score(j) = Σ over the last queries, age ≤ within, of 2^(−age / 10 min) · Σ_t idf(t) · (b(t, j) + c(t, j)) / Σ_t idf(t)
//	b(t, j)  = f/(k1 + f), as in Texts
//	c(t, j)  = c(t→j) / (n(t) + 1)
//
// Here t goes over the tokens of the query, c(t→j) is the weight of the positive acts on j that
// came within `within` after a query with t of the same visitor, n(t) that of all such acts, both
// faded with a half-life of 30 days to the newest event, and the 1 keeps a single act from being
// believed. An act that names its own query counts for that one too, and none counts twice for a
// token. While a query is fresh, WeightAt puts this route before the others in the merge.
//
// Bounds: 100 to 199 items a token, pruned as ItemCFRoute does; 100,000 tokens, of which the half
// with the least n(t) is forgotten when there are more; 16 tokens of a query; 16,000 postings a
// request, the newest query first.
type SearchRoute struct {
	name      string
	within    int64 // ms
	texts     *Texts
	histories *Histories
	decay     fading
	clicks    map[uint64]*taught // by hash of a token
	scratch   sync.Pool          // of *sums
}

// The constants of the route, all guesses.
const (
	searchFresh    = 10 * freshet.Minute // half-life of a query
	searchHalfLife = 30 * freshet.Day    // of what acts teach
	searchTokens   = 100_000             // known by acts, at most
	searchWords    = 16                  // of one query, the first ones
)

// NewSearch returns the route over an index that the caller keeps. A query counts for within.
// histories must be folded after the route, event by event.
func NewSearch(name string, within freshet.Duration, texts *Texts, histories *Histories) *SearchRoute {
	return &SearchRoute{name: name, within: int64(within), texts: texts, histories: histories,
		decay: fading{halfLife: float64(searchHalfLife)}, clicks: map[uint64]*taught{}}
}

// Name implements Route.
func (r *SearchRoute) Name() string { return r.name }

// Apply implements Route.
func (r *SearchRoute) Apply(a *Act) {
	if a.Visitor == 0 || a.Item == 0 || !a.Signal.Positive() {
		return
	}
	var asked []word
	if a.Query != "" {
		asked = queryWords(asked, clipped(a.Query))
	}
	for _, q := range r.histories.queriesOf(a.Visitor) {
		if age := a.Time - q.Time; age >= 0 && age <= r.within {
			asked = queryWords(asked, q.Text)
		}
	}
	if len(asked) == 0 {
		return
	}
	weight, rebase := r.decay.weight(a.Time)
	if rebase != 1 {
		r.scale(rebase)
	}
	weight = float64(weight * a.Weight)
	slices.SortFunc(asked, func(a, b word) int { return cmp.Compare(a.hash, b.hash) })
	for _, w := range slices.CompactFunc(asked, func(a, b word) bool { return a.hash == b.hash }) {
		n := r.clicks[w.hash]
		if n == nil {
			n = &taught{}
			r.clicks[w.hash] = n
		}
		n.total += weight
		n.add(a.Item, weight)
	}
	if len(r.clicks) > searchTokens {
		r.forget(len(r.clicks) - searchTokens/2)
	}
}

// queryWords appends the tokens of a query, each with weight 1.
func queryWords(dst []word, text string) []word {
	n := 0
	tokens(text, false, func(token string) bool {
		dst = append(dst, word{tokenHash(token), 1})
		n++
		return n < searchWords
	})
	return dst
}

func (r *SearchRoute) scale(factor float64) {
	for _, n := range r.clicks {
		n.total *= factor
		for k := range n.sum {
			n.sum[k] *= factor
		}
	}
}

// forget drops the n tokens that the least acts stand behind; ties by hash.
func (r *SearchRoute) forget(n int) {
	hashes := slices.Sorted(maps.Keys(r.clicks))
	slices.SortStableFunc(hashes, func(a, b uint64) int { return cmp.Compare(r.clicks[a].total, r.clicks[b].total) })
	for _, h := range hashes[:n] {
		delete(r.clicks, h)
	}
}

// Recall implements Route. A proposal's reason is the query that one token of which gave it most.
func (r *SearchRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	s, ok := r.scratch.Get().(*sums)
	if !ok {
		s = &sums{}
	}
	defer r.scratch.Put(s)
	defer s.reset()
	room := maxPostings
	for k, q := range req.Queries {
		age := max(0, req.Time-q.Time)
		if age > r.within {
			continue
		}
		words, share := r.weigh(queryWords(nil, q.Text)), math.Exp2(-float64(age)/float64(searchFresh))
		for i := range words {
			words[i].weight = float64(words[i].weight * share)
		}
		add := func(item uint32, v float64) { s.add(item, v, k) }
		var err error
		if room, err = r.texts.match(ctx, words, room, add); err != nil {
			return nil, err
		}
		r.learnt(words, req.Newest, add)
	}
	top := best{n: n, heap: s.room[:0]}
	for i, item := range s.items {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if c := (scored{s.list[i].score, item}); c.score > 0 && top.wants(c) && !req.Skip(item) {
			top.offer(c)
		}
	}
	list := top.take()
	s.room = list
	out := proposals(len(list))[:len(list)]
	for i, c := range list {
		q := req.Queries[s.list[s.find(c.item)].because]
		out[i] = Proposal{c.item, c.score, Because{Code: Searched, Query: q.Text, Time: q.Time}}
	}
	return out, nil
}

// weigh gives the tokens of a query shares of 1, by idf. Those that neither entries nor acts
// know have none.
func (r *SearchRoute) weigh(words []word) []word {
	words = slices.DeleteFunc(words, func(w word) bool { return len(r.texts.lists[w.hash]) == 0 && r.clicks[w.hash] == nil })
	words = r.texts.weigh(words)
	whole := 0.0
	for _, w := range words {
		whole += w.weight
	}
	for i := range words {
		words[i].weight /= whole
	}
	return words
}

// learnt adds what acts have taught of the words.
func (r *SearchRoute) learnt(words []word, newest int64, add func(item uint32, v float64)) {
	one := math.Exp2(float64(newest-r.decay.landmark) / r.decay.halfLife) // the weight of an act now
	for _, w := range words {
		from := r.clicks[w.hash]
		if from == nil {
			continue
		}
		for i, item := range from.item {
			if v := float64(w.weight * (from.sum[i] / (from.total + one))); v > 0 {
				add(item, v)
			}
		}
	}
}
