package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/httpapi"
)

// reloads has a running server read its configuration again. What is wrong with it, and what only a
// restart can change, leaves everything as it is; changed features are warmed beside those in force
// and then take their place, see [warming]. One change is under way at a time: another one is refused
// until it has ended.
type reloads struct {
	app  *app
	node *node
	read func() (*config.Config, error) // the configuration as it is now; nil when there is none to read

	mu     sync.Mutex // guards what follows
	now    *warming   // nil when none is under way
	names  []string   // of the features that now adds or changes
	last   *httpapi.ReloadEnd
	counts map[string]uint64
	closed bool
	wg     sync.WaitGroup
	ctx    context.Context // of warmings; ends with close
	cancel context.CancelFunc
}

func newReloads(ctx context.Context, a *app, n *node, read func() (*config.Config, error)) *reloads {
	r := &reloads{app: a, node: n, read: read, counts: map[string]uint64{}}
	r.ctx, r.cancel = context.WithCancel(ctx)
	return r
}

// close gives up what is under way and waits for its end, but not where nothing can end any more.
func (r *reloads) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel()
	if r.node.stream.Poison() == nil {
		r.wg.Wait()
	}
}

// State implements httpapi.Reloads.
func (r *reloads) State() (s httpapi.ReloadState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Last, s.Counts = r.last, map[string]uint64{}
	for outcome, n := range r.counts {
		s.Counts[outcome] = n
	}
	if w := r.now; w != nil {
		at, until := freshet.Position(w.at.Load()), r.node.stream.Applied()
		s.Warming = &httpapi.Warming{Names: r.names, Position: at, Until: until, Keys: int(w.keys.Load()), Share: 1}
		if until >= w.from {
			s.Warming.Share = min(1, float64(at+1-w.from)/float64(until+1-w.from))
		}
	}
	return s
}

// Reload implements httpapi.Reloads.
func (r *reloads) Reload(context.Context) (*httpapi.Reload, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	done, err := r.reload()
	var refused *httpapi.ReloadRefused
	switch {
	case errors.As(err, &refused):
		r.app.say("warning: the configuration was not reloaded: %s", clean(refused.Detail))
		for _, f := range refused.Faults {
			r.app.say("  %s  %s", clean(f.Pointer), clean(f.Message))
			if f.Hint != "" {
				r.app.say("    %s", clean(f.Hint))
			}
		}
		r.end(httpapi.ReloadRefusal, refused.Detail, 0, "")
	case err != nil:
		r.app.say("warning: the configuration was not reloaded: %v", err)
		r.end(httpapi.ReloadFailed, err.Error(), 0, "")
	case done.Outcome == httpapi.ReloadUnchanged:
		r.app.say("the configuration was read again: nothing has changed")
		r.end(httpapi.ReloadUnchanged, "nothing has changed", 0, "")
	default:
		r.app.say("the configuration was read again: %s, folded from %s of the journal before it is in force", changesText(done.Changes), plural(int(done.Records), "record"))
	}
	return done, err
}

// end notes how a reload ended; mu is held.
func (r *reloads) end(outcome, detail string, p freshet.Position, model string) {
	r.counts[outcome]++
	r.last = &httpapi.ReloadEnd{At: r.app.now().UTC().Format("2006-01-02T15:04:05.000Z07:00"), Outcome: outcome, Detail: detail, Position: p, Model: model}
}

// reload judges the configuration and begins what it asks for; mu is held.
func (r *reloads) reload() (*httpapi.Reload, error) {
	if r.closed || r.read == nil {
		return nil, &httpapi.ReloadRefused{Code: "not_available", Detail: "this server was started without a configuration that can be read again, or is stopping"}
	}
	if r.now != nil {
		return nil, &httpapi.ReloadRefused{Code: "warming", Detail: "changed features are being warmed, which a second change would have to begin anew; reload again once they are in force"}
	}
	cfg, err := r.read()
	if err != nil {
		return nil, badConfiguration(err)
	}
	was := r.node.config()
	if refused := r.refuse(was, cfg); refused != nil {
		return nil, refused
	}
	done := &httpapi.Reload{Outcome: httpapi.ReloadUnchanged, Changes: reloadChanges(was.Features, cfg.Features)}
	text, err := definitionsText(cfg)
	if err != nil {
		return nil, err
	}
	if before, err := definitionsText(was); err != nil || string(before) == string(text) {
		return done, err
	}
	r.node.keep(true) // from here on the journal keeps its beginning
	w, err := r.node.newWarming(watchedFold(cfg), text)
	if err != nil {
		r.node.keep(false)
		return nil, err
	}
	if refused := r.node.refuseReleased(cfg); refused != nil {
		r.node.keep(false)
		return nil, errors.Join(refused, w.reader.Close())
	}
	done.Outcome, done.Records = httpapi.ReloadWarming, uint64(r.node.stream.Applied()+1-w.from)
	if live := r.node.server.Live(); live.Name != "" {
		done.Model = fmt.Sprintf("%s@%d was trained on other features and does not rank once they are in force; train a new version", live.Name, live.Version)
	}
	r.now, r.names = w, nil
	for _, c := range done.Changes {
		if c.Change == "added" || c.Change == "changed" {
			r.names = append(r.names, c.Name)
		}
	}
	r.wg.Go(func() { r.warm(w, cfg, done.Changes) })
	return done, nil
}

// warm sees a warming through.
func (r *reloads) warm(w *warming, cfg *config.Config, changes []httpapi.ReloadChange) {
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	r.node.onFull(cancel)
	p, err := w.run(ctx, func() int64 { return r.app.now().UnixMilli() })
	model := ""
	if err == nil {
		r.node.cfg.Store(cfg)
		if err := r.node.server.Adopt(ctx); err != nil {
			r.app.say("warning: models: %v", err)
		}
		live := r.node.server.Live()
		switch {
		case live.Name == "":
		case r.node.server.AtHand(&live):
			model = fmt.Sprintf("%s@%d ranks", live.Name, live.Version)
		default:
			model = fmt.Sprintf("%s@%d was trained on other features and does not rank: slates are in recall's order until a model of these is trained and promoted", live.Name, live.Version)
		}
	}
	r.node.onFull(nil)
	r.node.keep(false)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now, r.names = nil, nil
	if err != nil {
		r.app.say("warning: the features stay as they were, the changed ones could not be warmed: %v", err)
		r.end(httpapi.ReloadFailed, err.Error(), 0, "")
		return
	}
	r.app.say("features: %s, in force from position %s on", changesText(changes), p)
	if model != "" {
		r.app.say("model: %s", model)
	}
	r.end(httpapi.ReloadApplied, changesText(changes), p, model)
}

// badConfiguration is an error of reading a configuration as a refusal that names every place.
func badConfiguration(err error) error {
	refused := &httpapi.ReloadRefused{Code: "bad_config", Detail: err.Error()}
	var bad *badConfig
	if errors.As(err, &bad) {
		refused.Detail = plural(len(bad.problems), "error") + " in " + bad.problems[0].File + "; the configuration from before is in force"
		for _, p := range bad.problems {
			refused.Faults = append(refused.Faults, httpapi.ReloadFault{File: p.File, Line: p.Line, Column: p.Column, Code: "bad_config",
				Pointer: fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column), Message: p.Message, Hint: p.Hint})
		}
	}
	return refused
}

// refuse says why a sound configuration must not come into force without a restart, or at all.
func (r *reloads) refuse(was, cfg *config.Config) error {
	if list := was.Restart(cfg); len(list) > 0 {
		refused := &httpapi.ReloadRefused{Code: "needs_restart", Detail: "only a restart can change what differs: " + plural(len(list), "setting") + "; nothing was changed"}
		for _, one := range list {
			refused.Faults = append(refused.Faults, httpapi.ReloadFault{Code: "needs_restart", Message: one})
		}
		return refused
	}
	list := changedMeanings(was.Features, cfg)
	if len(list) == 0 {
		return nil
	}
	refused := &httpapi.ReloadRefused{Code: "feature_changed", Detail: plural(len(list), "feature") + " would mean something else under the same name and version; nothing was changed"}
	for i := range list {
		refused.Faults = append(refused.Faults, httpapi.ReloadFault{Code: "feature_changed", Pointer: list[i].Name, Message: list[i].what(),
			Hint: list[i].way() + "; its history under the new meaning: " + r.app.backfillOf(cfg, []string{list[i].Name})})
	}
	return refused
}

// reloadChanges lists what becomes of the features.
func reloadChanges(was, now []feature.Definition) []httpapi.ReloadChange {
	list := []httpapi.ReloadChange{}
	for _, c := range feature.Changes(was, now) {
		one := httpapi.ReloadChange{Name: c.Name, Change: "changed"}
		switch {
		case c.Was == nil:
			one.Change = "added"
		case c.Now == nil:
			one.Change = "removed"
		case c.Now.Version != c.Was.Version:
			one.Fields = append(one.Fields, httpapi.FieldShift{Field: "version", Was: fmt.Sprint(max(1, c.Was.Version)), Now: fmt.Sprint(max(1, c.Now.Version))})
		}
		for _, f := range c.Fields {
			if c.Was != nil && c.Now != nil {
				one.Fields = append(one.Fields, httpapi.FieldShift{Field: f.Field, Was: f.Was, Now: f.Now})
			}
		}
		list = append(list, one)
	}
	return list
}

// changesText sums changes up.
func changesText(changes []httpapi.ReloadChange) string {
	if len(changes) == 0 {
		return "features in another order"
	}
	text := ""
	for _, kind := range []string{"added", "changed", "removed"} {
		names, n := "", 0
		for _, c := range changes {
			if c.Change != kind {
				continue
			}
			if n++; n <= 10 {
				names += " " + c.Name
			}
		}
		if n > 10 {
			names += fmt.Sprintf(" and %d more", n-10)
		}
		if n > 0 {
			text += "; " + kind + names
		}
	}
	return text[2:]
}

// onSignal reloads at every SIGHUP until ctx ends. A server that has nothing to read again ends by
// that signal, as any program.
func (r *reloads) onSignal(ctx context.Context) {
	if r.read == nil {
		return
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGHUP)
	defer signal.Stop(asked)
	for {
		select {
		case <-ctx.Done():
			return
		case <-asked:
			_, _ = r.Reload(ctx) // it says what came of it
		}
	}
}
