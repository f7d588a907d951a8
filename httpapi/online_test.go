package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/rank"
)

// counter is an online update that has counted something and learns nothing.
type counter struct{}

func (counter) Rebase(*fold.Model, *rank.Ranker, *fold.Updates) {}
func (counter) Show(*fold.Show)                                 {}
func (counter) Act(freshet.Position, uint32, uint32, freshet.Signal, *freshet.Event) {
}
func (counter) Published(*fold.Updates)     {}
func (counter) Proposal() *fold.Publication { return nil }
func (counter) Pack(*pack.Writer)           {}
func (counter) Unpack(*pack.Reader)         {}
func (counter) Learned() fold.Learned {
	return fold.Learned{Rows: 11, Positives: 12, Bounded: 13, Thinned: 14, Orphans: 15, Repeats: 16, Diverged: 17, Moved: 18}
}

// TestWhatIsLearnedIsTold: the counts of the online update stand in /status, in the list of models and in
// /metrics; a server that learns nothing has none.
func TestWhatIsLearnedIsTold(t *testing.T) {
	disk := fsys.NewMem()
	trained(t, disk, 0.3)
	r := newRig(t, plan{disk: disk, updater: counter{}})
	if reply := r.do(t, "POST", "/v1/models/lr/versions/1/promote", ""); reply.status != http.StatusOK {
		t.Fatalf("%d %s", reply.status, reply.body)
	}
	const learned = `"learned":{"rows":11,"positives":12,"bounded":13,"thinned":14,"orphans":15,"repeats":16,"diverged":17,"moved":18}`
	for _, path := range []string{"/status", "/v1/models"} {
		if reply := r.do(t, "GET", path, ""); !strings.Contains(reply.body, learned) {
			t.Errorf("%s has no %s: %s", path, learned, reply.body)
		}
	}
	text := r.do(t, "GET", "/metrics", "").body
	for _, line := range []string{
		`freshet_online_rows_total{outcome="learned"} 11`, `freshet_online_rows_total{outcome="bounded"} 13`, `freshet_online_rows_total{outcome="thinned"} 14`,
		`freshet_online_positives_total{outcome="learned"} 12`, `freshet_online_positives_total{outcome="orphan"} 15`, `freshet_online_positives_total{outcome="repeat"} 16`,
		`freshet_online_diverged_total 17`, `freshet_online_weights_moved 18`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
	if text := newRig(t, plan{}).do(t, "GET", "/metrics", "").body; strings.Contains(text, "freshet_online_") {
		t.Error("a server that learns nothing counts what it learned")
	}
}
