package fold_test

import (
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
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
