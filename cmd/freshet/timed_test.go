package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/stream"
)

// pace is how a load went.
type pace struct {
	n    int
	rate float64         // requests a second
	span time.Duration   // from the first to the end of the last
	took []time.Duration // ascending, each from when it was due
}

func (p *pace) p99() time.Duration { return p.took[len(p.took)*99/100] }

// load posts to a server from so many clients for a while: as fast as they can, or with a rate as
// requests fall due.
func (p *process) load(t *testing.T, path string, clients int, rate float64, span time.Duration, body func(i int64) []byte) *pace {
	t.Helper()
	past := make(chan struct{})
	close(past)
	return p.loadBeside(t, path, clients, rate, span, past, body)
}

// loadBeside does so for a while at least, and until done is closed.
func (p *process) loadBeside(t *testing.T, path string, clients int, rate float64, least time.Duration, done <-chan struct{}, body func(i int64) []byte) *pace {
	t.Helper()
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	var next atomic.Int64
	took := make([][]time.Duration, clients)
	begin := time.Now()
	for c := range clients {
		wg.Go(func() {
			for !t.Failed() {
				i := next.Add(1)
				due := time.Now()
				if rate > 0 {
					due = begin.Add(time.Duration(float64(i) / rate * float64(time.Second)))
					time.Sleep(time.Until(due))
				}
				if due.Sub(begin) >= least && closed(done) {
					return
				}
				resp, err := client.Post(p.url+path, "application/json", bytes.NewReader(body(i)))
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
					if cerr := resp.Body.Close(); err == nil {
						err = cerr
					}
					if err == nil && resp.StatusCode != http.StatusOK {
						err = fmt.Errorf("status %d", resp.StatusCode)
					}
				}
				if err != nil {
					t.Error(err)
					return
				}
				took[c] = append(took[c], time.Since(due))
			}
		})
	}
	wg.Wait()
	all := &pace{took: slices.Concat(took...)}
	slices.Sort(all.took)
	all.n = len(all.took)
	if all.n == 0 {
		t.Fatal("no request was answered")
	}
	all.span = time.Since(begin)
	all.rate = float64(all.n) / all.span.Seconds()
	return all
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// TestGoalDurabilityIsAffordable loads a server that syncs before it answers, and one that is
// relaxed, in turn.
func TestGoalDurabilityIsAffordable(t *testing.T) {
	goal.Timed(t)
	g := goal.Begin(t, "G3", "≥ 0.7 of the relaxed throughput, ack p99 ≤ 25 ms at half of peak", goal.Sizes{Quick: 1, CI: 3})
	const clients, span = 256, 2 * time.Second
	event := func(i int64) []byte {
		return fmt.Appendf(nil, `{"event_id":"p-%d","user_id":"u%d","item_id":"i%d","event":"click"}`, i, i%997, i%499)
	}
	var best [2]float64 // relaxed, fsync
	p99 := time.Hour
	for g.More() {
		var servers [2]*process
		for i, durability := range []string{"relaxed", "fsync"} {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "freshet.yaml"), []byte("version: 1\ndurability: "+durability+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			servers[i] = start(t, dir)
			best[i] = max(best[i], servers[i].load(t, "/v1/events", clients, 0, span, event).rate)
		}
		half := servers[1].load(t, "/v1/events", clients, best[1]/2, span, func(i int64) []byte { return event(i + 1<<40) })
		p99 = min(p99, half.p99())
		for _, p := range servers {
			p.stop(t, syscall.SIGKILL)
		}
		g.Add(1)
	}
	ratio := best[1] / best[0]
	if ratio < 0.7 || p99 > 25*time.Millisecond {
		t.Errorf("%.2f of the relaxed throughput, acknowledgements at half of the peak take %s", ratio, p99)
	}
	g.End("%.2f (%.0f of %.0f requests/s), %.1f ms", ratio, best[1], best[0], p99.Seconds()*1000)
}

// longJournal writes a journal of so many bytes, as a server would have.
func longJournal(t *testing.T, data string, length int64) {
	t.Helper()
	disk, err := fsys.Dir(data)
	if err != nil {
		t.Fatal(err)
	}
	l, _, err := journal.Open(journal.Options{FS: disk, Now: time.Now, Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(28, 1))
	users, items := rand.NewZipf(rng, 1.1, 1, 99_999), rand.NewZipf(rng, 1.1, 1, 19_999)
	batch := make([]journal.Record, 1000)
	now := time.Now().Add(-time.Hour).UnixMilli()
	for written, n := int64(0), int64(0); written < length; {
		for i := range batch {
			n++
			e := freshet.Event{ID: fmt.Sprintf("log-%d", n), User: freshet.UserID(fmt.Sprintf("u%d", users.Uint64())), Item: freshet.ItemID(fmt.Sprintf("i%d", items.Uint64())),
				Name: []string{"click", "like", "expose"}[rng.IntN(3)], Time: now + n/4, Value: float64(rng.IntN(100)), HasValue: true,
				Session: fmt.Sprintf("s-%016x", rng.Uint64()), Request: fmt.Sprintf("r-%023d", rng.Uint64()), Rank: 1 + rng.IntN(20),
				Context: map[string]any{"page": "home", "device": "phone", "referrer": "https://example.com/a/rather/long/path?with=parameters", "app_version": "12.4.1", "locale": "en-GB"}}
			batch[i] = journal.Record{Topic: freshet.Topic(e.Name), Source: stream.SourceHTTP, Received: e.Time, Payload: codec.AppendEvent(batch[i].Payload[:0], &e)}
			written += int64(len(batch[i].Payload)) + 64
		}
		if err := l.WaitRoom(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
}

// takeSnapshot takes a whole snapshot beside the server, as it does itself, and returns how long that
// took and how long the file is.
func (p *process) takeSnapshot(t *testing.T, data string) (took time.Duration, size int64) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(data, "snapshots")); err != nil { // or it would begin at the one before
		t.Error(err)
	}
	cmd := exec.Command("freshet", "snapshot", "--json", "--data", data)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	began := time.Now()
	err := newApp(nil, io.Discard, io.Discard).startIdle(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	var reply struct{ Bytes int64 }
	if err == nil {
		err = json.Unmarshal(out.Bytes(), &reply)
	}
	if err != nil {
		t.Errorf("snapshot: %v\n%s", err, talk.String())
	}
	return time.Since(began), reply.Bytes
}

// TestGoalRecovery starts a server on one GiB of journal that no snapshot covers, and then asks for
// slates without a snapshot being taken beside it and with one, for as long as that takes: while it
// folds all of the journal, packs the state, writes and syncs it.
func TestGoalRecovery(t *testing.T) {
	goal.Timed(t)
	g := goal.Begin(t, "G28", "ready ≤ 30 s after 1 GiB, slates p99 ≤ 2 × during the whole of a snapshot, median of 3", goal.Sizes{Quick: 1, CI: 3})
	length := int64(1 << 30)
	if g.Quick() {
		length = 32 << 20
	}
	data := filepath.Join(t.TempDir(), "data")
	longJournal(t, data, length)
	began := time.Now()
	p := start(t, data)
	ready := time.Since(began)
	rng := rand.New(rand.NewPCG(28, 2))
	var mu sync.Mutex
	ask := func(int64) []byte {
		mu.Lock()
		defer mu.Unlock()
		return fmt.Appendf(nil, `{"user_id":"u%d"}`, rng.IntN(1000))
	}
	const clients, rate, span = 16, 100, 10 * time.Second
	p.load(t, "/v1/recommend", clients, rate, time.Second, ask) // warm
	type try struct {
		times      float64
		calm, busy *pace
		took       time.Duration
		bytes      int64
	}
	var tries []try
	for g.More() {
		one := try{calm: p.load(t, "/v1/recommend", clients, rate, span, ask)}
		done := make(chan struct{})
		go func() {
			defer close(done)
			one.took, one.bytes = p.takeSnapshot(t, data)
		}()
		one.busy = p.loadBeside(t, "/v1/recommend", clients, rate, 0, done, ask)
		<-done
		if one.busy.span < one.took || one.bytes == 0 {
			t.Fatalf("the load lasted %s, the snapshot of %d bytes %s", one.busy.span, one.bytes, one.took)
		}
		one.times = one.busy.p99().Seconds() / one.calm.p99().Seconds()
		t.Logf("p99 %.2f × (%.1f against %.1f ms) in %.1f s, %d bytes", one.times, one.busy.p99().Seconds()*1000, one.calm.p99().Seconds()*1000, one.took.Seconds(), one.bytes)
		tries = append(tries, one)
		g.Add(1)
	}
	slices.SortFunc(tries, func(a, b try) int { return cmp.Compare(a.times, b.times) })
	mid := tries[len(tries)/2]
	if ready > 30*time.Second || mid.times > 2 {
		t.Errorf("ready after %s, slates p99 %.1f × during a snapshot", ready, mid.times)
	}
	g.End("ready in %.1f s, p99 %.2f × (%.1f against %.1f ms) during %.0f s of a snapshot of %d MiB", ready.Seconds(), mid.times,
		mid.busy.p99().Seconds()*1000, mid.calm.p99().Seconds()*1000, mid.took.Seconds(), mid.bytes>>20)
}
