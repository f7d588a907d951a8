package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
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

// TestKilledServerKeepsWhatItAcknowledged kills the server twenty times while clients post.
// After each restart everything ever acknowledged is known, and at the end an independent
// program finds every feature as the journal says it should be.
func TestKilledServerKeepsWhatItAcknowledged(t *testing.T) {
	const kills = 20
	data := filepath.Join(t.TempDir(), "data")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var acked []behaviour
	var p *process
	for round := range kills {
		p = start(t, data)
		var mu sync.Mutex
		var wg sync.WaitGroup
		for c := range 4 {
			events := randomEvents(rng, fmt.Sprintf("e%d-%d", round, c), 20_000)
			sizes := rand.New(rand.NewPCG(seed, uint64(round*4+c)))
			wg.Go(func() {
				for len(events) > 0 {
					n := min(len(events), 1+sizes.IntN(30))
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
					acked = append(acked, events[:n]...)
					mu.Unlock()
					events = events[n:]
				}
			})
		}
		time.Sleep(time.Duration(20+rng.IntN(150)) * time.Millisecond)
		p.stop(t, syscall.SIGKILL)
		wg.Wait()

		p = start(t, data)
		if got := resend(t, p, acked); got != len(acked) {
			t.Fatalf("after kill %d: %d of %d acknowledged events are known (seed %d)", round+1, got, len(acked), seed)
		}
		if round < kills-1 {
			p.stop(t, os.Interrupt)
		}
	}
	if len(acked) < 1000 {
		t.Fatalf("only %d events were acknowledged; the test proves too little", len(acked))
	}
	t.Logf("%d kills, %d acknowledged events, all of them known after every restart", kills, len(acked))
	judge(t, p, data, keepRows(t, p, 40, 60))
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

// judge dumps the journal beside the running server and lets the independent checker compare
// the rows with what it computes from the dump alone.
func judge(t *testing.T, p *process, data, rows string) {
	t.Helper()
	dump := filepath.Join(t.TempDir(), "dump.ndjson")
	out, talk, code := runCommand(t, "dump", "--data", data)
	if code != 0 {
		t.Fatalf("dump: exit %d\n%s", code, talk)
	}
	if err := os.WriteFile(dump, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	verdict, err := exec.Command(tool(t, "dumpcheck"), "--dump", dump, "--rows", rows).CombinedOutput()
	t.Logf("%s", verdict)
	if err != nil {
		t.Errorf("the checker disagrees: %v", err)
	}
}
