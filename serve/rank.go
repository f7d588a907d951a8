package serve

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
)

// ranking is the candidates in the model's order, with what it made of each. The recall order
// is a ranking without a model.
type ranking struct {
	merger  recall.Merger
	builder *fold.RowBuilder
	model   *rank.Ranker // nil is recall order
	rows    rank.Rows    // by candidate
	batch   rank.Batch   // the same, as the model reads them
	ends    []uint32     // room for a part of batch
	odds    []float32    // room for those of a part
	scores  []float64    // by candidate: what the model puts them in order by, less what dislikes take off
	parts   []float32    // of the candidates that were explained, field by field
	order   []int        // of candidates, best first
	top     []int        // room for best
	none    int          // numbers that the model did not make, by candidate and head
}

// rankings keeps the room that rankings need, for one state.
type rankings struct{ pool sync.Pool }

func (p *rankings) get(s *fold.State) *ranking {
	if k, ok := p.pool.Get().(*ranking); ok {
		return k
	}
	return &ranking{builder: s.NewRowBuilder()}
}

// rankChunk is how many candidates are scored between two looks at the deadline, about 50 µs.
const rankChunk = 64

// merge joins what the routes proposed. The candidates are the ranking's own, which is in use until
// done.
func (r *run) merge() []recall.Candidate {
	r.ranking = r.server.rankings.get(r.server.State)
	return r.ranking.merger.Merge(r.answers)
}

// done gives back what the request had for itself, once nothing looks at candidates any more.
func (r *run) done() {
	r.server.rankings.pool.Put(r.ranking)
	recall.Release(r.answers)
}

// rank puts the candidates into the order of the model that ranks by the journal. All rows are
// read at one position. When that model is not at hand or the deadline comes first, the order
// stays that of recall, which is named. Where that model is not at hand, the fallback kinds come before
// recall, in their order.
func (r *run) rank(ctx context.Context, candidates []recall.Candidate) {
	s, k := r.server, r.ranking
	k.model, k.order = nil, k.order[:0]
	for i := range candidates {
		k.order = append(k.order, i)
	}
	if len(candidates) == 0 {
		return
	}
	r.view(ctx, func(rec *fold.Served) freshet.Position { return rec.Ranked }, func(p freshet.Position) {
		r.ranked = p
		r.defined()
		r.demote(ctx, candidates)
		live, canary := s.State.Model, r.canary()
		switch {
		case r.past != nil:
			live = r.past.model()
		case canary != nil:
			live = s.State.Challenger
		}
		// The visitor may have come since the section that knows them.
		visitor := s.State.Visitor(r.visitor)
		defer func() { r.observe(k, candidates, visitor) }()
		if live.Name == "" {
			return
		}
		failed := func(why string) {
			k.model = nil
			r.reply.Degraded = append(r.reply.Degraded, "ranker."+live.Name+":"+why, "ranker:fallback_recall")
		}
		bundle := s.bundle(&live, s.State.Definitions)
		if bundle == nil {
			if bundle = s.spare(s.State.Definitions); bundle == nil {
				failed("unavailable")
				return
			}
			r.reply.Degraded = append(r.reply.Degraded, "ranker."+live.Name+":unavailable", "ranker:fallback_"+bundle.Ranker.Kind())
			live = fold.Model{Switch: fold.Switch{Name: bundle.Model, Version: bundle.Version, SHA256: bundle.SHA256}}
		}
		s.sample(k.builder, candidates, r, p)
		ranker, publication, err := s.ranker(bundle)
		if err != nil {
			failed("unavailable")
			return
		}
		if r.past != nil {
			r.past.updated(publication)
		}
		if !k.score(ctx, ranker, candidates, visitor, r) {
			failed("timeout")
			return
		}
		if canary != nil && k.none > 0 {
			if !r.instead(ctx, k, &live, &publication, candidates, visitor) {
				failed("timeout")
				return
			}
			bundle = s.bundle(&live, s.State.Definitions)
		}
		if k.none > 0 {
			r.reply.Degraded = append(r.reply.Degraded, "ranker."+live.Name+":no_number") // of some candidates, which stand last
		}
		r.recheck(k, candidates, visitor, p)
		r.reply.Position = min(r.reply.Position, p)
		r.reply.Model = &Model{Name: live.Name, Version: live.Version, SHA256: live.SHA256, Publication: publication, Position: p, Created: bundle.Created}
	})
	if r.reply.Model == nil {
		k.byRecall(candidates)
	} else {
		slices.SortFunc(k.order, func(a, b int) int {
			if k.scores[a] != k.scores[b] {
				return cmp.Compare(k.scores[b], k.scores[a])
			}
			return a - b
		})
	}
}

// demote notes what dislikes take off candidates. Without the time for it nothing is taken, which
// is named.
func (r *run) demote(ctx context.Context, candidates []recall.Candidate) {
	if r.past != nil {
		if slices.Contains(r.past.record.Degraded, demotionLate) {
			r.reply.Degraded = append(r.reply.Degraded, demotionLate)
			return
		}
		ctx = context.Background() // a replay takes what time it needs
	}
	if _, err := recall.Demote(ctx, r.server.State.Alike, &r.recall, candidates); err != nil {
		r.reply.Degraded = append(r.reply.Degraded, demotionLate)
	}
}

// demotionLate says that dislikes demoted nothing for want of time.
const demotionLate = "demotion:timeout"

// byRecall puts the candidates in the order of their merged scores, less what dislikes take off.
func (k *ranking) byRecall(candidates []recall.Candidate) {
	slices.SortStableFunc(k.order, func(a, b int) int { return cmp.Compare(demoted(&candidates[b]), demoted(&candidates[a])) })
}

// demoted is a candidate's merged score less what dislikes take off.
func demoted(c *recall.Candidate) float64 { return float64(c.Score * (1 - c.Demoted)) }

// score fills in the ranking for a request; it reports false when ctx ended first.
func (k *ranking) score(ctx context.Context, model *rank.Ranker, candidates []recall.Candidate, visitor uint32, r *run) bool {
	n, schema := len(candidates), model.Schema()
	k.none = 0
	k.rows.Reset()
	k.batch.Reset()
	k.scores, k.odds = slices.Grow(k.scores[:0], n)[:n], slices.Grow(k.odds[:0], rankChunk)[:rankChunk]
	k.builder.Start(visitor, r.reply.Time, r.req.Context)
	for from := 0; from < n; from += rankChunk {
		if ctx.Err() != nil {
			return false
		}
		to := min(from+rankChunk, n)
		for i := from; i < to; i++ {
			row := k.builder.Row(&candidates[i])
			k.rows.Append(row)
			schema.Encode(&k.batch, row)
		}
		part := k.batch.Part(len(schema.Fields), from, to, k.ends)
		k.ends = part.Ends
		k.none += model.Score(&part, &k.rows, from, k.odds[:to-from], k.scores[from:to])
	}
	for i := range candidates {
		if d := candidates[i].Demoted; d > 0 && model.ByOdds() {
			k.scores[i] += math.Log1p(-d)
		} else if d > 0 {
			k.scores[i] = float64(k.scores[i] * (1 - d))
		}
	}
	k.model = model
	return true
}

// hash names candidate i's row, "" without a model.
func (k *ranking) hash(i int) string {
	if k.model == nil {
		return ""
	}
	row := k.rows.Row(i)
	return fold.RowHash(&row)
}

// Contribution is what one field of the row did for an item.
type Contribution struct {
	Field string
	Value float64 // of the row; NaN is no value, or words
	Adds  float64 // to the log-odds (to the score, of a ranker with several heads), beyond what the field adds for the mean of the request's candidates
}

// MaxContributions is how many contributions an item is explained by, at most.
const MaxContributions = 3

// leastContribution is what is worth telling: 0.01 of log-odds moves a probability by a
// hundredth of itself.
const leastContribution = 0.01

// explain computes the parts of the candidates that are shown: to do so for all takes several times as
// long as to rank them.
func (k *ranking) explain(shown []int) {
	if k.model == nil {
		return
	}
	n := len(shown) * len(k.model.Schema().Fields)
	k.parts = slices.Grow(k.parts[:0], n)[:n]
	k.model.Explain(&k.batch, &k.rows, shown, k.parts)
}

// strongest returns the contributions that speak most for candidate i, which was explained at a place.
func (k *ranking) strongest(i, place int) []Contribution {
	if k.model == nil {
		return nil
	}
	fields, row := k.model.Schema().Fields, k.rows.Row(i)
	var list []Contribution
	for f := range fields {
		adds := float64(k.parts[place*len(fields)+f])
		if !(adds >= leastContribution) || len(list) == MaxContributions && adds <= list[MaxContributions-1].Adds {
			continue
		}
		c := Contribution{Field: fields[f].Name, Value: math.NaN(), Adds: adds}
		if fields[f].Number() {
			c.Value = row.Numbers[f]
		}
		at := len(list)
		for at > 0 && list[at-1].Adds < adds {
			at--
		}
		list = slices.Insert(list, at, c)
		list = list[:min(len(list), MaxContributions)]
	}
	return list
}

// scoreOf is the score shown for candidate i: the model's, or that of recall.
func (k *ranking) scoreOf(i int, c *recall.Candidate) float64 {
	if k.model == nil {
		return demoted(c)
	}
	return k.model.Shown(k.scores[i])
}

// Known reports that the field had a value, and a finite one.
func (c *Contribution) Known() bool { return !math.IsNaN(c.Value) && !math.IsInf(c.Value, 0) }
