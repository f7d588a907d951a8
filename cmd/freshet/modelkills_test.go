package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
	"github.com/freshet-rec/freshet/internal/sim"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/registry"
)

// killsPerMarket is how often one data directory lives through the end of its server.
const killsPerMarket = 8

// TestGoalModelKills kills servers, and trainings beside them, at random moments: while an operator
// promotes, puts on trial and rolls back, while what is learned online is published, and while a version
// is trained and saved. After each kill the journal has every switch that was acknowledged and at most
// the one that was under way; folded from its beginning it comes to the publication in force, to the hash;
// every version there is reads and makes of its golden rows what it made; and the server that is started
// again is ready, has live what the journal says, and ranks slates by it.
func TestGoalModelKills(t *testing.T) {
	sizes := goal.Sizes{Quick: killsPerMarket, CI: 2 * killsPerMarket}
	g := goal.Begin(t, "G23", "0 kills leave another model live than the acknowledged one, or one that does not rank", sizes)
	online := goal.Begin(t, "G26", "0 kills leave weights that are not replayed to the same hash", sizes)
	seed := uint64(time.Now().UnixNano())
	g.SetSeed(seed)
	online.SetSeed(seed)
	template, visitors := trainedMarket(t)
	var sum marketCounts
	for g.More() {
		data := filepath.Join(t.TempDir(), "data")
		if err := os.CopyFS(data, os.DirFS(template)); err != nil {
			t.Fatal(err)
		}
		s := &market{data: data, visitors: visitors, rng: rand.New(rand.NewPCG(seed, uint64(g.N())))}
		s.live(t)
		sum.add(&s.marketCounts)
		g.Add(killsPerMarket)
		online.Add(killsPerMarket)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if sum.switches < killsPerMarket || sum.publications == 0 || sum.slates < 200 {
		t.Errorf("too little happened between the kills: %+v", sum)
	}
	g.End("0 of %d, %d switches acknowledged and %d under way, %d of %d trainings killed", g.N(), sum.switches, sum.unknown, sum.cut, sum.trainings)
	online.End("0 of %d, %d publications", online.N(), sum.publications)
}

// trainedMarket is a data directory with a history and three versions of a ranker.
func trainedMarket(t *testing.T) (data string, visitors []freshet.UserID) {
	w := sim.New(sim.Options{Seed: 6, Items: 150, Visitors: 1200, Days: 14, End: time.Now().Add(-time.Hour)})
	var lines []byte
	for e := range w.History() {
		lines = append(codec.AppendEvent(lines, &e), '\n')
	}
	dir := t.TempDir()
	data = filepath.Join(dir, "data")
	configured(t, data, "max_future: 1h\nranker: {online: {enabled: true}}\n")
	file := filepath.Join(dir, "events.jsonl")
	if err := os.WriteFile(file, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	inProcess(t, 0, nil, "import", "-q", "--data", data, file)
	for _, seed := range []string{"1", "2", "3"} {
		inProcess(t, 0, nil, "train", "-q", "--foreground", "--model", "lr", "--seed", seed, "--data", data)
	}
	return data, w.Visitors()
}

// market is a data directory whose server is killed again and again.
type market struct {
	data     string
	visitors []freshet.UserID
	rng      *rand.Rand
	ahead    atomic.Int64 // of the clock: what its events say they are, ms
	versions []int        // that there are
	acks     []acked
	seen     int // records of operators that were looked at
	marketCounts
}

type marketCounts struct {
	switches, unknown, publications, trainings, cut int
	slates                                          int64
}

func (c *marketCounts) add(o *marketCounts) {
	c.switches += o.switches
	c.unknown += o.unknown
	c.publications += o.publications
	c.trainings += o.trainings
	c.cut += o.cut
	c.slates += o.slates
}

// acked is a switch that a client was told of.
type acked struct {
	at      freshet.Position
	by      string
	slot    fold.Slot
	stage   fold.Stage
	version int
}

// live lets the market live through its kills, and holds it against its journal after each.
func (s *market) live(t *testing.T) {
	var by told
	unknown := false
	begin := func() *process {
		p := start(t, s.data)
		before := by.publications
		by = s.read(t) // what was written and not known to be durable is in the journal once it is opened
		s.publications += by.publications - before
		s.hold(t, &by, unknown)
		s.soundBundles(t)
		s.serves(t, p, &by)
		return p
	}
	for round := range killsPerMarket {
		p := begin()
		if t.Failed() {
			t.Fatalf("after kill %d", round)
		}
		var wg sync.WaitGroup
		for range 2 {
			rng := rand.New(rand.NewPCG(s.rng.Uint64(), 1))
			wg.Go(func() { s.trade(t, p, rng) })
		}
		acks := make(chan struct{}, 1) // one when as many switches are acknowledged as it takes
		unknown = false
		if switching := round%2 == 0; switching || s.rng.IntN(2) == 0 {
			rng := rand.New(rand.NewPCG(s.rng.Uint64(), 2))
			wg.Go(func() { unknown = s.operate(t, p, rng, switching, acks) })
		}
		if round%3 == 1 {
			rng := rand.New(rand.NewPCG(s.rng.Uint64(), 3))
			wg.Go(func() { s.train(t, rng) })
		}
		s.wait(p, round, &by, acks)
		p.stop(t, syscall.SIGKILL)
		wg.Wait()
	}
	begin().stop(t, os.Interrupt)
	if out, talk, code := runCommand(t, "verify", "--data", s.data); code != 0 {
		t.Errorf("verify ends with %d: %s%s", code, out, talk)
	}
}

// wait returns when the server is to be killed: at random, right after an acknowledged switch, or right
// after a publication came into force.
func (s *market) wait(p *process, round int, by *told, acks <-chan struct{}) {
	lasts := time.Duration(100+s.rng.IntN(900)) * time.Millisecond
	switch round % 4 {
	case 0:
		time.Sleep(lasts)
	case 1, 3:
		until := time.Now().Add(2*time.Second + lasts)
		if round%4 == 3 {
			until = time.Now().Add(20 * time.Second)
		}
		for ; time.Now().Before(until); time.Sleep(time.Millisecond) {
			var status marketStatus
			if _, err := p.get("/status", &status); err == nil && round%4 == 3 && status.Model != nil && status.Model.Online != nil && status.Model.Online.Publication > by.inForce.Number {
				return
			}
		}
	case 2:
		select {
		case <-acks:
		case <-time.After(patience):
		}
	}
	time.Sleep(time.Duration(s.rng.IntN(1000)) * time.Microsecond)
}

// trade asks for slates, tells what was on screen, and clicks, until the server is gone. What is clicked
// is another thing than in the history, and the clock of these events runs a second each slate, so that
// windows pass: there is something to learn.
func (s *market) trade(t *testing.T, p *process, rng *rand.Rand) {
	for {
		user := s.visitors[rng.IntN(len(s.visitors))]
		var slate struct {
			RequestID string `json:"request_id"`
			Items     []struct {
				ID string `json:"item_id"`
			} `json:"items"`
		}
		if status, err := p.post("/v1/recommend", map[string]any{"user_id": user, "n": 10, "timeout_ms": 5000}, &slate); err != nil {
			return
		} else if status != http.StatusOK || len(slate.Items) == 0 {
			t.Errorf("a slate has the status %d and %d items", status, len(slate.Items))
			return
		}
		atomic.AddInt64(&s.slates, 1)
		now := time.Now().UnixMilli() + min(s.ahead.Add(1000), 55*60_000)
		var events []map[string]any
		for i, it := range slate.Items {
			event := map[string]any{"user_id": user, "item_id": it.ID, "event": "expose", "ts": now, "request_id": slate.RequestID, "rank": i + 1}
			events = append(events, event)
			likes := 0.2
			if strings.HasSuffix(it.ID, "3") || strings.HasSuffix(it.ID, "7") {
				likes = 0.7
			}
			if rng.Float64() < likes {
				events = append(events, map[string]any{"user_id": user, "item_id": it.ID, "event": "click", "ts": now, "request_id": slate.RequestID})
			}
		}
		if _, err := p.post("/v1/events", events, nil); err != nil {
			return
		}
	}
}

// operate switches models until the server is gone, and reports that it was about to when it went.
// Without switching what is live stays, and only trials are begun.
func (s *market) operate(t *testing.T, p *process, rng *rand.Rand, switching bool, acks chan<- struct{}) (unknown bool) {
	for left := 1 + rng.IntN(8); ; {
		version := s.versions[rng.IntN(len(s.versions))]
		path, body := fmt.Sprintf("/v1/models/lr/versions/%d/promote", version), map[string]any{}
		ack := acked{by: fold.Promoted, version: version}
		switch what := rng.IntN(8); {
		case what < 2:
			ack.slot, ack.stage = fold.Challenger, fold.Shadow
			body["stage"] = "shadow"
		case what < 4 || !switching:
			ack.slot, ack.stage = fold.Challenger, fold.Canary
			body["stage"], body["percent"] = "canary", 50
		case what < 6:
			path, ack.by = "/v1/models/lr/rollback", fold.Restored
		}
		var reply struct {
			Live     *int             `json:"live"`
			Was      json.RawMessage  `json:"was"`
			Trial    bool             `json:"trial"`
			Already  bool             `json:"already"`
			Code     string           `json:"code"`
			Position freshet.Position `json:"position"`
		}
		status, err := p.post(path, body, &reply)
		switch {
		case err != nil:
			return true
		case status == http.StatusOK && !reply.Already:
			if ack.at = reply.Position; ack.by == fold.Restored {
				if ack.version = *reply.Live; reply.Trial {
					ack.slot, ack.stage = fold.Challenger, fold.Ended
					if err := json.Unmarshal(reply.Was, &ack.version); err != nil {
						t.Error(err)
					}
				}
			}
			s.acks = append(s.acks, ack)
			s.switches++
			if left--; left == 0 {
				acks <- struct{}{}
			}
		case status == http.StatusServiceUnavailable || status == http.StatusInternalServerError:
			t.Errorf("%s: %d %s", path, status, reply.Code)
		}
		time.Sleep(time.Duration(rng.IntN(40)) * time.Millisecond)
	}
}

// train trains another version, and kills the training some time on.
func (s *market) train(t *testing.T, rng *rand.Rand) {
	cmd := exec.Command("freshet", "train", "-q", "--foreground", "--model", "lr", "--seed", fmt.Sprint(4+rng.IntN(1000)), "--data", s.data)
	cmd.Dir = t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return
	}
	s.trainings++
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	until := time.Now().Add(time.Duration(200+rng.IntN(3000)) * time.Millisecond)
	saving := rng.IntN(2) == 0 // else at random
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("a training that nobody killed: %v", err)
			}
			return
		case <-time.After(100 * time.Microsecond):
		}
		drafts, err := filepath.Glob(filepath.Join(s.data, "models", "lr", "*.tmp"))
		if err != nil {
			t.Error(err)
		}
		if saving && len(drafts) > 0 || !saving && time.Now().After(until) {
			break
		}
	}
	time.Sleep(time.Duration(rng.IntN(2000)) * time.Microsecond)
	_ = cmd.Process.Kill() // it may have ended already
	if err := <-ended; err != nil {
		s.cut++
	}
}

// marketStatus is what a server says of what ranks.
type marketStatus struct {
	Model *struct {
		Name    string
		Version int
		SHA256  string
		AtHand  bool `json:"at_hand"`
		Online  *struct {
			Publication int
			Verdict     fold.Verdict
			Learned     *fold.Learned
		}
	}
}

// told is what the journal says.
type told struct {
	switches     []fold.Switch // by operators and servers, in order
	at           []freshet.Position
	live, trial  fold.Switch // by these
	publications int
	inForce      fold.Updates // by a fold from the beginning
}

// read reads the journal of a server that may be running, and folds it from the beginning.
func (s *market) read(t *testing.T) (out told) {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	disk, err := fsys.Existing(s.data)
	ok(err)
	published, byOperator := map[freshet.Position]string{}, false
	last, err := eachRecord(t.Context(), disk, func(rec *journal.Record) error {
		switch rec.Topic {
		case freshet.TopicModel:
			var one fold.Switch
			ok(json.Unmarshal(rec.Payload, &one))
			switch one.By {
			case fold.Promoted, fold.Restored:
				byOperator = true
			case fold.Adopted:
				if byOperator {
					t.Errorf("a server has adopted version %d after an operator had spoken", one.Version)
				}
			}
			out.switches, out.at = append(out.switches, one), append(out.at, rec.Position)
			switch {
			case one.Slot == fold.Challenger && one.Stage == fold.Ended:
				out.trial = fold.Switch{}
			case one.Slot == fold.Challenger:
				out.trial = one
			case one.By == fold.Promoted && one.SHA256 == out.live.SHA256: // what was live already is so by an operator now
				out.live = one
			default:
				out.live, out.trial = one, fold.Switch{}
			}
		case freshet.TopicWeights:
			var one fold.Publication
			ok(json.Unmarshal(rec.Payload, &one))
			if one.Verdict == fold.Published {
				out.publications++
				published[rec.Position] = one.Weights
			}
		}
		return nil
	})
	ok(err)

	file := filepath.Join(s.data, defaultConfigFile)
	text, err := os.ReadFile(file)
	ok(err)
	cfg, problems := config.Parse(file, text, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	cfg.Data = s.data
	n := &node{disk: disk, state: &fold.State{}, shelf: registry.NewShelf(disk, true)}
	ok(n.anew(&app{stdout: io.Discard, stderr: io.Discard, now: time.Now}, cfg))
	reader, err := journal.OpenReader(disk)
	ok(err)
	reader.Until(last) // a server that runs may have published since
	ok(n.stream.Replay(t.Context(), reader, nil))
	u := n.state.Updates
	if l := n.state.Learned(); l.Diverged != 0 {
		t.Errorf("%d publications are not what their journal teaches: %+v", l.Diverged, l)
	}
	if u.Number > 0 {
		if got := fold.Hash(n.state.Model.SHA256, u.Patches); got != published[u.Since] {
			t.Errorf("publication %d is replayed to the weights %.12s…, and was %.12s…", u.Number, got, published[u.Since])
		}
	}
	out.inForce = u
	ok(errors.Join(reader.Close(), disk.Close()))
	return out
}

// hold holds what was acknowledged against the journal. unknown says that one switch was under way.
func (s *market) hold(t *testing.T, now *told, unknown bool) {
	t.Helper()
	if unknown {
		s.unknown++
	}
	next := 0
	var lost []acked
	var extra []fold.Switch
	last := freshet.Position(0)
	for i := range now.switches {
		one := &now.switches[i]
		if one.By != fold.Promoted && one.By != fold.Restored || now.at[i] <= freshet.Position(s.seen) {
			continue
		}
		last = now.at[i]
		if next < len(s.acks) && s.acks[next].at == now.at[i] {
			if a := &s.acks[next]; a.by != one.By || a.slot != one.Slot || a.stage != one.Stage || a.version != one.Version {
				t.Errorf("acknowledged was %+v, and the journal has %+v", a, one)
			}
			next++
			continue
		}
		extra = append(extra, *one)
	}
	lost = s.acks[next:]
	if len(lost) > 0 || len(extra) > 1 || len(extra) == 1 && (!unknown || len(s.acks) > 0 && last == s.acks[len(s.acks)-1].at) {
		t.Errorf("acknowledged and not in the journal: %+v; in the journal and not acknowledged: %+v, one under way: %v", lost, extra, unknown)
	}
	s.acks, s.seen = nil, int(max(last, freshet.Position(s.seen)))
}

// serves holds a server that has just started against its journal.
func (s *market) serves(t *testing.T, p *process, by *told) {
	t.Helper()
	var status marketStatus
	if code, err := p.get("/status", &status); err != nil || code != http.StatusOK {
		t.Fatalf("status: %d %v", code, err)
	}
	m := status.Model
	if m == nil || !m.AtHand || m.Name != by.live.Name || m.Version != by.live.Version || m.SHA256 != by.live.SHA256 {
		t.Fatalf("live is %+v, by the journal %+v", m, by.live)
	}
	if o := m.Online; o == nil || o.Learned == nil || o.Learned.Diverged != 0 || o.Publication < by.inForce.Number && o.Verdict != fold.Reverted {
		t.Errorf("in force is %+v, by the journal publication %d", o, by.inForce.Number)
	}
	var models modelsReply
	if code, err := p.get("/v1/models", &models); err != nil || code != http.StatusOK || models.Damaged != "" {
		t.Fatalf("models: %d %v %s", code, err, models.Damaged)
	}
	live, shadow, canary := 0, 0, 0
	for _, m := range models.Data {
		for _, one := range []struct {
			is  *int
			sum *int
		}{{m.Live, &live}, {m.Shadow, &shadow}, {m.Canary, &canary}} {
			if one.is != nil {
				if *one.sum != 0 {
					t.Errorf("two models in one place: %+v", models.Data)
				}
				*one.sum = *one.is
			}
		}
	}
	wantShadow, wantCanary := 0, 0
	switch by.trial.Stage {
	case fold.Shadow:
		wantShadow = by.trial.Version
	case fold.Canary:
		wantCanary = by.trial.Version
	}
	if live != by.live.Version || shadow != wantShadow || canary != wantCanary {
		t.Errorf("live, in the shadow and a canary are %d, %d and %d, by the journal %d and %+v", live, shadow, canary, by.live.Version, by.trial)
	}
	for range 8 {
		user := s.visitors[s.rng.IntN(len(s.visitors))]
		var slate slateReply
		code, err := p.post("/v1/recommend", map[string]any{"user_id": user, "n": 10, "timeout_ms": 5000, "dry_run": true}, &slate)
		ranker := slices.ContainsFunc(slate.Degraded, func(what string) bool { return strings.HasPrefix(what, "ranker") })
		if err != nil || code != http.StatusOK || slate.Model == nil || ranker || len(slate.Items) == 0 {
			t.Fatalf("a slate: %d %v ranked by %+v, degraded %v, %d items", code, err, slate.Model, slate.Degraded, len(slate.Items))
		}
		if v := slate.Model.Version; slate.Model.Name != "lr" || v != live && v != wantCanary {
			t.Errorf("a slate is ranked by %+v, live is %d", slate.Model, live)
		}
	}
}

// soundBundles checks every version that there is.
func (s *market) soundBundles(t *testing.T) {
	t.Helper()
	disk, err := fsys.Existing(s.data)
	if err != nil {
		t.Fatal(err)
	}
	list, err := registry.List(disk, "lr")
	if err != nil {
		t.Error(err)
	}
	s.versions = s.versions[:0]
	for i := range list {
		b, err := registry.Load(disk, "lr", list[i].Version)
		if err != nil {
			t.Error(err)
			continue
		}
		if f := b.Checked(); f != nil {
			t.Errorf("version %d: %v", b.Version, f)
		}
		s.versions = append(s.versions, b.Version)
	}
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
}
