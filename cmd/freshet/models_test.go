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

// TestModelRefusals: a model that does not pass a gate is a failure, with flags and without; what a flag
// says wrong is usage. Either is told once.
func TestModelRefusals(t *testing.T) {
	const gate = `{"type":"/problems/worse_than_live","title":"The model ranks worse than the live one","status":422,"code":"worse_than_live","detail":"lr version 2 may not be live: it is behind","errors":[{"pointer":"","code":"worse_than_live","message":"lr version 2 may not be live: it is behind","hint":"what was live stays live"}]}`
	const flag = `{"title":"The request has 1 problem","status":400,"code":"validation","detail":"150 is not a percentage","errors":[{"pointer":"/percent","code":"out_of_range","message":"150 is not a percentage","hint":"such as 5"}]}`
	const flags = `{"title":"The request has 2 problems","status":400,"code":"validation","detail":"150 is not a percentage","errors":[{"pointer":"/percent","code":"out_of_range","message":"150 is not a percentage"},{"pointer":"/stage","code":"out_of_range","message":"there is no stage"}]}`
	for _, c := range []struct {
		reply  answer
		args   string
		code   int
		stderr string // its beginning
	}{
		{answer{422, gate}, "models promote lr 2", exitFailed, "error: worse_than_live: lr version 2 may not be live: it is behind\n  what was live stays live\n"},
		{answer{422, gate}, "models promote lr 2 --stage canary", exitFailed, "error: worse_than_live: lr version 2 may not be live: it is behind\n  what was live stays live\n"},
		{answer{400, flag}, "models promote lr 2 --stage canary --percent 150", exitUsage, "error: validation: 150 is not a percentage\n  /percent  out_of_range  such as 5\n"},
		{answer{400, flags}, "models promote lr 2 --stage x --percent 150", exitUsage, "error: validation: The request has 2 problems\n  /percent  out_of_range  150 is not a percentage\n  /stage  out_of_range  there is no stage\n"},
		{answer{409, strings.ReplaceAll(gate, "worse_than_live", "nothing_before")}, "models rollback lr --yes --reason x", exitFailed, "error: nothing_before: "},
	} {
		server := fake(t, c.reply)
		got := runOn(t, t.Context(), server.URL, strings.NewReader(""), strings.Fields(c.args)...)
		if got.code != c.code || !strings.HasPrefix(got.stderr, c.stderr) {
			t.Errorf("%s: exit %d, %s", c.args, got.code, got.stderr)
		}
	}
}
