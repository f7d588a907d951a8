package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/internal/goal"
)

// TestGoalRealDiskFull fills a small file system under the server. What it acknowledged stays,
// slates and features are read all the while, and once there is room it takes events by itself.
func TestGoalRealDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("freshet-test", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("a small file system cannot be mounted here (%v); package journal fills one in memory", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	g := goal.Begin(t, "G20", "0 acknowledged lost on a real file system, heals in ≤ 10 s", goal.Sizes{Quick: 1, CI: 3})
	data, filler := filepath.Join(dir, "data"), filepath.Join(dir, "filler")
	rng := rand.New(rand.NewPCG(20, 1))
	p := start(t, data)
	var acked []behaviour
	slowest, posts := time.Duration(0), 0
	post := func(n int) int {
		t.Helper()
		posts++ // what was refused may have become safe later, so its ids are not used again
		events := randomEvents(rng, fmt.Sprintf("e%d", posts), n)
		var ack acknowledgement
		status, err := p.post("/v1/events", events, &ack)
		if err != nil {
			t.Fatal(err)
		}
		if status == 200 {
			if ack.Accepted != n {
				t.Errorf("%+v for %d events", ack, n)
			}
			acked = append(acked, events...)
		}
		return status
	}
	for g.More() {
		if status := post(100); status != 200 {
			t.Fatalf("status %d while there is room", status)
		}
		fill(t, filler)
		status := 200
		for range 2000 {
			if status = post(200); status != 200 {
				break
			}
		}
		if status != 507 {
			t.Fatalf("a full disk answers %d", status)
		}
		for range 3 {
			if status := post(1); status != 507 {
				t.Errorf("then %d", status)
			}
			var slate struct{ Degraded []string }
			if status, err := p.post("/v1/recommend", map[string]any{"user_id": "u1"}, &slate); err != nil || status != 200 {
				t.Errorf("a slate while the disk is full: %d, %v", status, err)
			}
		}
		var full struct{ Full, Failed string }
		out, talk, code := runCommand(t, "status", "--json", "--server", p.url)
		if err := json.Unmarshal([]byte(out), &full); code != 0 || err != nil || full.Full == "" || full.Failed != "" {
			t.Errorf("status %+v, %v, exit %d %s", full, err, code, talk)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for post(1) != 200 {
			if time.Since(began) > 10*time.Second {
				said, _, _ := runCommand(t, "status", "--server", p.url)
				t.Fatalf("there is room for 10 s, and no event is taken\n%s\n%s", said, p.talk)
			}
			time.Sleep(50 * time.Millisecond)
		}
		slowest = max(slowest, time.Since(began))
		p.stop(t, syscall.SIGKILL)
		p = start(t, data)
		if got := resend(t, p, acked); got != len(acked) {
			t.Fatalf("%d of %d acknowledged events are known", got, len(acked))
		}
		g.Add(1)
	}
	p.stop(t, os.Interrupt)
	g.End("0 of %d lost, heals in %.1f s", len(acked), slowest.Seconds())
}

// TestGoalFullDiskLetsGo fills a small file system under a server that need not keep all of its
// journal and has no snapshot yet. It makes the room itself: nobody removes a file.
func TestGoalFullDiskLetsGo(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("freshet-test", dir, "tmpfs", 0, "size=48m"); err != nil {
		t.Skipf("a small file system cannot be mounted here (%v)", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	g := goal.Begin(t, "G20", "a full disk whose journal may go heals by itself, 0 acknowledged lost", goal.Sizes{Quick: 1, CI: 1})
	g.Add(1)
	data, whole := filepath.Join(dir, "data"), filepath.Join(t.TempDir(), "whole")
	if o := runOn(t, t.Context(), "", nil, "import", "-q", "--data", whole, clicks(t, 1, 20_000)); o.code != exitOK {
		t.Fatal(o.stderr)
	}
	inSmallSegments(t, whole, data)
	if err := os.WriteFile(filepath.Join(data, "freshet.yaml"), []byte("journal: {ballast_mib: 2, retain: {age: 1h}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, data)
	fill(t, filepath.Join(dir, "filler"))
	rng := rand.New(rand.NewPCG(20, 2))
	var acked []behaviour
	post := func(id string, n int) int {
		t.Helper()
		events := randomEvents(rng, id, n)
		var ack acknowledgement
		status, err := p.post("/v1/events", events, &ack)
		if err != nil {
			t.Fatal(err)
		}
		if status == 200 {
			acked = append(acked, events...)
		}
		return status
	}
	status := 200
	for i := 0; i < 2000 && status == 200; i++ {
		status = post(fmt.Sprintf("e%d", i), 200)
	}
	if status != 507 {
		t.Fatalf("a full disk answers %d", status)
	}
	began := time.Now()
	for i := 0; post(fmt.Sprintf("f%d", i), 1) != 200; i++ {
		if time.Since(began) > patience {
			said, _, _ := runCommand(t, "status", "--server", p.url)
			t.Fatalf("no event is taken for %s\n%s\n%s", patience, said, p.talk)
		}
		time.Sleep(50 * time.Millisecond)
	}
	took := time.Since(began)
	for i := range 20 {
		if status := post(fmt.Sprintf("g%d", i), 50); status != 200 {
			t.Errorf("then status %d", status)
		}
	}
	var reply struct{ First string }
	if out, _, code := runCommand(t, "status", "--json", "--server", p.url); code != 0 || json.Unmarshal([]byte(out), &reply) != nil || reply.First == "1" {
		t.Errorf("exit %d, the journal begins at %q", code, reply.First)
	}
	p.stop(t, syscall.SIGKILL)
	p = start(t, data)
	if got := resend(t, p, acked); got != len(acked) {
		t.Errorf("%d of %d acknowledged events are known", got, len(acked))
	}
	p.stop(t, os.Interrupt)
	if o := runOn(t, t.Context(), "", nil, "verify", "--data", data); o.code != exitOK {
		t.Errorf("verify: %d\n%s%s", o.code, o.stdout, o.stderr)
	}
	g.End("0 of %d lost, heals in %.1f s", len(acked), took.Seconds())
}

// fill writes a file until there is no room.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1 << 20, 4 << 10} {
		block := bytes.Repeat([]byte{1}, size)
		for err == nil {
			_, err = f.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		err = nil
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
