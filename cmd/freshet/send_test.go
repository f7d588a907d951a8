package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSentEvents(t *testing.T) {
	server := fake(t, answer{200, recorded(t, "event_accepted")})
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"little", []string{"click", "--user", "ada", "--item", "b-1", "--event-id", "e1"}, `{"event":"click","event_id":"e1","user_id":"ada","item_id":"b-1"}`},
		{"every flag", []string{"play", "--user", "ada", "--anonymous", "a1", "--session", "s1", "--item", "b-1", "--value", "0.5", "--ts", "2026-11-20T15:04:05Z",
			"--event-id", "e1", "--request", "r-1", "--rank", "2", "--query", "sea", "--context", "device=mobile", "--context", "a=b=c,d"},
			`{"event":"play","event_id":"e1","user_id":"ada","anonymous_id":"a1","session_id":"s1","item_id":"b-1","value":0.5,"ts":"2026-11-20T15:04:05Z",
			"request_id":"r-1","rank":2,"query":"sea","context":{"device":"mobile","a":"b=c,d"}}`},
		{"zeros are said, too", []string{"rate", "--value", "0", "--rank", "0", "--ts", "0", "--event-id", "e1"}, `{"event":"rate","event_id":"e1","value":0,"rank":0,"ts":0}`},
		{"what is empty is for the server to refuse", []string{"click", "--user", "", "--event-id", ""}, `{"event":"click","event_id":"","user_id":""}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := runOn(t, t.Context(), server.URL, nil, append([]string{"send"}, tt.args...)...); got.code != exitOK {
				t.Fatalf("exit code %d: %s", got.code, got.stderr)
			}
			req := <-server.asked
			if req.method != "POST" || req.path != "/v1/events" || req.media != "application/json" {
				t.Errorf("asked %s %s with %s", req.method, req.path, req.media)
			}
			sameJSON(t, req.body, tt.want)
		})
	}
}

func TestEventsWithoutIDGetOne(t *testing.T) {
	server := fake(t, answer{200, recorded(t, "event_accepted")})
	seen := map[string]bool{}
	for range 3 {
		if got := runOn(t, t.Context(), server.URL, nil, "send", "click", "--user", "ada", "--item", "b-1"); got.code != exitOK {
			t.Fatalf("exit code %d: %s", got.code, got.stderr)
		}
		var event struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal([]byte((<-server.asked).body), &event); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(event.ID, "cli-") || len(event.ID) < 20 || seen[event.ID] {
			t.Errorf("event id %q, want a new one that begins with cli-", event.ID)
		}
		seen[event.ID] = true
	}
}

func TestWhatBecameOfAnEvent(t *testing.T) {
	for _, tt := range []struct {
		name           string
		answer         answer
		args           []string
		code           int
		stdout, stderr string
	}{
		{"accepted", answer{200, recorded(t, "event_accepted")}, []string{"click", "--user", "ada", "--item", "b-0417"}, exitOK,
			"accepted click by ada on b-0417 · position 60550 · durable and applied in 3 ms\n", ""},
		{"duplicate", answer{200, recorded(t, "event_duplicate")}, []string{"like", "--anonymous", "a-1", "--item", "b-0417"}, exitOK,
			"duplicate like by anonymous a-1 on b-0417 · it came before and is counted once · position 60553 · answered in 3 ms\n", ""},
		{"late", answer{200, recorded(t, "event_late")}, []string{"like", "--session", "s 1", "--item", "b-0417"}, exitOK,
			"accepted like by session s 1 on b-0417 · late: kept, but too old to count in features and slates · position 60554 · durable in 3 ms\n", ""},
		{"no item", answer{200, recorded(t, "event_accepted")}, []string{"search", "--user", "ada", "--query", "sea"}, exitOK,
			"accepted search by ada · position 60550 · durable and applied in 3 ms\n", ""},
		{"refused", answer{422, recorded(t, "event_refused")}, []string{"click", "--user", "ada", "--item", "b-0417", "--ts", "31/02/2026"}, exitRefused, "",
			"error: click by ada on b-0417 was refused\n  /ts  bad_time  ts: \"31/02/2026\" is not a time (use RFC 3339 with a zone, such as 2026-11-20T15:04:05Z, or whole seconds or milliseconds since 1970)\n"},
		{"refused, as JSON", answer{422, recorded(t, "event_refused")}, []string{"click", "--user", "ada", "--json"}, exitRefused, recorded(t, "event_refused"),
			"error: click by ada was refused\n  /ts  bad_time  ts: \"31/02/2026\" is not a time (use RFC 3339 with a zone, such as 2026-11-20T15:04:05Z, or whole seconds or milliseconds since 1970)\n"},
		{"refused in short", answer{422, `{"code":"validation","detail":"no","accepted":0,"refused":1}`}, []string{"click"}, exitRefused, "",
			"error: click was refused\n  validation  no\n"},
		{"accepted, as JSON", answer{200, recorded(t, "event_accepted")}, []string{"click", "--json"}, exitOK, recorded(t, "event_accepted"), ""},
		{"a body that cannot be read", answer{400, `{"code":"malformed","detail":"no"}`}, []string{"click"}, exitUsage, "", "error: malformed: no\n"},
		{"a disk that failed", answer{503, `{"code":"journal_failed","detail":"no"}`}, []string{"click", "--event-id", "e1"}, exitFailed, "",
			"error: journal_failed: no\n  to send the same event again, whether or not it arrived: --event-id e1\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := fake(t, tt.answer)
			runOn(t, t.Context(), server.URL, nil, append([]string{"send"}, tt.args...)...).check(t, tt.code, tt.stdout, tt.stderr)
		})
	}
}

func TestSendUsage(t *testing.T) {
	for _, tt := range []struct {
		name   string
		args   []string
		stderr string
	}{
		{"no event", nil, "error: send takes the name of one event, or -, got 0 arguments\n  such as: freshet send click --user ada --item b-0417\n"},
		{"two events", []string{"a", "b"}, "error: send takes the name of one event, or -, got 2 arguments\n  such as: freshet send click --user ada --item b-0417\n"},
		{"one event and many", []string{"-", "--user", "ada"}, "error: --user describes one event and means nothing beside -\n"},
		{"value that JSON cannot say", []string{"rate", "--value", "NaN"}, "error: --value is NaN; it must be a finite number\n"},
		{"context without name", []string{"click", "--context", "=x"}, "error: --context \"=x\" is not of the form name=text\n  such as: --context device=mobile\n"},
		{"context without value", []string{"click", "--context", "x"}, "error: --context \"x\" is not of the form name=text\n  such as: --context device=mobile\n"},
		{"context twice", []string{"click", "--context", "x=1", "--context", "x=2"}, "error: --context gives \"x\" twice\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runOn(t, t.Context(), "http://127.0.0.1:1", strings.NewReader(""), append([]string{"send"}, tt.args...)...).check(t, exitUsage, "", tt.stderr)
		})
	}
}

func TestTimesFromFlags(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"seconds", "1795187045", "1795187045"},
		{"milliseconds", "1795187045123", "1795187045123"},
		{"before 1970", "-5", "-5"},
		{"zeros in front", "007", "7"},
		{"larger than any integer", "0099999999999999999999", "99999999999999999999"},
		{"text", "2026-11-20T15:04:05Z", `"2026-11-20T15:04:05Z"`},
		{"fraction", "1.5", `"1.5"`},
		{"sign only", "-", `"-"`},
		{"empty", "", `""`},
	} {
		got, err := json.Marshal(timeField(tt.text))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %q is sent as %s, %v; want %s", tt.name, tt.text, got, err, tt.want)
		}
	}
}

func TestShellWord(t *testing.T) {
	for text, want := range map[string]string{"cli-7F": "cli-7F", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'"} {
		if got := shellWord(text); got != want {
			t.Errorf("shellWord(%q) = %s, want %s", text, got, want)
		}
	}
}
