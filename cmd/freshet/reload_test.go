package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/internal/sim"
)

// The features of a server in these tests before and after a change: one goes on, one is changed, one
// goes, two come.
const (
	featuresBefore = `features:
  - {name: user_clicks, key: [user], on: [click], agg: count}
  - {name: item_ctr, key: [item], agg: rate, of: [click], per: [expose], window: 1h, hop: 1m, prior: [1, 20]}
  - {name: gone, key: [item], agg: last_time}
`
	featuresAfter = `features:
  - {name: pair_likes, key: [user, item], on: [like, click], agg: decayed_sum, half_life: 10m}
  - {name: user_clicks, key: [user], on: [click], agg: count}
  - {name: item_ctr, version: 2, key: [item], agg: rate, of: [click], per: [expose], window: 2h, hop: 1m, prior: [1, 20]}
  - {name: item_value, key: [item], agg: sum, field: value, window: 30m, hop: 1m}
`
)

// configured writes the configuration file of a data directory.
func configured(t *testing.T, data, text string) {
	t.Helper()
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, defaultConfigFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *process) status(t *testing.T) (s statusReply) {
	t.Helper()
	status, err := p.get("/status", &s)
	if err != nil || status != http.StatusOK {
		t.Fatalf("status: %d %v", status, err)
	}
	return s
}

// reload has the server read its configuration again, which must change its features.
func (p *process) reload(t *testing.T) {
	t.Helper()
	var reply reloadReply
	if status, err := p.post("/v1/config/reload", struct{}{}, &reply); err != nil || status != http.StatusAccepted {
		t.Fatalf("reload: %d %+v %v", status, reply, err)
	}
}

// inForce waits until changed features have come into force.
func (p *process) inForce(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		switch f := p.status(t).Features; {
		case f.Warming != nil:
		case f.Last != nil && f.Last.Outcome == "applied":
			return
		default:
			t.Fatalf("the reload ended with %+v\n%s", f.Last, p.talk)
		}
		if time.Now().After(deadline) {
			t.Fatalf("the features are not in force after %s\n%s", patience, p.talk)
		}
	}
}

// TestReloadUnderLoad: while a server is sent 2,000 events a second and is asked for slates and
// features, changed features come into force without one request failing; their values are those
// that an independent program computes from the dump, and the state is that of a fresh fold.
func TestReloadUnderLoad(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	configured(t, data, featuresBefore)
	importHistory(t, data) // so that there is much to warm them with
	p := start(t, data)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var sent, asked atomic.Int64
	// every does something at a pace. What is late is done at once, so that the pace is aimed at whatever
	// the server takes.
	every := func(d time.Duration, do func(i int) error) {
		began := time.Now()
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(time.Until(began.Add(time.Duration(i) * d))):
				}
				if err := do(i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	expect := func(path string, body, out any) error {
		status, err := p.post(path, body, out)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%s: status %d", path, status)
		}
		return err
	}
	for client := range 2 {
		rng := rand.New(rand.NewPCG(1, uint64(client)))
		every(20*time.Millisecond, func(i int) error {
			var ack acknowledgement
			err := expect("/v1/events", randomEvents(rng, fmt.Sprintf("c%d-%d", client, i), 20), &ack)
			sent.Add(int64(ack.Accepted))
			return err
		})
	}
	every(4*time.Millisecond, func(i int) error {
		asked.Add(1)
		var slate struct {
			Items []struct{} `json:"items"`
		}
		user := fmt.Sprintf("u%d", i%80) // half of them nobody, who has seen nothing
		if err := expect("/v1/recommend", map[string]any{"user_id": user, "n": 5}, &slate); err != nil {
			return err
		}
		if i > 500 && i%80 >= 40 && len(slate.Items) == 0 {
			return fmt.Errorf("an empty slate for %s", user)
		}
		return nil
	})
	every(5*time.Millisecond, func(i int) error {
		asked.Add(1)
		return expect("/v1/features", map[string]any{"user_id": fmt.Sprintf("u%d", i%40), "item_ids": []string{"i1", "i2"}, "names": []string{"user_clicks", "*"}}, nil)
	})
	more := func(events, questions int64) {
		t.Helper()
		events, questions = sent.Load()+events, asked.Load()+questions
		for deadline := time.Now().Add(patience); sent.Load() < events || asked.Load() < questions; sleepBriefly() {
			if t.Failed() || time.Now().After(deadline) {
				close(stop)
				wg.Wait()
				t.Fatalf("%d events and %d questions after %s, want %d and %d", sent.Load(), asked.Load(), patience, events, questions)
			}
		}
	}
	more(4000, 500)
	configured(t, data, featuresAfter)
	events, questions := sent.Load(), asked.Load()
	p.reload(t)
	p.inForce(t)
	if sent.Load() == events || asked.Load() == questions {
		t.Errorf("%d events and %d questions were sent while features were warmed", sent.Load()-events, asked.Load()-questions)
	}
	more(4000, 500)
	close(stop)
	wg.Wait()
	var row struct {
		Rows []struct {
			Values map[string]featureValue `json:"values"`
		} `json:"rows"`
	}
	if err := expect("/v1/features", map[string]any{}, &row); err != nil || len(row.Rows[0].Values) != 4 || row.Rows[0].Values["item_value"].Value == nil {
		t.Errorf("%+v %v", row, err)
	}
	judge(t, p, data, keepRows(t, p, 40, 60))
	out, talk, code := runCommand(t, "audit", "--data", data, "--json")
	if code != 0 || !strings.Contains(out, `"slates_differing":0`) || !strings.Contains(out, `"definitions":`) {
		t.Errorf("audit: exit %d\n%s%s", code, out, talk)
	}
	p.stop(t, os.Interrupt)
	if out, talk, code := runCommand(t, "verify", "--data", data); code != 0 || !strings.Contains(out, "and what the journal makes") {
		t.Errorf("verify: exit %d\n%s%s", code, out, talk)
	}
}

// importHistory imports many events into a data directory.
func importHistory(t *testing.T, data string) {
	t.Helper()
	w := sim.New(sim.Options{Seed: 5, Items: 400, Visitors: 4000, Days: 20, End: time.Now().Add(-time.Minute)})
	var lines []byte
	for e := range w.History() {
		lines = append(codec.AppendEvent(lines, &e), '\n')
	}
	file := filepath.Join(t.TempDir(), "history.jsonl")
	if err := os.WriteFile(file, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, talk, code := runCommand(t, "import", "--data", data, file); code != 0 {
		t.Fatalf("import: exit %d\n%s", code, talk)
	}
}

// TestReloadKilled: a server that is killed while features are warmed, or as soon as they are in
// force, comes back with the features of its configuration and the values that they have from the
// beginning. Stopped meanwhile it ends as ever.
func TestReloadKilled(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	configured(t, data, featuresBefore)
	importHistory(t, data)
	p := start(t, data)
	version := 1 // of item_ctr, the newest that was tried
	next := func(text string) string {
		version++
		return regexp.MustCompile(`name: item_ctr(, version: \d+)?`).ReplaceAllString(text, fmt.Sprintf("name: item_ctr, version: %d", version))
	}
	// meet has the server take up features, under a new version, until it is met while it warms them.
	meet := func(text string) (met string) {
		t.Helper()
		for range 5 {
			met = next(text)
			configured(t, data, met)
			p.reload(t)
			for {
				f := p.status(t).Features
				if f.Warming == nil {
					break
				}
				if f.Warming.Share <= 0.05 {
					continue
				}
				status, err := p.post("/v1/config/reload", struct{}{}, nil)
				if err != nil {
					t.Fatal(err)
				}
				if status == http.StatusConflict {
					return met
				}
				if p.status(t).Features.Warming != nil {
					t.Fatalf("a second reload meanwhile: %d", status)
				}
				break
			}
		}
		t.Fatalf("it was over before any of it was seen, five times: %+v", p.status(t).Features.Last)
		return ""
	}
	await := func(what string, is func() bool) {
		t.Helper()
		for deadline := time.Now().Add(patience); !is(); sleepBriefly() {
			if time.Now().After(deadline) {
				t.Fatalf("not within %s: %s\n%s", patience, what, p.talk)
			}
		}
	}
	send := func(p *process, prefix string) {
		t.Helper()
		var ack acknowledgement
		if status, err := p.post("/v1/events", randomEvents(rand.New(rand.NewPCG(2, 3)), prefix, 500), &ack); err != nil || status != http.StatusOK {
			t.Fatal(status, err)
		}
	}

	after := meet(featuresAfter)
	send(p, "while")
	p.stop(t, syscall.SIGKILL)
	p = start(t, data)
	send(p, "after")
	judge(t, p, data, keepRows(t, p, 20, 60))

	for try := 0; ; try++ {
		before := meet(featuresBefore)
		p.stop(t, os.Interrupt)
		if strings.Contains(p.talk.String(), "given up") {
			break
		}
		if try == 5 {
			t.Fatalf("it does not say that the warming was given up:\n%s", p.talk)
		}
		after = before // it was over by then
		configured(t, data, after)
		p = start(t, data)
	}
	configured(t, data, after)
	p = start(t, data)
	configured(t, data, next(featuresBefore))
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await("the reload has begun", func() bool {
		f := p.status(t).Features
		return f.Warming != nil || f.Last != nil
	})
	p.inForce(t)
	p.stop(t, syscall.SIGKILL)
	p = start(t, data)
	send(p, "last")
	judge(t, p, data, keepRows(t, p, 20, 60))
	p.stop(t, os.Interrupt)
	if out, talk, code := runCommand(t, "verify", "--data", data); code != 0 || !strings.Contains(out, "and what the journal makes") {
		t.Errorf("verify: exit %d\n%s%s", code, out, talk)
	}

	// A restart with a definition that changed its meaning is refused before anything is written.
	configured(t, data, strings.Replace(featuresBefore, "window: 1h", "window: 3h", 1))
	out, talk, code := runCommand(t, "serve", "--data", data, "--listen", freeAddress(t))
	if code != exitUsage || !strings.Contains(talk, `window "1h" → "3h"`) || !strings.Contains(talk, fmt.Sprintf("version: %d", version+1)) || !strings.Contains(talk, "freshet features backfill --mode event-time --names item_ctr") {
		t.Errorf("exit %d\n%s%s", code, out, talk)
	}
}

func (p *process) get(path string, out any) (int, error) {
	resp, err := http.Get(p.url + path)
	if err != nil {
		return 0, err
	}
	err = json.NewDecoder(resp.Body).Decode(out)
	return resp.StatusCode, errors.Join(err, resp.Body.Close())
}
