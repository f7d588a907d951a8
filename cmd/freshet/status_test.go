package main

import (
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
"versions":{"freshet":"0.1.0","go":"go1.26","journal_format":1,"definitions":"d"},"state":{"visitors":3,"users_known":2},"uptime_ms":90061000,"failed":"write: no space left\u001b[2J"}`
	server := fake(t, answer{200, reply})
	runOn(t, t.Context(), server.URL, nil, "status").check(t, exitFailed, "FAILED      write: no space left\ufffd[2J\n"+
		`            no events are taken; slates are still served; free space or replace the disk, then restart
position    durable 5 · applied 5
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
