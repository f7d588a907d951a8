package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeServer answers like a server that remembers every event id and calls late what is
// more than an hour behind the newest event time up to now.
type fakeServer struct {
	t         *testing.T
	spoil     func(path string, reply map[string]any) // may change a reply before it is sent
	mu        sync.Mutex                              // guards what follows
	items     map[string]item
	users     map[string]user
	changed   int
	ids       map[string]bool
	watermark int64
	late      int
	requests  int
}

func (s *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var body struct {
		Items []item `json:"items"`
		Users []user `json:"users"`
		featuresRequest
	}
	var events []event
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	var err error
	if r.Header.Get("Content-Type") == "application/x-ndjson" {
		for err == nil {
			var e event
			if err = decoder.Decode(&e); err == nil {
				events = append(events, e)
			}
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
	} else {
		err = decoder.Decode(&body)
	}
	if err != nil || r.Method != http.MethodPost {
		s.t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	s.requests++
	position := fmt.Sprint(s.requests)
	var reply map[string]any
	switch r.URL.Path {
	case "/v1/items":
		for _, one := range body.Items {
			if _, again := s.items[one.ItemID]; again {
				s.changed++
			}
			s.items[one.ItemID] = one
		}
		reply = map[string]any{"accepted": len(body.Items), "position": position}
	case "/v1/users":
		for _, one := range body.Users {
			s.users[one.UserID] = one
		}
		reply = map[string]any{"accepted": len(body.Users), "position": position}
	case "/v1/events":
		reply = s.take(events)
		reply["position"] = position
	case "/v1/features":
		rows := []map[string]any{}
		for _, id := range body.ItemIDs {
			values := map[string]any{"n": map[string]any{"value": 0}}
			rows = append(rows, map[string]any{"item_id": id, "values": values})
		}
		reply = map[string]any{"rows": rows, "position": position, "ts_ms": time.Now().UnixMilli()}
	default:
		s.t.Errorf("unexpected path %s", r.URL)
	}
	if s.spoil != nil {
		s.spoil(r.URL.Path, reply)
	}
	if status, ok := reply["status"].(int); ok {
		w.WriteHeader(status)
	}
	text, err := json.MarshalIndent(reply, "", "  ")
	if err == nil {
		_, err = w.Write(text)
	}
	if err != nil {
		s.t.Errorf("reply of %s: %v", r.URL, err)
	}
}

// take counts one batch. s.mu is held.
func (s *fakeServer) take(events []event) map[string]any {
	now := time.Now().UnixMilli()
	accepted, duplicate, late := 0, 0, 0
	for _, e := range events {
		if s.ids[e.EventID] {
			duplicate++
			continue
		}
		s.ids[e.EventID] = true
		accepted++
		if s.watermark > 0 && e.TS < s.watermark-time.Hour.Milliseconds() {
			late++
		}
		s.watermark = max(s.watermark, min(e.TS, now))
	}
	s.late += late
	return map[string]any{"accepted": accepted, "duplicate": duplicate, "refused": 0, "late": late}
}

// runAgainst runs the command for a short while against s and returns the parsed summary.
func runAgainst(t *testing.T, s *fakeServer, args ...string) (exit int, sum summary, stderr string) {
	t.Helper()
	s.t, s.items, s.users, s.ids = t, map[string]item{}, map[string]user{}, map[string]bool{}
	server := httptest.NewServer(s)
	defer server.Close()
	var out, errs bytes.Buffer
	args = append([]string{"--url", server.URL + "/", "--rate", "4000", "--batch", "20", "--clients", "3",
		"--duration", "300ms", "--users", "50", "--items", "250", "--resend", "0.1", "--too-late", "0.05"}, args...)
	exit = command(t.Context(), args, time.Now, &out, &errs)
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &sum); err != nil {
			t.Fatalf("summary %q: %v", out.String(), err)
		}
	}
	return exit, sum, errs.String()
}

func TestRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.ndjson")
	var s fakeServer
	exit, sum, stderr := runAgainst(t, &s, "--rows", "20", "--readers", "3", "--changes", "100", "--out", path)
	if exit != exitExpected || stderr != "" {
		t.Fatalf("exit %d, stderr %q", exit, stderr)
	}
	// Batches of 20 at 4000 a second fall due every 5 ms: 60 in 300 ms, however slow the test.
	if sum.Posted != 1200 || sum.Accepted+sum.Duplicate != 1200 || sum.Accepted != len(s.ids) || sum.Late != s.late {
		t.Errorf("summary %+v; the server took %d, late %d", sum, len(s.ids), s.late)
	}
	if sum.Duplicate == 0 || sum.Late == 0 || sum.Refused != 0 || sum.Unexpected != 0 || sum.Rows != 20 || sum.AchievedRate <= 0 {
		t.Errorf("summary %+v", sum)
	}
	if len(s.items) != 250 {
		t.Errorf("the server has %d items, want 250", len(s.items))
	}
	if len(s.users) != 45 || s.changed == 0 || sum.Changes != 30 {
		t.Errorf("the server has %d users, want 45 of 50; %d items changed, %d changes", len(s.users), s.changed, sum.Changes)
	}
	for id, one := range s.items {
		if len(one.Categories) == 0 {
			t.Errorf("item %s has no category", id)
		}
	}
	checkRows(t, path, 20)
}

// checkRows reads a rows file back: n lines, each a request with the reply to it.
func checkRows(t *testing.T, path string, n int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(f)
	read := 0
	for lines.Scan() {
		var kept struct {
			Request featuresRequest `json:"request"`
			Reply   struct {
				Rows []struct {
					ItemID string                    `json:"item_id"`
					Values map[string]map[string]any `json:"values"`
				} `json:"rows"`
				Position string `json:"position"`
				TSMS     int64  `json:"ts_ms"`
			} `json:"reply"`
		}
		if err := json.Unmarshal(lines.Bytes(), &kept); err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
		ids := slices.Clone(kept.Request.ItemIDs)
		slices.Sort(ids)
		if (kept.Request.UserID == "") == (kept.Request.AnonymousID == "") || len(slices.Compact(ids)) != itemsPerRow {
			t.Errorf("request %+v", kept.Request)
		}
		if len(kept.Reply.Rows) != itemsPerRow || kept.Reply.Rows[0].Values["n"] == nil || kept.Reply.Position == "" || kept.Reply.TSMS == 0 {
			t.Errorf("reply %+v", kept.Reply)
		}
		read++
	}
	if err := lines.Err(); err != nil || read != n {
		t.Errorf("%d rows, %v; want %d", read, err, n)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestUnexpectedReplies(t *testing.T) {
	for _, c := range []struct {
		name, path, field string
		value             any
		want              string
	}{
		{"an event refused", "/v1/events", "refused", 1, "refused 1"},
		{"a duplicate unseen", "/v1/events", "duplicate", -1, "duplicate -1"},
		{"late not counted", "/v1/events", "late", 1000, "late 1000"},
		{"no position", "/v1/events", "position", "", "no position"},
		{"not JSON of the kind", "/v1/events", "accepted", "all", "/v1/events"},
		{"overloaded", "/v1/events", "status", 503, "503 Service Unavailable"},
		{"a row missing", "/v1/features", "rows", []any{}, "answered items []"},
		{"no time", "/v1/features", "ts_ms", 0, "ts_ms 0"},
		{"features in error", "/v1/features", "status", 500, "500 Internal Server Error"},
		{"an item refused", "/v1/items", "refused", 2, "refused 2 items"},
		{"a user refused", "/v1/users", "refused", 2, "refused 2 users"},
		{"users in error", "/v1/users", "status", 404, "send the users: /v1/users: 404"},
		{"items in error", "/v1/items", "status", 400, "send the catalogue: /v1/items: 400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fakeServer{spoil: func(path string, reply map[string]any) {
				if path == c.path {
					reply[c.field] = c.value
				}
			}}
			exit, _, stderr := runAgainst(t, &s, "--duration", "20ms", "--rows", "1", "--out", filepath.Join(t.TempDir(), "rows"))
			if exit != exitUnexpected || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d, stderr %q; want exit %d and %q", exit, stderr, exitUnexpected, c.want)
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	s := fakeServer{t: t, items: map[string]item{}, users: map[string]user{}, ids: map[string]bool{}}
	server := httptest.NewServer(&s)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	s.spoil = func(path string, _ map[string]any) {
		if path == "/v1/events" {
			cancel()
		}
	}
	var out, errs bytes.Buffer
	exit := command(ctx, []string{"--url", server.URL, "--duration", "24h", "--rate", "1"}, time.Now, &out, &errs)
	if exit != exitUnexpected || !strings.Contains(errs.String(), "interrupted") || !strings.Contains(out.String(), `"unexpected":0`) {
		t.Errorf("exit %d, stdout %q, stderr %q", exit, out.String(), errs.String())
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"address", []string{"--url", "localhost:3737"}, "--url"},
		{"no rate", []string{"--rate", "0"}, "--rate"},
		{"rate not a number", []string{"--rate", "NaN"}, "--rate"},
		{"no client", []string{"--clients", "0"}, "--clients"},
		{"empty batch", []string{"--batch", "0"}, "--batch"},
		{"too few items", []string{"--items", "4"}, "--items"},
		{"rows to nowhere", []string{"--rows", "5"}, "--out"},
		{"no reader", []string{"--readers", "0"}, "--readers"},
		{"many changes", []string{"--changes", "1001"}, "--changes"},
		{"no time", []string{"--duration", "0s"}, "--duration"},
		{"disorder above all", []string{"--disorder", "1.1"}, "--disorder"},
		{"an argument", []string{"now"}, `"now"`},
		{"an unknown flag", []string{"--colour"}, "colour"},
	} {
		var out, errs bytes.Buffer
		if exit := command(t.Context(), c.args, time.Now, &out, &errs); exit != exitUnused || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%s: exit %d, stderr %q; want exit %d and %q", c.name, exit, errs.String(), exitUnused, c.want)
		}
	}
}
