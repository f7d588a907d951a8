package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

type askedSlate struct {
	Items []struct {
		ID     string            `json:"item_id"`
		Score  float64           `json:"score"`
		Fields map[string]string `json:"fields"`
		Why    struct {
			Code   string   `json:"code"`
			Text   string   `json:"text"`
			ItemID string   `json:"item_id"`
			Routes []string `json:"routes"`
		} `json:"why"`
	} `json:"items"`
	Freshness struct {
		Reflected bool   `json:"reflected"`
		Position  string `json:"position"`
	} `json:"freshness"`
	Degraded []string `json:"degraded"`
	Filled   int      `json:"filled"`
}

// ask runs freshet recommend --json.
func ask(t *testing.T, p *process, args ...string) askedSlate {
	t.Helper()
	out, talk, code := runCommand(t, append([]string{"recommend", "--json", "--server", p.url}, args...)...)
	if code != 0 {
		t.Fatalf("recommend %v: exit %d\n%s", args, code, talk)
	}
	var reply askedSlate
	if err := json.Unmarshal([]byte(out), &reply); err != nil {
		t.Fatalf("recommend %v: %v\n%s", args, err, out)
	}
	return reply
}

func ids(s askedSlate) (list []string) {
	for _, it := range s.Items {
		list = append(list, it.ID)
	}
	return list
}

// TestOneEventChangesTheNextSlate follows a user from an import of real films to a slate that
// three clicks of a stranger have changed, and through two restarts.
func TestOneEventChangesTheNextSlate(t *testing.T) {
	films := shared(t, "ml-100k")
	data := filepath.Join(t.TempDir(), "films")
	out, talk, code := runCommand(t, "import", "--data", data, films, "--json")
	var ack acknowledgement
	if err := json.Unmarshal([]byte(out), &ack); err != nil || code != 0 || ack.Accepted != 100_000 || ack.Refused != 0 {
		t.Fatalf("import: exit %d, %v, %s%s", code, err, out, talk)
	}
	out, _, code = runCommand(t, "import", "--data", data, films, "--json")
	var again acknowledgement
	if err := json.Unmarshal([]byte(out), &again); err != nil || code != 0 || again.Accepted != 0 || again.Duplicate != 100_000 || again.Position != ack.Position {
		t.Fatalf("import again: exit %d, %v, %s", code, err, out)
	}
	dump, _, _ := runCommand(t, "dump", "--data", data)
	rated := map[string]bool{}
	for line := range strings.Lines(dump) {
		var rec struct {
			Event *struct {
				User string `json:"user_id"`
				Item string `json:"item_id"`
			} `json:"event"`
		}
		if err := json.Unmarshal([]byte(line), &rec); err != nil {
			t.Fatal(err)
		}
		if rec.Event != nil && rec.Event.User == "1" {
			rated[rec.Event.Item] = true
		}
	}
	if len(rated) != 272 {
		t.Fatalf("user 1 rated %d films, the data set says 272", len(rated))
	}

	if err := unhurry(filepath.Join(data, defaultConfigFile)); err != nil {
		t.Fatal(err)
	}
	p := start(t, data)
	if _, talk, code := runCommand(t, "import", "--data", data, films); code != exitInUse {
		t.Errorf("import beside a running server: exit %d, want %d\n%s", code, exitInUse, talk)
	}
	known := ask(t, p, "--user", "1", "--dry-run")
	if len(known.Items) != 10 || len(known.Degraded) > 0 {
		t.Fatalf("user 1 gets %d films, degraded %v", len(known.Items), known.Degraded)
	}
	for _, it := range known.Items {
		if rated[it.ID] || it.Why.Text == "" || it.Fields["title"] == "" {
			t.Errorf("user 1 gets %+v, rated before: %v", it, rated[it.ID])
		}
	}

	before := ask(t, p, "--user", "a stranger")
	clicks := []string{"50", "172", "181"} // the three films of one trilogy
	for _, film := range clicks {
		if out, talk, code := runCommand(t, "send", "click", "--user", "a stranger", "--item", film, "--server", p.url); code != 0 {
			t.Fatalf("send: exit %d %s%s", code, out, talk)
		}
	}
	after := ask(t, p, "--user", "a stranger")
	changed, covisited := 0, 0
	for i, it := range after.Items {
		if i >= len(before.Items) || before.Items[i].ID != it.ID {
			changed++
		}
		if it.Why.Code == "like_recent" && (it.Why.ItemID == "50" || it.Why.ItemID == "172" || it.Why.ItemID == "181") {
			covisited++
		}
		if it.ID == "50" || it.ID == "172" || it.ID == "181" {
			t.Errorf("film %s was clicked and is shown again", it.ID)
		}
	}
	if len(before.Items) != 10 || len(after.Items) != 10 || changed < 3 || covisited < 3 || !after.Freshness.Reflected {
		t.Errorf("three clicks changed %d of 10 places, %d films go with them, reflected %v", changed, covisited, after.Freshness.Reflected)
	}

	var slates []askedSlate
	for range 3 {
		s := ask(t, p, "--user", "a stranger", "--at", "2030-01-01T00:00:00Z", "--dry-run")
		slates = append(slates, s)
		p.stop(t, os.Interrupt)
		p = start(t, data)
	}
	if !reflect.DeepEqual(slates[0], slates[1]) || !reflect.DeepEqual(slates[1], slates[2]) {
		t.Errorf("the same journal gives different slates after restarts:\n%v\n%v\n%v", ids(slates[0]), ids(slates[1]), ids(slates[2]))
	}
	positions, _, _ := runCommand(t, "dump", "--data", data)
	for _, s := range append(slates, known, before, after) {
		if !strings.Contains(positions, fmt.Sprintf(`{"position":%q,`, s.Freshness.Position)) {
			t.Errorf("position %s is not one of the dump", s.Freshness.Position)
		}
	}
	if _, talk, code := runCommand(t, "recommend", "--user", "1", "--at", "2001-01-01T00:00:00Z", "--dry-run", "--server", p.url); code != exitUsage || !strings.Contains(talk, "too_old") {
		t.Errorf("a time before the state: exit %d\n%s", code, talk)
	}
}
