package main

import (
	"strings"
	"testing"
	"time"
)

func TestStatusPage(t *testing.T) {
	server := fake(t, answer{200, recorded(t, "status")})
	runOn(t, t.Context(), server.URL, nil, "status").check(t, exitOK, `position    durable 60556 · applied 60556
events      58,556 received = 58,552 accepted + 1 duplicate + 3 refused
            58,552 accepted = 58,551 applied + 1 late + 0 dead-lettered + 0 erased + 0 pending
            2 accepted without an event_id; sent again they count twice
watermarks  http 2026-11-21T00:42:17.300Z (2 s ago)
            import:demo-7 2026-11-21T00:23:48.830Z (18 min 31 s ago)
durability  fsync
state       2,002 items (2,000 in the catalogue) · 2,001 visitors · 5,188 feature keys
model       none; the recall score ranks (freshet train makes one)
audit       0 feature values recomputed from raw events as they were served, 0 differ
versions    freshet 0.1.0 · go1.26.8 · journal format 1 · definitions 282d68ae212f5ec4
uptime      6 s
`, "")
	if req := <-server.asked; req.method != "GET" || req.path != "/status" || req.body != "" {
		t.Errorf("asked %+v", req)
	}
	runOn(t, t.Context(), server.URL, nil, "status", "--json").check(t, exitOK, recorded(t, "status"), "")
}

func TestStatusOfAFailedServer(t *testing.T) {
	const reply = `{"durable":"5","applied":"5","ledger":{"received":7,"accepted":5,"refused":1,"applied":5},"watermarks":{},"durability":"fsync",
"versions":{"freshet":"0.1.0","go":"go1.26","journal_format":1,"definitions":"d"},"state":{"visitors":3,"users_known":2},"begun":[{"part":"itemcf","position":"4"}],"uptime_ms":90061000,"failed":"write: no space left\u001b[2J"}`
	server := fake(t, answer{200, reply})
	runOn(t, t.Context(), server.URL, nil, "status").check(t, exitFailed, "FAILED      write: no space left\ufffd[2J\n"+
		`            no events are taken; slates are still served; free space or replace the disk, then restart
position    durable 5 · applied 5
            itemcf from position 4 on: a former release kept it otherwise
events      7 received ≠ 5 accepted + 0 duplicate + 1 refused   the books do not balance: please report this
            5 accepted = 5 applied + 0 late + 0 dead-lettered + 0 erased + 0 pending
watermarks  none yet
durability  fsync
state       0 items (0 in the catalogue) · 3 visitors (2 known as users) · 0 feature keys
model       none; the recall score ranks (freshet train makes one)
audit       0 feature values recomputed from raw events as they were served, 0 differ
versions    freshet 0.1.0 · go1.26 · journal format 1 · definitions d
uptime      1 d 1 h
`, "")
	runOn(t, t.Context(), server.URL, nil, "status", "--json").check(t, exitFailed, reply+"\n", "")
}

// TestStatusOfRecall: a line a route that was asked, and a route that holds the state comes first.
func TestStatusOfRecall(t *testing.T) {
	const reply = `{"durable":"5","applied":"5","ledger":{},"watermarks":{},"durability":"fsync","versions":{"freshet":"0.1.0","go":"go1.26","journal_format":1,"definitions":"d"},"uptime_ms":6000,
"recall":{"held":{"route":"covisit","since":"2026-11-21T00:42:17.300Z"},"places":20000,"clicks":150,"routes":[
{"name":"covisit","kind":"itemcf","asked":12000,"failed":{"timeout":3,"error":0,"busy":0,"panic":0,"garbage":0},"candidates":1200000,"p50_ms":0.2,"p99_ms":5,"shown":15000,"alone":9000,"clicks":120},
{"name":"partner","kind":"external","asked":12000,"failed":{"timeout":1000,"busy":12},"candidates":600000,"p50_ms":20,"p99_ms":50,"slots":{"of":16,"taken":3,"blown":true},"shown":1000,"alone":10,"clicks":3},
{"name":"idle","kind":"new","asked":0,"failed":{},"candidates":0,"p50_ms":0,"p99_ms":0,"shown":0,"alone":0,"clicks":0}]}}`
	server := fake(t, answer{200, reply})
	out := runOn(t, t.Context(), server.URL, nil, "status").stdout
	for _, want := range []string{
		"STATE HELD  the recall route covisit has not returned since 2026-11-21T00:42:17.300Z\n            nothing is applied; slates are made of a list of what was popular; restart if it does not end\nposition ",
		"recall      route     asked  candidates  p50 ms  p99 ms   shown   alone  clicked  failed\n" +
			"            covisit  12,000         100   ≤ 0.2     ≤ 5  75.0 %  45.0 %   80.0 %  3 timeout\n" +
			"            partner  12,000          50    ≤ 20    ≤ 50   5.0 %   0.1 %    2.0 %  12 busy, 1,000 timeout, asked once a second until it answers, 3 of 16 slots taken\nmodel ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the page lacks\n%s\nit is\n%s", want, out)
		}
	}
}

// TestStatusOfFeatures: keys, bytes and bound, what went, and what was not compared for that.
func TestStatusOfFeatures(t *testing.T) {
	sizes := featureSizes{Keys: 9_000_000, Bytes: 3 << 29, MaxKeys: 10_000_000}
	for _, tt := range []struct{ got, want string }{
		{featureSizes{}.String(), ""},
		{sizes.String(), "9,000,000 of at most 10,000,000 keys, 1536.0 MiB"},
		{featureSizes{10, 1 << 20, 10, 1}.String(), "10 of at most 10 keys, 1.0 MiB; 1 key went for want of room and began anew (memory.feature_keys)"},
		{auditStatus{Cells: 5, LetGo: 2}.String(), "5 feature values recomputed from raw events as they were served, 0 differ; 2 not comparable, over events that may have gone with their key"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}

func TestWatermarkAges(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ name, at, want string }{
		{"behind", "2026-11-21T11:59:00.000Z", "http 2026-11-21T11:59:00.000Z (1 min 0 s ago)"},
		{"ahead", "2026-11-21T14:00:00.000Z", "http 2026-11-21T14:00:00.000Z (2 h 0 min ahead of this clock)"},
		{"no time", "soon", "http soon"},
	} {
		s := statusReply{Watermarks: map[string]string{"http": tt.at}}
		if got := s.watermarks(now); len(got) != 1 || got[0] != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
