package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank/modeltest"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/store/mem"
)

// trained saves a version on a disk; it gives every row the same odds.
func trained(t *testing.T, disk fsys.FS, logLoss float64) {
	t.Helper()
	state, err := fold.New(fold.Options{Kinds: freshet.BuiltinEvents(), Features: features, NewTable: mem.New,
		Routes: []fold.Route{{Name: "covisit", Kind: "itemcf"}, {Name: "hot", Kind: "popular", Window: freshet.Hour}, {Name: "new", Kind: "new", Within: 72 * freshet.Hour}}})
	if err != nil {
		t.Fatal(err)
	}
	m := modeltest.LR(t, state.RowNames().Numbers, nil, 0, func(string) []float32 { return nil })
	if _, err := registry.Save(disk, registry.Manifest{Model: "lr", Definitions: feature.Hash(features), Until: 7, AUC: 0.7, LogLoss: logLoss, Baseline: 0.4}, m, time.UnixMilli(t0)); err != nil {
		t.Fatal(err)
	}
}

func TestModels(t *testing.T) {
	disk := fsys.NewMem()
	r := newRig(t, plan{disk: disk})
	if reply := r.do(t, "GET", "/v1/models", ""); reply.status != http.StatusOK || strings.TrimSpace(reply.body) != `{"data":[],"next_cursor":null}` {
		t.Errorf("%d %s", reply.status, reply.body)
	}
	trained(t, disk, 0.3)
	trained(t, disk, 0.5)
	r.do(t, "POST", "/v1/items", `[{"item_id":"a"}]`)
	reply := r.do(t, "POST", "/v1/recommend", `{"user_id":"ada"}`)
	if !strings.Contains(reply.body, `"model":null`) {
		t.Errorf("before a promotion: %s", reply.body)
	}
	reply = r.do(t, "POST", "/v1/models/lr/versions/1/promote", `{"stage":"live"}`)
	if reply.status != http.StatusOK || !strings.Contains(reply.body, `{"name":"lr","live":1,"was":null,"position":"`) {
		t.Fatalf("%d %s", reply.status, reply.body)
	}
	r.clock.Add(5000)
	reply = r.do(t, "POST", "/v1/recommend", `{"user_id":"ada"}`)
	if !strings.Contains(reply.body, `"model":{"name":"lr","version":1,"age_s":5}`) || !strings.Contains(reply.body, `"score":0.5`) {
		t.Errorf("after it: %s", reply.body)
	}
	reply = r.do(t, "GET", "/v1/models", "")
	for _, want := range []string{`"name":"lr","live":1,`, `"trained_until_position":"7"`, `"version":2,`, `"unfit":"its log-loss`} {
		if !strings.Contains(reply.body, want) {
			t.Errorf("the list has no %s: %s", want, reply.body)
		}
	}
	if reply := r.do(t, "GET", "/status", ""); !strings.Contains(reply.body, `"model":{"name":"lr","version":1,`) || !strings.Contains(reply.body, `"by":"promoted"`) {
		t.Errorf("status %s", reply.body)
	}
}

func TestPromoteRefuses(t *testing.T) {
	disk := fsys.NewMem()
	trained(t, disk, 0.3)
	trained(t, disk, 0.5)
	r := newRig(t, plan{disk: disk})
	for name, c := range map[string]struct {
		path, body string
		status     int
		code       string
	}{
		"an unknown version":   {"/v1/models/lr/versions/3/promote", "", 404, "unknown_model"},
		"an unknown model":     {"/v1/models/fm/versions/1/promote", "", 404, "unknown_model"},
		"a path for a name":    {"/v1/models/..%2Fmodels%2Flr/versions/1/promote", "", 400, "bad_model_name"},
		"a version of 0":       {"/v1/models/lr/versions/0/promote", "", 400, "validation"},
		"a word":               {"/v1/models/lr/versions/one/promote", "", 400, "validation"},
		"an unfit version":     {"/v1/models/lr/versions/2/promote", "", 422, "unfit_model"},
		"a path upwards":       {"/v1/models/..%2F..%2Fx/versions/1/promote", "", 400, "bad_model_name"},
		"a device":             {"/v1/models/CON/versions/1/promote", "", 400, "bad_model_name"},
		"no name":              {"/v1/models//versions/1/promote", "", 400, "bad_model_name"},
		"a long name":          {"/v1/models/" + strings.Repeat("x", 300) + "/versions/1/promote", "", 400, "bad_model_name"},
		"an unknown stage":     {"/v1/models/lr/versions/1/promote", `{"stage":"half"}`, 400, "validation"},
		"no share":             {"/v1/models/lr/versions/1/promote", `{"stage":"canary","percent":0}`, 400, "validation"},
		"a share of a shadow":  {"/v1/models/lr/versions/1/promote", `{"stage":"shadow","percent":5}`, 400, "validation"},
		"nothing to go back":   {"/v1/models/lr/rollback", "", 404, "unknown_model"},
		"back to a device":     {"/v1/models/nul/rollback", "", 400, "bad_model_name"},
		"a guard":              {"/v1/models/lr/versions/1/promote", `{"guard":{"p99_ms":20}}`, 400, "validation"},
		"an unknown field":     {"/v1/models/lr/versions/1/promote", `{"stge":"live"}`, 422, "validation"},
		"no JSON":              {"/v1/models/lr/versions/1/promote", `live`, 400, "malformed"},
		"an unknown parameter": {"/v1/models/lr/versions/1/promote?stage=live", "", 422, "validation"},
	} {
		reply := r.do(t, "POST", c.path, c.body)
		if reply.status != c.status || !strings.Contains(reply.body, `"code":"`+c.code+`"`) {
			t.Errorf("%s: %d %s, want %d %s", name, reply.status, reply.body, c.status, c.code)
		}
	}
	if reply := r.do(t, "GET", "/v1/models", ""); strings.Contains(reply.body, `"live":1`) {
		t.Errorf("something was promoted: %s", reply.body)
	}
}

// TestTrialsAndRollbacks: into the shadow, to some visitors, back, live, and back again.
func TestTrialsAndRollbacks(t *testing.T) {
	disk := fsys.NewMem()
	trained(t, disk, 0.3)
	trained(t, disk, 0.2)
	trained(t, disk, 0.1)
	r := newRig(t, plan{disk: disk})
	for i, c := range []struct{ path, body, says string }{
		{"lr/versions/1/promote", "", `"live":1,"was":null`},
		{"lr/versions/2/promote", `{"stage":"shadow"}`, `"live":1,"stage":"shadow","version":2,"was":null`},
		{"lr/versions/2/promote", `{"stage":"canary","percent":7.5,"guard":{"gauc_drop":0.01,"p99_ms":20}}`, `"live":1,"stage":"canary","version":2,"percent":7.5,"was":{"name":"lr","version":2}`},
		{"", "", `"live":1,"at_hand":true,"canary":2,"trial":{"since_position":"`},
		{"lr/rollback", `{"dry_run":true}`, `{"live":1,"was":2,"name":"lr","was_name":"lr","trial":true,"dry_run":true,"took_ms"`},
		{"lr/rollback", `{"reason":"fewer clicks"}`, `{"live":1,"was":2,"name":"lr","was_name":"lr","trial":true,"position":"`},
		{"lr/versions/2/promote", `{"stage":"live"}`, `"live":2,"was":{"name":"lr","version":1}`},
		{"", "", `"live":2,"at_hand":true,"previous":1,`},
		{"lr/rollback", "", `{"live":1,"was":2,"name":"lr","was_name":"lr","position":"`},
		{"lr/rollback", "", `"code":"nothing_before"`},
		{"lr/versions/2/promote", `{"stage":"shadow"}`, `"stage":"shadow","version":2,"was":null,"position"`},
		{"lr/versions/3/promote", `{"stage":"shadow"}`, `"version":3,"was":{"name":"lr","version":2},"ended_trial":{"name":"lr","version":2}`},
		{"lr/versions/1/promote", "", `"live":1,"was":{"name":"lr","version":1},"position"`}, // it ranks already: the trial goes on
		{"lr/versions/2/promote", "", `"live":2,"was":{"name":"lr","version":1},"ended_trial":{"name":"lr","version":3},"position"`},
		{"lr/versions/3/promote", `{"stage":"shadow"}`, `"was":null,"position"`},
		{"lr/rollback", `{"stage":"live","dry_run":true}`, `"was_name":"lr","ended_trial":{"name":"lr","version":3},"dry_run":true`},
		{"lr/versions/3/promote", "", `"live":3,"was":{"name":"lr","version":2},"position"`}, // its trial is how it came there
		{"lr/versions/2", "", `"fields":[{"name":"recall.score","kind":"spread","weights":2}`},
	} {
		method := "POST"
		if c.path == "" || strings.HasSuffix(c.path, "/2") {
			method = "GET"
		}
		if reply := r.do(t, method, strings.TrimSuffix("/v1/models/"+c.path, "/"), c.body); !strings.Contains(reply.body, c.says) {
			t.Errorf("%d, %s %s: %d %s, want %s", i, c.path, c.body, reply.status, reply.body, c.says)
		}
	}
}

// TestModelsAtHand: what is live is told apart from what its files are, and a trial that the server ended
// is seen after its end.
func TestModelsAtHand(t *testing.T) {
	disk := fsys.NewMem()
	trained(t, disk, 0.3)
	r := newRig(t, plan{disk: disk})
	listed := func(r *rig, want string) {
		t.Helper()
		if reply := r.do(t, "GET", "/v1/models", ""); !strings.Contains(reply.body, want) {
			t.Errorf("the list has no %s: %s", want, reply.body)
		}
	}
	r.do(t, "POST", "/v1/models/lr/versions/1/promote", "")
	if _, err := r.stream.Switch(t.Context(), t0, []byte(`{"model":"fm","version":7,"sha256":"ab","by":"withdrawn","slot":"challenger","stage":"ended","code":"inverted","reason":"it puts last"}`)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"golden.bin", "manifest.json", "model.bin"} {
		if err := disk.Remove("models/lr/1/" + name); err != nil {
			t.Fatal(err)
		}
	}
	listed(r, `"data":[{"name":"lr","live":1,"at_hand":true,"versions":[]}]`)
	listed(r, `"withdrawn":[{"name":"fm","version":7,"sha256":"ab","code":"inverted","reason":"it puts last"}]`)
	listed(newRig(t, plan{disk: disk.Clone()}), `"data":[{"name":"lr","live":1,"at_hand":false,"versions":[]}]`)
}
