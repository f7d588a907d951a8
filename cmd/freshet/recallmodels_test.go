package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// withVectors is a configuration with routes that go by trained models.
const withVectors = `features: []
recall:
  - {name: vector, kind: embedding, n: 200, budget: 1m}
  - {name: linear, kind: linear, budget: 1m}
  - {name: hot, kind: popular, budget: 1m}
scenes: {home: {budget: 1m}}
`

// TestTrainedModelsServe: on real films, an embedding and weights from item to item are trained, adopted
// and asked; a click moves the next slate through them; a restart from a snapshot gives the same slate;
// and every slate is made again, also after other models came.
func TestTrainedModelsServe(t *testing.T) {
	films := shared(t, "ml-100k")
	data := filepath.Join(t.TempDir(), "films")
	if _, talk, code := runCommand(t, "import", "--data", data, films, "-q"); code != 0 {
		t.Fatalf("import: exit %d\n%s", code, talk)
	}
	if err := os.WriteFile(filepath.Join(data, "freshet.yaml"), []byte(withVectors), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, data)
	if s := ask(t, p, "--user", "1"); len(s.Degraded) > 0 || len(s.Items) != 10 || slices.Contains(s.Items[0].Why.Routes, "vector") {
		t.Fatalf("without models: degraded %v, %v", s.Degraded, s.Items)
	}
	p.stop(t, os.Interrupt)
	for _, model := range []string{"embedding", "itemitem"} {
		out, talk, code := runWithin(t, 10*time.Minute, "train", "--foreground", "--data", data, "--model", model, "--json")
		var reply recallReply
		if err := json.Unmarshal([]byte(out), &reply); err != nil || code != 0 {
			t.Fatalf("train %s: exit %d %v\n%s%s", model, code, err, out, talk)
		}
		if reply.Version != 1 || reply.Unfit != "" || reply.At20 < 1.5*reply.Popular20 || reply.At200 < reply.Popular200 || reply.Pairs != 55_375 {
			t.Errorf("train %s: %+v", model, reply)
		}
	}

	p = start(t, data)
	list, _, _ := runCommand(t, "models", "list", "--server", p.url)
	for _, want := range []string{"▶ embedding@1", "▶ itemitem@1", "RecallAt(20) 0."} {
		if !strings.Contains(list, want) {
			t.Errorf("the list of models has no %q:\n%s", want, list)
		}
	}
	from := func(s askedSlate, route string) (n int) {
		for _, it := range s.Items {
			if slices.Contains(it.Why.Routes, route) {
				n++
			}
		}
		return n
	}
	before := ask(t, p, "--user", "a stranger")
	if len(before.Degraded) > 0 || from(before, "vector")+from(before, "linear") > 0 {
		t.Errorf("a stranger's slate is by %v", before.Items)
	}
	click := func(film string) {
		t.Helper()
		if out, talk, code := runCommand(t, "send", "click", "--user", "a stranger", "--item", film, "--server", p.url); code != 0 {
			t.Fatalf("send: exit %d %s%s", code, out, talk)
		}
	}
	click("50")
	first := ask(t, p, "--user", "a stranger")
	click("100")
	second := ask(t, p, "--user", "a stranger")
	if from(first, "vector") < 5 || from(first, "linear") < 5 || reflect.DeepEqual(ids(first), ids(second)) || first.Items[0].Why.Code != "like_recent" || first.Items[0].Why.ItemID != "50" {
		t.Errorf("after one click %v by %+v, after another %v", ids(first), first.Items[0].Why, ids(second))
	}

	fixed := func() askedSlate {
		return ask(t, p, "--user", "a stranger", "--at", "2030-01-01T00:00:00Z", "--dry-run")
	}
	known := fixed()
	p.stop(t, os.Interrupt)
	if _, talk, code := runCommand(t, "snapshot", "--data", data); code != 0 {
		t.Fatalf("snapshot: exit %d\n%s", code, talk)
	}
	p = start(t, data)
	if again := fixed(); !reflect.DeepEqual(again, known) {
		t.Errorf("after a restart from a snapshot %v, before %v", ids(again), ids(known))
	}

	if out, talk, code := runWithin(t, 10*time.Minute, "train", "--foreground", "--data", data, "--model", "itemitem", "--seed", "2"); code != 0 {
		t.Fatalf("train beside a server: exit %d %s%s", code, out, talk)
	}
	if out, talk, code := runCommand(t, "models", "promote", "itemitem", "2", "--server", p.url); code != 0 || !strings.Contains(out, "itemitem@2 is live from position") || !strings.Contains(out, "itemitem@1 was live before") {
		t.Errorf("promote: exit %d %s%s", code, out, talk)
	}
	ask(t, p, "--user", "a stranger")
	status, _, _ := runCommand(t, "status", "--server", p.url)
	if !strings.Contains(status, "embedding@1, adopted at position") || !strings.Contains(status, "itemitem@2, promoted at position") {
		t.Errorf("status:\n%s", status)
	}
	p.stop(t, os.Interrupt)
	out, talk, code := runCommand(t, "audit", "--data", data, "--json")
	if code != 0 || !strings.HasPrefix(out, `{"slates":5,"slates_differing":0,`) {
		t.Errorf("audit: exit %d %s%s", code, out, talk)
	}
	if out, talk, code = runCommand(t, "verify", "--data", data); code != 0 || !strings.Contains(out, "model embedding@1: whole") {
		t.Errorf("verify: exit %d %s%s", code, out, talk)
	}
}
