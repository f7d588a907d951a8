package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/internal/goal"
)

// hotConfig has features per what is hot, and per what is not.
const hotConfig = `version: 1
features:
  - {name: user_clicks_1h, key: [user], on: [click], agg: count, window: 1h, hop: 1m}
  - {name: user_heat, key: [user], agg: decayed_sum, half_life: 1m}
  - {name: user_items, key: [user], agg: distinct, field: item}
  - {name: user_last, key: [user], agg: last_k, k: 20}
  - {name: item_ctr_1h, key: [item], agg: rate, of: [click], per: [expose], window: 1h, hop: 1m, prior: [1, 20]}
  - {name: item_taste, key: [item], agg: decayed_sum, half_life: 6h}
  - {name: pairs_5m, key: [user, item], agg: count, window: 5m, hop: 30s}
`

// hotBatch is the body of so many events of request i, one in five up to 50 seconds old. Of those
// with a hot key, half are of one user, and half of these on one item.
func hotBatch(i int64, size int, hot bool) []byte {
	rng := rand.New(rand.NewPCG(15, uint64(i)))
	now := time.Now().UnixMilli()
	body := []byte(`{"events":[`)
	for n := range size {
		user, item := 1+rng.IntN(9999), 1+rng.IntN(999)
		if hot && n%2 == 0 {
			user, item = 0, item*(n/2%2)
		}
		at := now
		if rng.IntN(5) == 0 {
			at -= rng.Int64N(50_000)
		}
		if n > 0 {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"event_id":"h-%d-%d","user_id":"u%d","item_id":"i%d","event":"%s","ts":%d}`,
			i, n, user, item, []string{"click", "expose", "like"}[rng.IntN(3)], at)
	}
	return append(body, `]}`...)
}

// TestGoalHotKeyPace loads a server half of whose events are of one user, a million of them in a window,
// and one without, in turn: as fast as they take it, and then beside somebody else at a third of that.
func TestGoalHotKeyPace(t *testing.T) {
	goal.Timed(t)
	g := goal.Begin(t, "G15", "throughput ≥ 0.8 of uniform, freshness of others p99 ≤ 2 ×, median of 5", goal.Sizes{Quick: 1, CI: 5})
	const clients, size, path = 16, 100, "/v1/events"
	const rate, span = 200, 4 * time.Second // of the others' events
	first := int64(20_000)                  // requests before: a million hot events
	if g.Quick() {
		first = 500
	}
	var servers [2]*process // uniform, hot
	var sent [2]int64
	load := func(i int, rate float64, span time.Duration, done <-chan struct{}) *pace {
		p := servers[i].loadBeside(t, path, clients, rate, span, done, func(n int64) []byte { return hotBatch(sent[i]+n, size, i == 1) })
		sent[i] += int64(p.n) + clients
		return p
	}
	past := make(chan struct{})
	close(past)
	for i := range servers {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "freshet.yaml"), []byte(hotConfig), 0o600); err != nil {
			t.Fatal(err)
		}
		servers[i] = start(t, dir)
		for sent[i] < first {
			load(i, 0, time.Second, past)
		}
	}
	var throughput, freshness []float64
	for g.More() {
		var peak [2]float64
		var p99 [2]time.Duration
		for n := range servers {
			i := (n + g.N()) % 2
			peak[i] = load(i, 0, span, past).rate
		}
		for n := range servers {
			i := (n + g.N()) % 2
			done := make(chan struct{})
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				load(i, peak[0]/3, 0, done)
			}()
			others := servers[i].load(t, path, clients, rate, span, func(n int64) []byte {
				return fmt.Appendf(nil, `{"event_id":"o-%d-%d","user_id":"other%d","item_id":"i%d","event":"click"}`, g.N(), n, n%997, n%499)
			})
			close(done)
			<-ended
			p99[i] = others.p99()
		}
		throughput = append(throughput, peak[1]/peak[0])
		freshness = append(freshness, p99[1].Seconds()/p99[0].Seconds())
		t.Logf("%.0f and %.0f events/s, others p99 %s and %s", peak[0]*size, peak[1]*size, p99[0], p99[1])
		g.Add(1)
	}
	slices.Sort(throughput)
	slices.Sort(freshness)
	share, times := throughput[len(throughput)/2], freshness[len(freshness)/2]
	if share < 0.8 || times > 2 {
		t.Errorf("%.2f of the throughput, others wait %.2f times as long", share, times)
	}
	var bytes [2]int64
	for i, p := range servers {
		var status statusReply
		server := &client{base: p.url, timeout: time.Minute}
		if _, _, err := server.call(t.Context(), http.MethodGet, "/status", nil, &status); err != nil {
			t.Fatal(err)
		}
		if bytes[i] = status.Features.Bytes; bytes[i] == 0 || status.Audit.Differing > 0 {
			t.Errorf("%d bytes of features, %d values differ", bytes[i], status.Audit.Differing)
		}
		p.stop(t, syscall.SIGKILL)
	}
	if bytes[1] > bytes[0]+(4<<20) {
		t.Errorf("the features take %d bytes, without a hot key %d", bytes[1], bytes[0])
	}
	g.End("%.2f of the throughput, others p99 %.2f ×, %.1f MiB of features against %.1f MiB", share, times, float64(bytes[1])/(1<<20), float64(bytes[0])/(1<<20))
}
