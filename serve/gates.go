package serve

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/registry"
)

// A ranker passes gates before it is live or on trial, in the order of what they cost: its files are
// whole, its numbers finite and within bounds (registry.Load); it was trained on the rows that there
// are here; it makes of its golden rows what it made of them; its training found it better than the
// mean, recall and popularity; it is neither too big nor too slow; what it says of the candidates of
// recent visitors is what a sound model says; and it ranks no worse than what is live.

// Bounds of a ranker, beside those of its file.
const (
	// bigBy is how many times as large as the live one a ranker may be, and freeBytes what any may have.
	bigBy     = 10
	freeBytes = 256 << 20
	// A request has some 300 candidates. A ranker may take slowBy times as long for them as the live
	// one, freeTime whatever that takes, and never more than mostTime, a fifth of a common budget.
	timedRows = 300
	slowBy    = 25
	freeTime  = 300 * time.Microsecond
	mostTime  = 10 * time.Millisecond
)

// probes is how many recent visitors a ranker is tried on, each for probeWait at most, since the state
// stands still meanwhile; leastQuestions is how many of what visitors wanted next is asked before an
// order is said to be worse.
const (
	probes         = 64
	probeWait      = 20 * time.Millisecond
	leastQuestions = 50
)

// Fit reads a version of a model and checks that it may rank rows of these fields, of features
// with these definitions (their hash), and that it has the checksum, unless that is empty. What
// speaks against it is a *registry.Fault.
func Fit(disk fsys.FS, name string, version int, sum, definitions string, fields rank.Names) (*registry.Bundle, error) {
	return fit(disk, name, version, sum, definitions, fields, 0)
}

// fit is Fit of a ranker with at most so many bytes, 0 for any.
func fit(disk fsys.FS, name string, version int, sum, definitions string, fields rank.Names, most int64) (*registry.Bundle, error) {
	bundle, err := registry.LoadWithin(disk, name, version, most)
	if err != nil {
		return nil, err
	}
	if bundle.Kind != registry.Ranker {
		return nil, &registry.Fault{Code: registry.Unfit, Text: "it proposes, and does not rank"}
	}
	if sum != "" && sum != bundle.SHA256 {
		return nil, &registry.OtherError{Has: bundle.SHA256, Want: sum}
	}
	if f := bundle.Fault(); f != nil {
		return nil, f
	}
	own := bundle.Names()
	if why := difference(own.Numbers, fields.Numbers) + difference(own.Words, fields.Words); why != "" {
		if len(own.Words) == 0 && len(fields.Words) > 0 {
			why += "; it has no words, as those of earlier releases: train anew, or configure ranker: {fields: []}, by which rows have none"
		}
		return nil, &registry.Fault{Code: registry.SchemaDiffers, Text: "it was trained on other fields:" + why}
	}
	if bundle.Definitions != definitions {
		return nil, &registry.Fault{Code: registry.SchemaDiffers, Text: fmt.Sprintf("it was trained on features that had the same names and other definitions (%s, in force are %s)", bundle.Definitions, definitions)}
	}
	return bundle, nil
}

// mostNamed is how many names a difference lists, of each side.
const mostNamed = 20

// difference lists how the fields of a model differ from those of rows, "" when they are the same in
// the same order.
func difference(own, here []string) string {
	var b strings.Builder
	lacking := func(what string, of, in []string) {
		n := 0
		for _, name := range of {
			if slices.Contains(in, name) {
				continue
			}
			if n++; n <= mostNamed {
				fmt.Fprintf(&b, " %s %q;", what, name)
			}
		}
		if n > mostNamed {
			fmt.Fprintf(&b, " and %d more;", n-mostNamed)
		}
	}
	lacking("rows here lack", own, here)
	lacking("the model lacks", here, own)
	if b.Len() == 0 && !slices.Equal(own, here) {
		for i := range min(len(own), len(here)) {
			if own[i] != here[i] {
				return fmt.Sprintf(" the same in another order: field %d is %q and %q here", i+1, own[i], here[i])
			}
		}
		return fmt.Sprintf(" %d fields, %d here, some twice", len(own), len(here))
	}
	return strings.TrimSuffix(b.String(), ";")
}

// sizeBound is how many bytes a ranker's file may have beside the live one, nil for none.
func sizeBound(live *registry.Bundle) int64 {
	if live == nil {
		return freeBytes
	}
	return max(freeBytes, bigBy*live.Size)
}

// sound puts a ranker that fits to the gates that need nothing but itself.
func (s *Server) sound(b, live *registry.Bundle, guard *fold.Guard) *registry.Fault {
	if f := b.Checked(); f != nil {
		return f
	}
	if b.Example == nil {
		return nil
	}
	return s.slow(b, live, b.Example.Rows, guard)
}

// slow times a ranker on rows beside the live one, which may be nil.
func (s *Server) slow(b, live *registry.Bundle, rows []rank.Row, guard *fold.Guard) *registry.Fault {
	if len(rows) == 0 {
		return nil
	}
	batch := make([]rank.Row, timedRows)
	for i := range batch {
		batch[i] = rows[i%len(rows)]
	}
	odds, other := make([]float64, timedRows), time.Duration(0)
	if live != nil {
		other = s.timed(live, batch, odds)
	}
	limit := slowLimit(other, guard)
	took := s.timed(b, batch, odds)
	if took <= limit {
		return nil
	}
	return tooSlow(took, limit, timedRows)
}

// slowLimit is how long a ranker may take for timedRows rows when the live one takes so long.
func slowLimit(live time.Duration, guard *fold.Guard) time.Duration {
	switch {
	case guard != nil && guard.P99 > 0:
		return time.Duration(guard.P99 * float64(time.Millisecond))
	case live == 0:
		return mostTime
	}
	return min(mostTime, max(freeTime, slowBy*live))
}

func tooSlow(took, limit time.Duration, rows int) *registry.Fault {
	return &registry.Fault{Code: registry.TooSlow, Text: fmt.Sprintf("it takes %s for %d candidates at its best, more than the %s it may; a guard with p99_ms says otherwise", took.Round(time.Microsecond), rows, limit.Round(time.Microsecond))}
}

// timings is how often a batch is scored: what else the machine does can make the best of them only
// so much slower.
const timings = 7

// timed is the least time that a ranker took for a batch.
func (s *Server) timed(b *registry.Bundle, rows []rank.Row, odds []float64) time.Duration {
	best := time.Duration(math.MaxInt64)
	for range timings {
		from := s.Stopwatch()
		b.Odds(rows, odds)
		best = min(best, s.Stopwatch()-from)
	}
	return best
}

// tried puts a ranker to the gates that need recent visitors, and lists those that could not be asked.
func (s *Server) tried(ctx context.Context, b, live *registry.Bundle, guard *fold.Guard) (fault *registry.Fault, unasked []string, err error) {
	shots, err := s.recentShots(ctx, b.Definitions)
	if err != nil {
		return nil, nil, err
	}
	var c comparison
	var rows []rank.Row
	for _, shot := range shots {
		c.add(s.scores(shot, b, live))
		rows = append(rows, shot.rows...)
	}
	if f := c.fault(nameOf(live)); f != nil {
		return f, nil, nil
	}
	if c.requests < leastRequests {
		unasked = append(unasked, fmt.Sprintf("scores: %d recent visitors have %d candidates or more; %d are needed", c.requests, leastCandidates, leastRequests))
	}
	if len(rows) > 0 {
		if f := s.slow(b, live, rows, guard); f != nil {
			return f, nil, nil
		}
	} else if b.Example == nil {
		unasked = append(unasked, "time: there are no rows to time it on")
	}
	f, asked := s.ranksWorse(b, live)
	if f == nil && !asked {
		unasked = append(unasked, fmt.Sprintf("ranking: it was not held against what is live at its training, and fewer than %d visitors wanted something lately", leastQuestions))
	}
	return f, unasked, nil
}

// ranksWorse holds a ranker's order against that of what is live, of recall and of popularity: as its
// training did, if that was against the same live one, and by what visitors wanted lately. asked
// reports that one of them could be asked.
func (s *Server) ranksWorse(b, live *registry.Bundle) (fault *registry.Fault, asked bool) {
	if live != nil {
		if fault, asked = b.Ranking.Behind(live.SHA256); fault != nil {
			return fault, asked
		}
	}
	questions := s.asked(b.Definitions)
	if len(questions) < leastQuestions {
		return nil, asked || live == nil && b.Ranking.Questions > 0
	}
	a := ask(questions, b, live, s.popularity())
	r := a.ranking()
	say := func(code, what string, o *registry.Against) (*registry.Fault, bool) {
		return &registry.Fault{Code: code, Text: fmt.Sprintf("of what %d visitors wanted here lately, %s has an NDCG@%d of %.4f and the model %.4f: it is behind by %.4f ± %.4f",
			r.Questions, what, r.K, o.NDCG, r.NDCG, -o.Ahead, o.Bound)}, true
	}
	switch {
	case r.Popular.Worse():
		return say(registry.WorseThanPopularity, "the order of what is popular", &r.Popular)
	case r.Recall.Worse():
		return say(registry.WorseThanRecall, "the order of recall", &r.Recall)
	case live != nil && r.Live.Worse():
		return say(registry.WorseThanLive, nameOf(live), &r.Live)
	}
	return nil, true
}

// nameOf says which bundle, for people.
func nameOf(b *registry.Bundle) string {
	if b == nil {
		return "the order of recall"
	}
	return fmt.Sprintf("%s version %d", b.Model, b.Version)
}

// scores are what both rankers say of a shot.
func (s *Server) scores(shot *shot, own, live *registry.Bundle) *scored {
	out := &scored{items: shot.items, recall: shot.recall, own: make([]float64, len(shot.rows))}
	own.Odds(shot.rows, out.own)
	if live != nil {
		out.live = make([]float64, len(shot.rows))
		live.Odds(shot.rows, out.live)
	}
	return out
}

// popularity says where items stand in the list of what is popular.
func (s *Server) popularity() func(item uint32) (int, bool) {
	places := map[uint32]int{}
	for i, item := range s.fallback.Load().items {
		places[item] = i
	}
	return func(item uint32) (int, bool) {
		place, ok := places[item]
		return place, ok
	}
}

// recentShots makes the candidates and rows of the visitors who acted last, each at one position, as a
// request of theirs would have them now, as long as these definitions are in force. Routes that ask
// outside have nothing to say.
func (s *Server) recentShots(ctx context.Context, definitions string) (shots []*shot, err error) {
	var visitors []uint32
	s.Stream.View(func(freshet.Position) { visitors = s.State.Acts.Newest(probes) })
	asks := make([]fold.Ask, len(s.Routes))
	for i := range s.Routes {
		asks[i] = fold.Ask{Kind: s.Routes[i].Kind, N: s.Routes[i].N}
	}
	builder := s.State.NewRowBuilder()
	for _, visitor := range visitors {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.Stream.View(func(freshet.Position) {
			if s.State.Definitions != definitions {
				return
			}
			q := s.time(0)
			limited, cancel := context.WithTimeout(ctx, probeWait)
			defer cancel()
			candidates, err := s.State.Candidates(limited, asks, s.State.Request(visitor, q))
			if err != nil || len(candidates) == 0 {
				return // a route in trouble is no fault of the model: others are tried
			}
			builder.Start(visitor, q, nil)
			shots = append(shots, takeShot(freshet.Visitor(s.State.Visitors.Name(visitor)), visitor, q, definitions, candidates, func(i int) rank.Row { return *builder.Row(&candidates[i]) }))
		})
	}
	return shots, nil
}
