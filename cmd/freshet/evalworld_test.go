package main

import (
	"encoding/json"
	"testing"
)

// TestWorldsAreOrdered: each part of the system earns more than the system without it, and
// nothing is above the truth.
func TestWorldsAreOrdered(t *testing.T) {
	out, talk, code := runCommand(t, "eval", "world", "--seeds", "2", "--visits", "400", "--json")
	if code != exitOK {
		t.Fatalf("exit %d\n%s", code, talk)
	}
	var reply struct {
		Protocol string
		Results  []struct {
			Name   string
			CTR    float64
			CI     map[string][2]float64
			N      int
			BySeed []float64 `json:"by_seed"`
		}
	}
	if err := json.Unmarshal([]byte(out), &reply); err != nil {
		t.Fatal(err)
	}
	names, last := "", 0.0
	for _, r := range reply.Results {
		names += r.Name + " "
		if r.CTR <= last || r.CI["ctr"][0] > r.CTR || r.CI["ctr"][1] < r.CTR || r.N != 800 || len(r.BySeed) != 2 {
			t.Errorf("%+v after %v", r, last)
		}
		last = r.CTR
	}
	if reply.Protocol != "world" || names != "popular recall slate oracle " {
		t.Errorf("protocol %q with results %q", reply.Protocol, names)
	}
}
