package httpapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/deadletter"
)

// reject keeps n lines as dead letters.
func (r *rig) reject(t *testing.T, n int) {
	t.Helper()
	s, _, err := deadletter.Open(deadletter.Options{FS: r.disk})
	if err != nil {
		t.Fatal(err)
	}
	var list []deadletter.Letter
	for line := 1; line <= n; line++ {
		list = append(list, deadletter.Letter{Received: t0, Source: "import:1f", File: "a.jsonl", Line: int64(line), Code: "bad_time", Pointer: "/ts",
			Message: "no such day", Hint: "use another", Payload: fmt.Appendf(nil, `{"<b>":%d}`, line)})
	}
	if _, _, err := s.Append(list); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

type rejectedDoc struct {
	Data []struct {
		ID         string
		ReceivedAt string `json:"received_at"`
		Source     string
		File       string
		Line       int
		Code       string
		Pointer    string
		Message    string
		Hint       string
		Payload    string
		Truncated  bool
	}
	NextCursor *string `json:"next_cursor"`
	Damaged    string
}

func TestRejectedAreListedPageByPage(t *testing.T) {
	r := newRig(t, plan{})
	var none rejectedDoc
	if r.do(t, "GET", "/v1/rejected", "").want(t, http.StatusOK, &none); none.Data == nil || len(none.Data) > 0 || none.NextCursor != nil {
		t.Errorf("before any: %+v", none)
	}
	r.reject(t, 250)
	seen, pages := 0, 0
	for cursor := ""; ; pages++ {
		var page rejectedDoc
		r.do(t, "GET", "/v1/rejected?limit=100"+cursor, "").want(t, http.StatusOK, &page)
		for _, l := range page.Data {
			seen++
			if l.ID != fmt.Sprintf("rej-%d", seen) || l.Line != seen || l.Payload != fmt.Sprintf(`{"<b>":%d}`, seen) || l.Source != "import:1f" || l.File != "a.jsonl" ||
				l.ReceivedAt != "2026-11-20T15:04:05.000Z" || l.Code != "bad_time" || l.Pointer != "/ts" || l.Message != "no such day" || l.Hint != "use another" || l.Truncated {
				t.Fatalf("letter %d is %+v", seen, l)
			}
		}
		if page.NextCursor == nil {
			break
		}
		cursor = "&cursor=" + *page.NextCursor
	}
	if seen != 250 || pages != 2 {
		t.Errorf("%d letters on %d pages", seen, pages+1)
	}
	var usual rejectedDoc
	if r.do(t, "GET", "/v1/rejected", "").want(t, http.StatusOK, &usual); len(usual.Data) != 100 || usual.NextCursor == nil {
		t.Errorf("a page without a limit has %d letters", len(usual.Data))
	}
}

func TestRejectedRefusesWhatItCannotRead(t *testing.T) {
	r := newRig(t, plan{})
	for query, want := range map[string]struct {
		status int
		codes  []string
	}{
		"limit=0":                    {400, []string{"out_of_range"}},
		"limit=1001":                 {400, []string{"out_of_range"}},
		"limit=ten":                  {400, []string{"out_of_range"}},
		"cursor=7":                   {400, []string{"bad_cursor"}},
		"cursor=rej-0":               {400, []string{"bad_cursor"}},
		"cursor=":                    {400, []string{"bad_cursor"}},
		"limit=-1&cursor=rej-1%0a":   {400, []string{"out_of_range", "bad_cursor"}},
		"code=bad_time":              {422, []string{"unknown_field"}},
		"limit=1&limit=2":            {422, []string{"duplicate_field"}},
		"cursor=rej-999999&limit=10": {200, nil},
	} {
		got := r.do(t, "GET", "/v1/rejected?"+query, "")
		var p problemDoc
		if got.into(t, &p); got.status != want.status || want.codes != nil && !reflect.DeepEqual(found(p.Errors), want.codes) {
			t.Errorf("%s: status %d, %v", query, got.status, found(p.Errors))
		}
	}
	if got := r.do(t, "POST", "/v1/rejected", "{}"); got.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", got.status)
	}
}

// Damage is told beside what can be read; a disk that fails is an error with a code.
func TestRejectedTellsOfDamage(t *testing.T) {
	r := newRig(t, plan{})
	r.reject(t, 3)
	const name = "rejected/00000000000000000001.letters"
	f, err := r.disk.Edit(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{0xff}, 100); err != nil {
		t.Fatal(err)
	}
	var page rejectedDoc
	if r.do(t, "GET", "/v1/rejected", "").want(t, http.StatusOK, &page); len(page.Data) != 2 || !strings.Contains(page.Damaged, name+" is damaged at byte 48") {
		t.Errorf("%d letters, damaged: %q", len(page.Data), page.Damaged)
	}
	r.Rejected = func(deadletter.ID, int) (deadletter.Page, error) { return deadletter.Page{}, errors.New("no disk") }
	if got := r.do(t, "GET", "/v1/rejected", ""); got.status != http.StatusInternalServerError || !strings.Contains(got.body, `"rejected_unreadable"`) {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}
