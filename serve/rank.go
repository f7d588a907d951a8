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
	builder *fold.RowBuilder
	model   *rank.Piecewise // nil is recall order
	rows    rank.Rows       // by candidate
	parts   []float64       // what each field adds to the log-odds, in the same places
	mean    []float64       // of parts, over the candidates
	odds    []float64       // log-odds by candidate
	order   []int           // of candidates, best first
	top     []int           // room for best
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

// rank puts the candidates into the order of the model that ranks by the journal. All rows are
// read at one position. When that model is not at hand or the deadline comes first, the order
// stays that of recall, which is named.
func (r *run) rank(ctx context.Context, candidates []recall.Candidate) {
	s := r.server
	k := s.rankings.get(s.State)
	r.ranking = k
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
			failed("unavailable")
			return
		}
		s.sample(k.builder, candidates, r, p)
		if !k.score(ctx, bundle.Ranker, candidates, visitor, r) {
			failed("timeout")
			return
		}
		if !k.finite() {
			if canary == nil || !r.instead(ctx, k, &live, candidates, visitor) {
				failed("non_finite")
				return
			}
			bundle = s.bundle(&live, s.State.Definitions)
		}
		r.recheck(k, candidates, visitor, p)
		r.reply.Position = min(r.reply.Position, p)
		r.reply.Model = &Model{Name: live.Name, Version: live.Version, SHA256: live.SHA256, Position: p, Created: bundle.Created}
	})
	if r.reply.Model == nil {
		k.byRecall(candidates)
	} else {
		slices.SortFunc(k.order, func(a, b int) int {
			if k.odds[a] != k.odds[b] {
				return cmp.Compare(k.odds[b], k.odds[a])
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
func (k *ranking) score(ctx context.Context, model *rank.Piecewise, candidates []recall.Candidate, visitor uint32, r *run) bool {
	k.rows.Reset()
	k.parts, k.odds = k.parts[:0], k.odds[:0]
	k.builder.Start(visitor, r.reply.Time, r.req.Context)
	for i := range candidates {
		if i%rankChunk == 0 && ctx.Err() != nil {
			return false
		}
		row := k.builder.Row(&candidates[i])
		k.rows.Append(row)
		from := len(k.parts)
		k.parts = model.Explain(row.Numbers, k.parts)
		odds := model.Bias
		for _, part := range k.parts[from:] {
			odds += part
		}
		if d := candidates[i].Demoted; d > 0 {
			odds += math.Log1p(-d)
		}
		k.odds = append(k.odds, odds)
	}
	fields := len(model.Schema.Fields)
	k.mean = slices.Grow(k.mean[:0], fields)[:fields]
	clear(k.mean)
	for i, part := range k.parts {
		k.mean[i%fields] += part
	}
	for f := range k.mean {
		k.mean[f] /= float64(len(candidates))
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
	Value float64 // of the row; NaN is no value
	Adds  float64 // to the log-odds, beyond what the field adds for the request's candidates on average
}

// MaxContributions is how many contributions an item is explained by, at most.
const MaxContributions = 3

// leastContribution is what is worth telling: 0.01 of log-odds moves a probability by a
// hundredth of itself.
const leastContribution = 0.01

// strongest returns the contributions that speak most for candidate i.
func (k *ranking) strongest(i int) []Contribution {
	if k.model == nil {
		return nil
	}
	fields, row := k.model.Schema.Fields, k.rows.Row(i)
	var list []Contribution
	for f := range fields {
		adds := k.parts[i*len(fields)+f] - k.mean[f]
		if adds < leastContribution || len(list) == MaxContributions && adds <= list[MaxContributions-1].Adds {
			continue
		}
		c := Contribution{Field: fields[f].Name, Value: row.Numbers[f], Adds: adds}
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
	return rank.Sigmoid(k.odds[i])
}

// Known reports that the field had a value, and a finite one.
func (c *Contribution) Known() bool { return !math.IsNaN(c.Value) && !math.IsInf(c.Value, 0) }
