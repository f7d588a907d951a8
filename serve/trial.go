package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/registry"
)

// A model on trial is asked the same candidates as the live one, beside requests: a request leaves a
// copy of its rows and goes on. What both say is compared, and so is what came of the slates of either
// side (fold.Arms). When the model is caught at something it ranks for nobody from that moment on, and
// a record of the journal ends its trial.
//
// The same copies, a few of them, are kept as questions: what did the visitor want next, and where
// would an order have put it.

// trial is the watch over the model on trial.
type trial struct {
	shots   chan *shot
	stopped atomic.Uint64 // position of the record that began the trial which is over here; 0 is none
	broken  atomic.Uint64 // likewise, of one that gave a request scores which are no numbers
	missed  atomic.Uint64 // requests that nobody had time for

	mu        sync.Mutex // guards what follows
	since     freshet.Position
	compared  comparison
	auc       moments       // of the live model less that of the one on trial, by question
	own, live time.Duration // the least for timedRows rows so far
	batches   int           // timed
	over      int           // of batches, those that took longer than the guard says
	caught    *registry.Fault
	told      bool // the journal has what it was caught at

	definitions string  // hash of those that open and questions were made under
	open        []*shot // what the visitor wanted next may still come
	next        int     // of open
	questions   []*shot
	nextAsked   int
}

// Bounds of what is kept, some 50 KB each.
const (
	keptOpen      = 128
	keptQuestions = 256
)

// shotOneIn is how many requests there are to one that is kept while nothing is on trial. lookRest is
// how many times as long as a look took the next one waits, so that looking takes a quarter of a
// processor at most.
const (
	shotOneIn  = 8
	lookRest   = 3
	waitedFor  = 4 // looks that may wait
	leastTimed = 50
)

func newTrial() *trial { return &trial{shots: make(chan *shot, waitedFor)} }

// canary is the bundle on trial when it ranks this request, nil otherwise. The state must stand still.
func (r *run) canary() *registry.Bundle {
	s, m := r.server, &r.server.State.Challenger
	name := string(r.visitor)
	if name == "" {
		name = r.reply.Request
	}
	if r.past != nil || !m.Canaried(name) || s.trial.stopped.Load() == uint64(m.Since) {
		return nil
	}
	return s.bundle(m, s.State.Definitions)
}

// observe leaves a copy of what a request ranks. The state must stand still.
func (r *run) observe(k *ranking, candidates []recall.Candidate, visitor uint32) {
	s := r.server
	t := s.trial
	if r.past != nil || len(candidates) < leastCandidates {
		return
	}
	m := &s.State.Challenger
	on := m.Name != "" && t.stopped.Load() != uint64(m.Since)
	switch {
	case !on && (k.model == nil || mixed(recall.SeedOf(r.reply.Request))%shotOneIn != 0):
		return
	case len(t.shots) == cap(t.shots):
		if on {
			t.missed.Add(1)
		}
		return
	}
	if k.model == nil {
		k.builder.Start(visitor, r.reply.Time, r.req.Context)
	}
	shot := takeShot(r.visitor, visitor, r.reply.Time, s.State.Definitions, candidates, func(i int) rank.Row {
		if k.model == nil {
			return *k.builder.Row(&candidates[i])
		}
		return k.rows.Row(i)
	})
	select {
	case t.shots <- shot:
	default:
	}
}

// watchOn looks at requests until the server closes.
func (s *Server) watchOn() {
	ticker := time.NewTicker(fallbackEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
			s.decide()
		case shot := <-s.trial.shots:
			began := s.Stopwatch()
			s.looks(shot)
			s.decide()
			rest := time.NewTimer(lookRest * min(max(0, s.Stopwatch()-began), fallbackEvery))
			select {
			case <-s.stop:
				rest.Stop()
				return
			case <-rest.C:
			}
		}
	}
}

// onTrial is who is on trial, against whom, with what came of either side's slates, of all and of each
// visitor's first; own is nil when nobody is, or it is not at hand. Both go by these definitions.
func (s *Server) onTrial() (m fold.Model, own, live *registry.Bundle, arms, firsts fold.Arms, definitions string) {
	var ranker fold.Model
	s.Stream.View(func(freshet.Position) {
		m, ranker, arms, firsts, definitions = s.State.Challenger, s.State.Model, s.State.Arms, s.State.Firsts.Arms, s.State.Definitions
	})
	if m.Name != "" {
		own = s.bundle(&m, definitions)
	}
	if ranker.Name != "" {
		live = s.bundle(&ranker, definitions)
	}
	return m, own, live, arms, firsts, definitions
}

// looks is lookAt which outlives a panic of it: that ends the trial which is under way, and no more.
func (s *Server) looks(taken *shot) {
	t := s.trial
	defer func() {
		why := recover()
		if why == nil {
			return
		}
		s.Report("what requests rank cannot be compared", fmt.Errorf("panic: %v", why))
		t.mu.Lock()
		defer t.mu.Unlock()
		t.definitions, t.open, t.next, t.questions, t.nextAsked = "", nil, 0, nil, 0
		if t.since != 0 && t.caught == nil {
			t.caught = &registry.Fault{Code: registry.Unfit, Text: fmt.Sprintf("to score a request's candidates with it ended in a panic: %v", why)}
		}
	}()
	s.lookAt(taken)
}

// lookAt compares what both say of a shot, and keeps it.
func (s *Server) lookAt(taken *shot) {
	t := s.trial
	m, own, live, _, _, definitions := s.onTrial()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin(&m)
	t.follow(definitions)
	if taken.definitions != definitions {
		return // the features were changed since
	}
	if own != nil && t.caught == nil {
		from := s.Stopwatch()
		out := s.scores(taken, own, nil)
		took := s.Stopwatch() - from
		if live != nil {
			from = s.Stopwatch()
			out.live = s.scores(taken, live, nil).own
			t.took(took, s.Stopwatch()-from, len(taken.rows), m.Guard)
		} else {
			t.took(took, 0, len(taken.rows), m.Guard)
		}
		t.compared.add(out)
	}
	if len(t.open) < keptOpen {
		t.open = append(t.open, taken)
		return
	}
	old := t.open[t.next]
	t.open[t.next] = taken
	t.next = (t.next + 1) % keptOpen
	wanted := false
	s.Stream.View(func(freshet.Position) { wanted = old.question(s.State) })
	if wanted {
		t.question(old)
		if own != nil && live != nil {
			if a := ask([]*shot{old}, own, live, nil); len(a.auc) > 0 {
				t.auc.add(a.liveAUC[0] - a.auc[0])
			}
		}
	}
}

// begin forgets the trial before when another one is under way.
func (t *trial) begin(m *fold.Model) {
	if t.since != m.Since {
		t.since, t.compared, t.auc, t.own, t.live, t.batches, t.over, t.caught, t.told = m.Since, comparison{}, moments{}, 0, 0, 0, 0, nil, false
	}
}

// follow lets go of the shots of other definitions: no ranker of these reads their rows.
func (t *trial) follow(definitions string) {
	if t.definitions != definitions {
		t.definitions, t.open, t.next, t.questions, t.nextAsked = definitions, nil, 0, nil, 0
	}
}

// took notes how long both took for so many rows; live is 0 when none is.
func (t *trial) took(own, live time.Duration, rows int, guard *fold.Guard) {
	if rows < leastTimed {
		return
	}
	own, live = own*timedRows/time.Duration(rows), live*timedRows/time.Duration(rows)
	if t.batches == 0 || own < t.own {
		t.own = own
	}
	if t.batches == 0 || live < t.live {
		t.live = live
	}
	t.batches++
	if guard != nil && guard.P99 > 0 && own > slowLimit(0, guard) {
		t.over++
	}
}

func (t *trial) question(q *shot) {
	if len(t.questions) < keptQuestions {
		t.questions = append(t.questions, q)
		return
	}
	t.questions[t.nextAsked] = q
	t.nextAsked = (t.nextAsked + 1) % keptQuestions
}

// asked are the questions that there are under these definitions.
func (s *Server) asked(definitions string) []*shot {
	t := s.trial
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.definitions != definitions {
		return nil
	}
	list := slices.Clone(t.questions)
	s.Stream.View(func(freshet.Position) {
		for _, shot := range t.open {
			if open := *shot; open.question(s.State) {
				list = append(list, &open)
			}
		}
	})
	return list
}

// decide ends the trial when the model was caught at something.
func (s *Server) decide() {
	t := s.trial
	m, own, live, _, firsts, _ := s.onTrial()
	if own == nil {
		return
	}
	t.mu.Lock()
	t.begin(&m)
	if t.caught == nil && t.broken.Load() == uint64(m.Since) {
		t.compared.broken++
	}
	if t.caught == nil {
		t.caught = t.compared.fault(nameOf(live))
	}
	if t.caught == nil {
		t.caught = t.slow(m.Guard)
	}
	if t.caught == nil && m.Stage == fold.Canary {
		t.caught = behind(firsts.Live, firsts.Challenger)
	}
	if g := m.Guard; t.caught == nil && g != nil && g.GAUCDrop > 0 && t.auc.n >= leastQuestions && t.auc.mean-t.auc.bound(alpha) > g.GAUCDrop {
		t.caught = &registry.Fault{Code: registry.WorseThanLive, Text: fmt.Sprintf("its AUC within a visitor's candidates is %.4f ± %.4f below that of the live one, over %d questions; the guard allows %.4f", t.auc.mean, t.auc.bound(alpha), t.auc.n, g.GAUCDrop)}
	}
	caught, told := t.caught, t.told
	t.mu.Unlock()
	if caught == nil || told {
		return
	}
	t.stopped.Store(uint64(m.Since))
	if err := s.endTrial(&m, caught); err != nil {
		s.Report(fmt.Sprintf("model %s version %d ranks for nobody any more, and the journal cannot be told: %s", m.Name, m.Version, caught.Text), err)
		return // the next tick tries again
	}
	t.mu.Lock()
	t.told = true
	t.mu.Unlock()
	s.Report(fmt.Sprintf("model %s version %d was withdrawn from its trial (%s)", m.Name, m.Version, m.Stage), caught)
}

// slow says that the model takes too long, by the best of many batches, or too often longer than the
// guard says.
func (t *trial) slow(guard *fold.Guard) *registry.Fault {
	if guard != nil && guard.P99 > 0 {
		if t.batches < leastQuestions {
			return nil
		}
		if share := float64(t.over) / float64(t.batches); share > 0.01+sequenceBound(0.1, float64(t.batches), alpha) {
			return &registry.Fault{Code: registry.TooSlow, Text: fmt.Sprintf("for %d candidates it takes longer than the %v ms of the guard in %.3f of %d requests", timedRows, guard.P99, share, t.batches)}
		}
		return nil
	}
	if limit := slowLimit(t.live, nil); t.batches >= leastRequests && t.own > limit {
		return tooSlow(t.own, limit, timedRows)
	}
	return nil
}

// catch ends the trial of a model that gave a request scores which are no numbers. The state stands
// still, so the journal is told later.
func (t *trial) catch(m *fold.Model) {
	t.stopped.Store(uint64(m.Since))
	t.broken.Store(uint64(m.Since))
}

// withdrawWait is how long the journal has to take the end of a trial, before it is tried again.
const withdrawWait = 5 * time.Second

// endTrial journals that a trial is over, unless it is.
func (s *Server) endTrial(m *fold.Model, caught *registry.Fault) error {
	defer s.tidy()
	s.switching.Lock()
	defer s.switching.Unlock()
	if s.LiveIn(fold.Challenger).Since != m.Since {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), withdrawWait)
	defer cancel()
	_, err := s.journal(ctx, fold.Switch{Name: m.Name, Version: m.Version, SHA256: m.SHA256, By: fold.Withdrawn, Slot: fold.Challenger, Stage: fold.Ended, Code: caught.Code, Reason: caught.Text})
	return err
}

// journal writes the record of a switch.
func (s *Server) journal(ctx context.Context, record fold.Switch) (freshet.Position, error) {
	text, err := json.Marshal(record)
	if err != nil {
		return 0, err
	}
	return s.Stream.Switch(ctx, s.Now().UnixMilli(), text)
}

// Trial is the model that is on trial, and what is known of it so far.
type Trial struct {
	fold.Model
	AtHand   bool
	Requests int     // compared with the live model
	Missed   uint64  // requests since the start that were not, for want of time
	Rho      float64 // mean rank correlation with the live model, or with recall's order where none is live
	fold.Arms
	Caught *registry.Fault // nil as long as it is not caught at anything
}

// OnTrial is the model that is on trial, nil for none.
func (s *Server) OnTrial() *Trial {
	m, own, _, arms, _, _ := s.onTrial()
	if m.Name == "" {
		return nil
	}
	t := s.trial
	t.mu.Lock()
	defer t.mu.Unlock()
	out := &Trial{Model: m, AtHand: own != nil, Missed: t.missed.Load(), Arms: arms}
	if t.since == m.Since {
		out.Requests, out.Rho, out.Caught = t.compared.requests, t.compared.rho.mean, t.caught
	}
	return out
}

// instead lets the live model rank where the one on trial gave scores which are no numbers: its trial
// is over. Where no live one is at hand a candidate without a number stays last. It reports false when
// ctx ended before the live one, which is *live then, was through: the ranking has no rows. The state
// must stand still.
func (r *run) instead(ctx context.Context, k *ranking, live *fold.Model, publication *int, candidates []recall.Candidate, visitor uint32) bool {
	s := r.server
	s.trial.catch(live)
	bundle := s.bundle(&s.State.Model, s.State.Definitions)
	if bundle == nil {
		return true
	}
	ranker, number, err := s.ranker(bundle)
	if err != nil {
		return true
	}
	*live, *publication = s.State.Model, number
	return k.score(ctx, ranker, candidates, visitor, r)
}
