package fold_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/stream"
)

// TestModelSwitches: the newest switch counts, and that one was promoted is never forgotten.
func TestModelSwitches(t *testing.T) {
	j := build(t)
	for i, c := range []struct {
		record   string
		version  int
		promoted bool
	}{
		{`{"model":"lr","version":1,"sha256":"aa","by":"adopted"}`, 1, false},
		{`{"model":"lr","version":2,"sha256":"bb","by":"adopted"}`, 2, false},
		{`{"model":"lr","version":1,"sha256":"aa","by":"promoted"}`, 1, true},
		{`{"model":"lr","version":3,"sha256":"cc","by":"adopted","more":1}`, 3, true},
		{`{"model":{"a newer":"form"}}`, 0, true},
	} {
		at := freshet.Position(100 + i)
		j.Apply(&stream.Entry{Position: at, Topic: freshet.TopicModel, Model: []byte(c.record)})
		if m := j.Model; m.Version != c.version || m.Promoted != c.promoted || m.Since != at || (m.Name == "") != (c.version == 0) {
			t.Errorf("after %s: %+v", c.record, m)
		}
	}
	if j.Model.By != fold.Promoted {
		t.Errorf("a record of unknown form counts as %q", j.Model.By)
	}
}

// TestWhatWasLiveIsRemembered: each live version is put behind the next one, and to go back takes
// it from there, so that going back again goes further back.
func TestWhatWasLiveIsRemembered(t *testing.T) {
	j := build(t)
	for i, c := range []struct {
		by, version string
		past        []int
	}{
		{fold.Adopted, "1", nil},
		{fold.Promoted, "1", nil}, // the same bytes
		{fold.Promoted, "2", []int{1}},
		{fold.Promoted, "3", []int{1, 2}},
		{fold.Restored, "2", []int{1}},
		{fold.Restored, "1", nil},
		{fold.Restored, "7", []int{1}}, // to one that is not remembered
		{fold.Promoted, "1", []int{1, 7}},
		{fold.Promoted, "3", []int{1, 7, 1}},
		{fold.Restored, "1", []int{1, 7}}, // the last of them
	} {
		j.Apply(&stream.Entry{Position: freshet.Position(100 + i), Topic: freshet.TopicModel, Model: []byte(`{"model":"lr","version":` + c.version + `,"sha256":"s` + c.version + `","by":"` + c.by + `"}`)})
		var past []int
		for _, m := range j.Model.Past {
			past = append(past, m.Version)
		}
		if !slices.Equal(past, c.past) || j.Model.Version != int(c.version[0]-'0') {
			t.Errorf("%d: after %s of %s: version %d, before it %v, want %v", i, c.by, c.version, j.Model.Version, past, c.past)
		}
	}
	for i := range 30 {
		j.Apply(&stream.Entry{Position: freshet.Position(200 + i), Topic: freshet.TopicModel, Model: fmt.Appendf(nil, `{"model":"lr","version":%d,"sha256":"%d","by":"promoted"}`, i+10, i)})
	}
	if past := j.Model.Past; len(past) != 8 || past[7].Version != 38 {
		t.Errorf("of 30 more %d are remembered: %v", len(past), past)
	}
}

// TestTrials: one model at a time is on trial, until it is ended or another one is live.
func TestTrials(t *testing.T) {
	j := build(t)
	for i, c := range []struct {
		record, trial string
		live          int
	}{
		{`{"model":"lr","version":1,"sha256":"aa","by":"promoted"}`, "", 1},
		{`{"model":"lr","version":2,"sha256":"bb","by":"promoted","slot":"challenger","stage":"shadow"}`, "lr 2 shadow 0", 1},
		{`{"model":"lr","version":2,"sha256":"bb","by":"promoted","slot":"challenger","stage":"canary","percent":5}`, "lr 2 canary 5", 1},
		{`{"model":"fm","version":1,"sha256":"cc","by":"promoted","slot":"challenger","stage":"shadow"}`, "fm 1 shadow 0", 1},
		{`{"model":"it","version":1,"sha256":"dd","by":"promoted","slot":"itemitem"}`, "fm 1 shadow 0", 1},
		{`{"model":"fm","version":1,"sha256":"cc","by":"withdrawn","slot":"challenger","stage":"ended","code":"inverted"}`, "", 1},
		{`{"model":"fm","version":1,"sha256":"cc","by":"promoted","slot":"challenger","stage":"shadow"}`, "fm 1 shadow 0", 1},
		{`{"model":"fm","version":1,"sha256":"cc","by":"promoted","slot":"challenger","stage":"of a newer release"}`, "", 1},
		{`{"model":"fm","version":1,"sha256":"cc","by":"promoted","slot":"challenger","stage":"shadow"}`, "fm 1 shadow 0", 1},
		{`{"model":"lr","version":3,"sha256":"ee","by":"promoted"}`, "", 3},
	} {
		j.Apply(&stream.Entry{Position: freshet.Position(100 + i), Topic: freshet.TopicModel, Model: []byte(c.record)})
		trial := ""
		if m := j.Challenger; m.Name != "" {
			trial = fmt.Sprint(m.Name, " ", m.Version, " ", m.Stage, " ", m.Percent)
		}
		if trial != c.trial || j.Model.Version != c.live {
			t.Errorf("after %s: %q on trial and version %d live; want %q and %d", c.record, trial, j.Model.Version, c.trial, c.live)
		}
	}
}

// TestATrialIsAnOperatorsWord: once a model was on trial, no other is to be live by itself, whatever
// came of the trial.
func TestATrialIsAnOperatorsWord(t *testing.T) {
	for _, stage := range []string{"shadow", "canary", "ended"} {
		j := build(t)
		for i, record := range []string{
			`{"model":"lr","version":1,"sha256":"aa","by":"adopted"}`,
			`{"model":"lr","version":2,"sha256":"bb","by":"promoted","slot":"challenger","stage":"` + stage + `","percent":5}`,
		} {
			if j.Model.Promoted {
				t.Errorf("%s: promoted before", stage)
			}
			j.Apply(&stream.Entry{Position: freshet.Position(100 + i), Topic: freshet.TopicModel, Model: []byte(record)})
		}
		if !j.Model.Promoted || j.Model.Version != 1 || j.Model.By != fold.Adopted {
			t.Errorf("%s: %+v", stage, j.Model)
		}
	}
}

// TestWithdrawnIsRemembered: what the server took from its trial stands in the state until it is live, and
// comes back from a snapshot.
func TestWithdrawnIsRemembered(t *testing.T) {
	j := build(t)
	for i, c := range []struct {
		record    string
		withdrawn []int
	}{
		{`{"model":"lr","version":1,"sha256":"aa","by":"promoted"}`, nil},
		{`{"model":"lr","version":2,"sha256":"bb","by":"promoted","slot":"challenger","stage":"canary","percent":5}`, nil},
		{`{"model":"lr","version":2,"sha256":"bb","by":"withdrawn","slot":"challenger","stage":"ended","code":"inverted"}`, []int{2}},
		{`{"model":"lr","version":3,"sha256":"cc","by":"promoted","slot":"challenger","stage":"shadow"}`, []int{2}},
		{`{"model":"lr","version":3,"sha256":"cc","by":"rolled_back","slot":"challenger","stage":"ended"}`, []int{2}},
		{`{"model":"lr","version":4,"sha256":"dd","by":"withdrawn","slot":"challenger","stage":"ended","code":"shifted"}`, []int{2, 4}},
		{`{"model":"lr","version":2,"sha256":"bb","by":"withdrawn","slot":"challenger","stage":"ended","code":"shifted"}`, []int{4, 2}},
		{`{"model":"lr","version":5,"sha256":"ee","by":"promoted"}`, []int{4, 2}},
		{`{"model":"lr","version":4,"sha256":"dd","by":"promoted"}`, []int{2}},
	} {
		j.Apply(&stream.Entry{Position: freshet.Position(100 + i), Topic: freshet.TopicModel, Model: []byte(c.record)})
		var w pack.Writer
		j.Pack(&w)
		again := build(t)
		r := pack.NewReader(w.Bytes)
		again.Unpack(r)
		if err := r.Done(); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*fold.State{j.State, again.State} {
			var got []int
			for _, one := range s.Challenger.Past {
				got = append(got, one.Version)
			}
			if !slices.Equal(got, c.withdrawn) {
				t.Errorf("after %s: withdrawn are %v, want %v", c.record, got, c.withdrawn)
			}
		}
	}
}
