package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type worldReply struct {
	Protocol string
	Results  []struct {
		World, Delay, Name string
		CTR                float64
		CI                 map[string][2]*float64
		N                  int
		BySeed             []float64 `json:"by_seed"`
		Gap                float64   `json:"gap_closed"`
		Late               struct {
			CTR float64
		} `json:"second_half"`
	}
	Differences []struct {
		World, Delay, Part, Measure, Name, Than string
		Value                                   float64
	}
	Warnings []struct{ Code string }
}

// rates asks for worlds; by are the rates of its rows by world, delay and name.
func rates(t *testing.T, args ...string) (reply worldReply, by map[string]float64) {
	t.Helper()
	out, talk, code := runCommand(t, append([]string{"eval", "world", "--json"}, args...)...)
	if code != exitOK {
		t.Fatalf("exit %d\n%s", code, talk)
	}
	if err := json.Unmarshal([]byte(out), &reply); err != nil {
		t.Fatal(err)
	}
	by = map[string]float64{}
	for _, r := range reply.Results {
		by[r.World+" "+r.Delay+" "+r.Name] = r.CTR
	}
	return reply, by
}

// TestWorldsAreOrdered: each part of the system earns more than the system without it, and
// nothing is above the truth.
func TestWorldsAreOrdered(t *testing.T) {
	reply, by := rates(t, "--seeds", "2", "--visits", "400", "--worlds", "plain")
	names := ""
	for _, r := range reply.Results {
		names += r.Name + " "
		if *r.CI["ctr"][0] > r.CTR || *r.CI["ctr"][1] < r.CTR || r.N != 800 || len(r.BySeed) != 2 || r.World != "plain" || r.Late.CTR <= 0 {
			t.Errorf("%+v", r)
		}
		if r.Name == "popular" && r.Gap != 0 || r.Name == "oracle" && r.Gap != 1 {
			t.Errorf("%s closes %v of the gap", r.Name, r.Gap)
		}
	}
	if reply.Protocol != "world" || names != "popular category recall slate online oracle " || len(reply.Differences) != 8 || len(reply.Warnings) != 1 {
		t.Errorf("protocol %q with results %q, %d differences, warnings %v", reply.Protocol, names, len(reply.Differences), reply.Warnings)
	}
	for _, order := range [][2]string{{"popular", "recall"}, {"popular", "category"}, {"recall", "slate"}, {"recall", "online"}, {"slate", "oracle"}, {"online", "oracle"}} {
		if less, more := by["plain 0s "+order[0]], by["plain 0s "+order[1]]; less >= more {
			t.Errorf("%s %.4f, %s %.4f", order[0], less, order[1], more)
		}
	}
}

// TestFreshnessEarnsInAWorld: with several slates a visit, a ranked slate is worth less when what
// the visitor just did is not known, and is drawn.
func TestFreshnessEarnsInAWorld(t *testing.T) {
	figure := filepath.Join(t.TempDir(), "worlds.svg")
	reply, by := rates(t, "--seeds", "1", "--visits", "150", "--slates", "4", "--worlds", "d16", "--shift", "--delay", "0s,10m", "--plot", figure)
	if fresh, stale := by["d16 0s slate"], by["d16 10m slate"]; stale >= fresh {
		t.Errorf("slates earn %.4f at once and %.4f ten minutes late", fresh, stale)
	}
	if fresh, stale := by["d16 0s oracle"], by["d16 10m oracle"]; fresh != stale {
		t.Errorf("the oracle earns %.4f at once and %.4f ten minutes late", fresh, stale)
	}
	costs := 0
	for _, d := range reply.Differences {
		if d.Measure == "ctr" && d.Than == d.Name+" at 0s" && d.Delay == "10m" {
			costs++
		}
	}
	for _, r := range reply.Results {
		if r.N != 600 || r.CI["gap_closed"][0] != nil {
			t.Errorf("%+v", r)
		}
	}
	drawn, err := os.ReadFile(figure)
	if err != nil {
		t.Fatal(err)
	}
	if costs != 6 || !strings.Contains(string(drawn), "d16 10m") || !strings.Contains(string(drawn), "after everybody") {
		t.Errorf("%d costs of delay; %s", costs, drawn)
	}
}

// TestOnlineFollowsAShift: the online update earns more than the ranker it began as, after everybody's
// tastes have changed.
func TestOnlineFollowsAShift(t *testing.T) {
	reply, _ := rates(t, "--seeds", "2", "--worlds", "d16", "--shift")
	late := map[string]float64{}
	for _, r := range reply.Results {
		late[r.Name] = r.Late.CTR
	}
	if late["online"] <= late["slate"] {
		t.Errorf("after the shift %.4f are clicked of the online slate, %.4f of the frozen one", late["online"], late["slate"])
	}
}
