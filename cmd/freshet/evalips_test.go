package main

import (
	"encoding/json"
	"path/filepath"
	"testing"
)

// policyReply is what eval ips prints.
type policyReply struct {
	Protocol         string
	N, Positives     int
	Logged, IPS, Own estimateReply
	SNIPS            estimateReply
	MeanWeight       float64 `json:"mean_weight"`
	EffectiveRows    float64 `json:"ess"`
	Unseen           float64
	Warnings         []struct{ Code, Message string }
}

type estimateReply struct {
	Value, SE float64
	CI        [2]float64
}

func (e estimateReply) holds(x float64) bool { return e.CI[0] <= x && x <= e.CI[1] }

// TestPoliciesOfAFashionShop: what a bandit earned in a test beside a random policy is estimated
// from the random policy's log, with intervals that hold it, and the random policy's own from its
// own log exactly.
func TestPoliciesOfAFashionShop(t *testing.T) {
	dir := shared(t, "open-bandit-small")
	ask := func(args ...string) (r policyReply) {
		t.Helper()
		out, talk, code := runCommand(t, append([]string{"eval", "ips", "--json"}, args...)...)
		if code != exitOK {
			t.Fatalf("%v: exit %d\n%s", args, code, talk)
		}
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	for campaign, want := range map[string]struct{ clicks, bandit int }{"men": {46, 69}, "women": {46, 46}} {
		random, bandit := filepath.Join(dir, "random_"+campaign+".csv.gz"), filepath.Join(dir, "bts_"+campaign+".csv.gz")
		same := ask("--log", random, "--probability", "propensity_score")
		if same.N != 10_000 || same.Positives != want.clicks || same.IPS != same.Logged || same.SNIPS.Value != same.Logged.Value || same.MeanWeight != 1 || same.EffectiveRows != 10_000 {
			t.Errorf("%s, random by random: %+v", campaign, same)
		}
		other := ask("--log", random, "--as", bandit)
		truth := float64(want.bandit) / 10_000
		if other.Own.Value != truth || !other.IPS.holds(truth) || !other.SNIPS.holds(truth) || other.EffectiveRows < 2000 || other.Unseen > 0.01 {
			t.Errorf("%s, bandit by random: %+v, it clicked %v", campaign, other, truth)
		}
		if len(other.Warnings) != 1 || other.Warnings[0].Code != "few_positives" {
			t.Errorf("%s: warnings %v", campaign, other.Warnings)
		}
	}
}
