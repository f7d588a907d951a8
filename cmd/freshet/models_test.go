package main

import (
	"strings"
	"testing"
)

// TestModelsPage: what does not rank is not shown as if it did, and a trial is seen after its end.
func TestModelsPage(t *testing.T) {
	one, two := 1, 2
	versions := []versionReply{{Version: 1, AUC: 0.7}, {Version: 2, AUC: 0.8}}
	for name, c := range map[string]struct {
		model modelReply
		has   []string
		not   string
	}{
		"at hand":               {modelReply{Name: "lr", Live: &one, AtHand: true, Versions: versions}, []string{"▶ lr@1    0.700"}, "▷"},
		"not at hand":           {modelReply{Name: "lr", Live: &one, Versions: versions}, []string{"▷ lr@1 should be live and is not at hand", "▷ lr@1    0.700"}, "▶"},
		"in memory alone":       {modelReply{Name: "lr", Live: &one, AtHand: true}, []string{"▶ lr@1 is live from memory"}, "▷"},
		"neither":               {modelReply{Name: "lr", Live: &one}, []string{"▷ lr@1 should be live and is not at hand"}, "▶"},
		"a trial":               {modelReply{Name: "lr", Canary: &two, Trial: &trialReply{Percent: 5, AtHand: true}}, []string{"◇ lr@2 canary: ranks for 5 %"}, "▶"},
		"a trial of no files":   {modelReply{Name: "lr", Canary: &two, Trial: &trialReply{Percent: 5}}, []string{"◇ lr@2 is on trial and not at hand"}, "ranks for 5 %"},
		"withdrawn from trials": {modelReply{Name: "lr"}, []string{"the newest first\n    lr@2  inverted: it puts last\n    lr@1  constant: one score"}, "▶"},
	} {
		page := (&modelsReply{Data: []modelReply{c.model}, Withdrawn: []withdrawnReply{{"lr", 2, "inverted", "it puts last"}, {"lr", 1, "constant", "one score"}}}).page()
		for _, want := range c.has {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %q in\n%s", name, want, page)
			}
		}
		if strings.Contains(page, c.not) {
			t.Errorf("%s: %q in\n%s", name, c.not, page)
		}
	}
}

// TestTrialEnded: a switch that ends a trial says which one.
func TestTrialEnded(t *testing.T) {
	live, ended := 1, &trialEnded{"fm", 3}
	if got := ended.String() + (*trialEnded)(nil).String(); got != " · the trial of fm@3 ended" {
		t.Error(got)
	}
	r := rolledBack{Live: &live, Was: 2, Name: "lr", WasName: "lr", Ended: ended}
	if got := r.change(); got != "lr@1 is live again; lr@2 is not any more; the trial of fm@3 ends" {
		t.Error(got)
	}
}
