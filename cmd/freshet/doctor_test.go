package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestExamine(t *testing.T) {
	sound := func() *statusReply {
		return &statusReply{
			Ledger: ledger{Received: 1000, Accepted: 1000, Applied: 1000},
			State:  sizes{Items: 100, Known: 100},
			Events: eventsStatus{Names: []nameStatus{
				{Event: "click", Signal: "click", Configured: true, Count: 100, Joined: 90},
				{Event: "expose", Signal: "impression", Configured: true, Count: 900},
			}},
			Slates: slatesStatus{Slates: 100, Places: 1000, Own: 600},
			Model:  &modelStatus{Name: "lr", Version: 1, AtHand: true},
		}
	}
	for _, c := range examine(sound()) {
		if c.Status != well || c.Fix != "" || c.Message == "" {
			t.Errorf("of a sound server: %+v", c)
		}
	}
	for _, c := range []struct {
		name   string
		spoil  func(s *statusReply)
		check  string
		status string
		says   string
	}{
		{"no slates", func(s *statusReply) { s.Slates = slatesStatus{} }, "popular", worth, "no slate"},
		{"nobody named", func(s *statusReply) { s.Slates.Own, s.Slates.Nameless = 10, 90 }, "popular", wrong, "90 % of the last 100 slates were asked for nobody"},
		{"strangers", func(s *statusReply) { s.Slates.Own, s.Slates.Strangers = 0, 80 }, "popular", wrong, "without any event"},
		{"nothing wanted", func(s *statusReply) { s.Slates.Own, s.Events.Names[0].Signal = 0, "context" }, "popular", wrong, "no event says"},
		{"thin histories", func(s *statusReply) { s.Slates.Own = 100 }, "popular", worth, "10 %"},
		{"no events", func(s *statusReply) { s.Ledger = ledger{} }, "events", worth, "no event"},
		{"no impressions", func(s *statusReply) { s.Events.Names = s.Events.Names[:1] }, "impressions", worth, "no impressions"},
		{"too few impressions", func(s *statusReply) { s.Events.Names[1].Count = 50 }, "impressions", worth, "50 to 100"},
		{"an unknown name", func(s *statusReply) {
			s.Events.Names = append(s.Events.Names, nameStatus{Event: "wa\ttch", Signal: "context", Count: 7})
		}, "signals", worth, `"wa\ttch" (7)`},
		{"unjoined clicks", func(s *statusReply) { s.Events.Names[0].Joined = 10 }, "labels", worth, "10 % of clicks"},
		{"no ids", func(s *statusReply) { s.Ledger.Unkeyed = 500 }, "keys", worth, "50 %"},
		{"unknown items", func(s *statusReply) { s.State.Known = 20 }, "catalogue", worth, "80 % of the items (80)"},
		{"late events", func(s *statusReply) { s.Ledger.Late, s.Events.Imported = 50, 500 }, "late", worth, "10 %"},
		{"refused events", func(s *statusReply) { s.Ledger.Refused = 20 }, "refused", wrong, "2 %"},
		{"few refused", func(s *statusReply) { s.Ledger.Refused = 1 }, "refused", worth, "1 of 1,000"},
		{"degraded", func(s *statusReply) { s.Slates.Degraded, s.Slates.Lacks = 5, map[string]int{"recall.hot:timeout": 5} }, "degraded", worth, "recall.hot:timeout (5)"},
		{"no model", func(s *statusReply) { s.Model = nil }, "model", worth, "no model"},
		{"a lost model", func(s *statusReply) { s.Model.AtHand = false }, "model", wrong, "lr@1 should rank"},
	} {
		s := sound()
		c.spoil(s)
		found := false
		for _, got := range examine(s) {
			if got.Name == c.check {
				found = true
				if got.Status != c.status || !strings.Contains(got.Message, c.says) || got.Fix == "" {
					t.Errorf("%s: %+v", c.name, got)
				}
			}
		}
		if !found {
			t.Errorf("%s: nobody asked about %s", c.name, c.check)
		}
	}
}

func TestServerChecks(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	a := &app{now: func() time.Time { return noon }}
	for name, c := range map[string]struct {
		at     time.Time
		status string
	}{
		"the same":          {noon, well},
		"a second behind":   {noon.Add(-time.Second), well},
		"seconds ahead":     {noon.Add(5 * time.Second), worth},
		"minutes behind":    {noon.Add(-2 * time.Minute), wrong},
		"far in the future": {noon.Add(24 * time.Hour), wrong},
	} {
		list := a.serverChecks(&client{base: "http://x"}, &statusReply{}, c.at.Format(http.TimeFormat), noon)
		if got := list[len(list)-1]; got.Name != "clock" || got.Status != c.status {
			t.Errorf("a clock that is %s: %+v", name, got)
		}
	}
	list := a.serverChecks(&client{base: "http://x"}, &statusReply{Failed: "disk\nfull"}, "", noon)
	if list[1].Name != "writes" || list[1].Status != wrong || strings.Contains(list[1].Message, "\n") {
		t.Errorf("a failed journal: %+v", list[1])
	}
}
