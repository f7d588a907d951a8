package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/internal/goal"
)

type behaviour struct {
	ID    string  `json:"event_id"`
	User  string  `json:"user_id"`
	Item  string  `json:"item_id"`
	Event string  `json:"event"`
	TS    int64   `json:"ts"`
	Value float64 `json:"value"`
}

type acknowledgement struct {
	Accepted  int    `json:"accepted"`
	Duplicate int    `json:"duplicate"`
	Refused   int    `json:"refused"`
	Late      int    `json:"late"`
	Position  string `json:"position"`
}

// randomEvents makes n events with ids of their own, up to half an hour old.
func randomEvents(rng *rand.Rand, prefix string, n int) []behaviour {
	events := make([]behaviour, n)
	for i := range events {
		events[i] = behaviour{
			ID: fmt.Sprintf("%s-%d", prefix, i), User: fmt.Sprintf("u%d", rng.IntN(40)), Item: fmt.Sprintf("i%d", rng.IntN(60)),
			Event: []string{"click", "like", "expose"}[rng.IntN(3)], TS: time.Now().UnixMilli() - rng.Int64N(30*60_000), Value: float64(rng.IntN(1000)) / 8,
		}
	}
	return events
}

// killsPerLife is how often one data directory lives through the end of its server.
const killsPerLife = 10

// TestGoalKills kills servers while clients post, twenty times at least. After each restart
// everything acknowledged is known, and at the end of each life an independent program finds
// every feature as the journal says it should be.
func TestGoalKills(t *testing.T) {
	g := goal.Begin(t, "G1", "0 of ≥ 1 M acknowledged lost over ≥ 60 kills", goal.Sizes{Quick: 20_000, CI: 1_000_000})
	seed := uint64(time.Now().UnixNano())
	g.SetSeed(seed)
	kills := 0
	for g.More() || kills < 20 || !g.Quick() && kills < 60 {
		l := &killed{data: filepath.Join(t.TempDir(), "data"), rng: rand.New(rand.NewPCG(seed, uint64(kills))), most: 30}
		if !g.Quick() {
			l.most = 1000
		}
		p := l.live(t)
		kills += killsPerLife
		g.Add(len(l.acked))
		if t.Failed() {
			t.Fatalf("after %d kills (seed %d)", kills, seed)
		}
		p.stop(t, os.Interrupt)
	}
	g.End("0 lost over %d kills", kills)
}

// killed is a data directory whose server is killed again and again.
type killed struct {
	data  string
	rng   *rand.Rand
	most  int // events of one post
	acked []behaviour
}

// live returns the last server, which nobody killed.
func (l *killed) live(t *testing.T) *process {
	var p *process
	for round := range killsPerLife {
		p = start(t, l.data)
		var mu sync.Mutex
		var wg sync.WaitGroup
		var acked []behaviour
		enough := make(chan struct{}) // closed when so many are acknowledged that the kill proves something
		for c := range 4 {
			events := randomEvents(l.rng, fmt.Sprintf("e%d-%d", round, c), 20_000)
			sizes := rand.New(rand.NewPCG(l.rng.Uint64(), uint64(c)))
			wg.Go(func() {
				for len(events) > 0 {
					n := min(len(events), 1+sizes.IntN(l.most))
					var ack acknowledgement
					status, err := p.post("/v1/events", events[:n], &ack)
					if err != nil {
						return // the server is gone; nothing is known of these
					}
					if status != 200 || ack.Accepted != n {
						t.Errorf("status %d, %+v for %d new events", status, ack, n)
						return
					}
					mu.Lock()
					if before := len(acked); before < 100 && before+n >= 100 {
						close(enough)
					}
					acked = append(acked, events[:n]...)
					mu.Unlock()
					events = events[n:]
				}
			})
		}
		time.Sleep(time.Duration(20+l.rng.IntN(150)) * time.Millisecond)
		select {
		case <-enough:
		case <-time.After(patience):
			t.Errorf("too few events are acknowledged within %s", patience)
		}
		p.stop(t, syscall.SIGKILL)
		wg.Wait()

		p = start(t, l.data)
		if got := resend(t, p, acked); got != len(acked) {
			t.Errorf("after kill %d: %d of the %d events acknowledged before are known", round+1, got, len(acked))
			return p
		}
		l.acked = append(l.acked, acked...)
		if round < killsPerLife-1 {
			p.stop(t, os.Interrupt)
		}
	}
	if got := resend(t, p, l.acked); got != len(l.acked) {
		t.Errorf("in the end %d of %d acknowledged events are known", got, len(l.acked))
	}
	if len(l.acked) < 1000 {
		t.Errorf("only %d events were acknowledged; the test proves too little", len(l.acked))
	}
	judge(t, p, l.data, keepRows(t, p, 10, 60))
	return p
}

// resend posts the events again and returns how many are duplicates.
func resend(t *testing.T, p *process, events []behaviour) (known int) {
	t.Helper()
	for at := 0; at < len(events); at += 5000 {
		var body bytes.Buffer
		enc := json.NewEncoder(&body)
		for _, e := range events[at:min(at+5000, len(events))] {
			if err := enc.Encode(e); err != nil {
				t.Fatal(err)
			}
		}
		var ack acknowledgement
		if status, err := p.send("/v1/events", "application/x-ndjson", body.Bytes(), &ack); err != nil || status != 200 {
			t.Fatalf("status %d, %v", status, err)
		}
		known += ack.Duplicate
	}
	return known
}

// keepRows reads the features of every user with every item and writes them as the judge
// wants them.
func keepRows(t *testing.T, p *process, users, items int) string {
	t.Helper()
	var ids []string
	for i := range items {
		ids = append(ids, fmt.Sprintf("i%d", i))
	}
	var kept bytes.Buffer
	enc := json.NewEncoder(&kept)
	for u := range users {
		request := map[string]any{"user_id": fmt.Sprintf("u%d", u), "item_ids": ids}
		var reply json.RawMessage
		if status, err := p.post("/v1/features", request, &reply); err != nil || status != 200 {
			t.Fatalf("features: status %d, %v", status, err)
		}
		if err := enc.Encode(map[string]any{"request": request, "reply": reply}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "rows.ndjson")
	if err := os.WriteFile(path, kept.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
