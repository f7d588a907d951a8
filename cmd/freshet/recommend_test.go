package main

import (
	"encoding/json"
	"reflect"
	"testing"
)

// sameJSON compares documents by what they say.
func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Fatalf("%q: %v", got, err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("%q: %v", want, err)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRecommendRequests(t *testing.T) {
	server := fake(t, answer{200, recorded(t, "slate")})
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"nothing said", nil, `{"n":10,"fields":["title"]}`},
		{"every flag", []string{"--user", "ada", "--anonymous", "a-1", "--session", "s1", "--scene", "cart", "-n", "3", "--at", "1795187045", "--dry-run", "--diff",
			"--exclude", "b-1,b-2", "--exclude", "b-3", "--seed", `"b,4"`, "--min-position", "61207", "--wait", "1500us"},
			`{"n":3,"fields":["title"],"user_id":"ada","anonymous_id":"a-1","session_id":"s1","scene":"cart","at":1795187045,"dry_run":true,"diff":true,
			"exclude":{"item_ids":["b-1","b-2","b-3"]},"seed_items":["b,4"],"min_position":"61207","wait_ms":1.5}`},
		{"waits 20 ms unless told", []string{"--min-position", "1"}, `{"n":10,"fields":["title"],"min_position":"1","wait_ms":20}`},
		{"a context", []string{"--context", "device=phone", "--context", "hour=7.50", "--context", "new=true", "--context", "zip=02139", "--context", "v=1e3", "--context", "q=a=b", "--context", "n=NaN", "--context", "none="},
			`{"n":10,"fields":["title"],"context":{"device":"phone","hour":7.50,"new":true,"zip":"02139","v":1e3,"q":"a=b","n":"NaN","none":""}}`},
		{"time as text", []string{"--at", "2026-11-20T15:04:05Z"}, `{"n":10,"fields":["title"],"at":"2026-11-20T15:04:05Z"}`},
		{"an empty id is for the server to refuse", []string{"--user", ""}, `{"n":10,"fields":["title"],"user_id":""}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := runOn(t, t.Context(), server.URL, nil, append([]string{"recommend"}, tt.args...)...)
			if got.code != exitOK {
				t.Fatalf("exit code %d: %s", got.code, got.stderr)
			}
			req := <-server.asked
			if req.method != "POST" || req.path != "/v1/recommend" || req.media != "application/json" {
				t.Errorf("asked %s %s with %s", req.method, req.path, req.media)
			}
			sameJSON(t, req.body, tt.want)
		})
	}
}

func TestRecommendPrintsTheSlate(t *testing.T) {
	server := fake(t, answer{200, recorded(t, "slate_diff")})
	runOn(t, t.Context(), server.URL, nil, "recommend", "--user", "ada", "-n", "4", "--diff").check(t, exitOK,
		` #   was  item                                  score    because
 1   new  Foghorns from Three Chimneys  b-1211  0.0164   like The Long Shore, clicked just now  [covisit]
 2   new  The Weathered Ferry           b-0214  0.0164   like The Long Shore, clicked just now  [covisit, hot]
 3   new  Swell in the Far Shoal        b-1076  0.0163   like The Long Shore, clicked just now  [covisit, hot]
 4   new  Swell and Herring             b-1209  0.0161   like The Long Shore, clicked just now  [covisit]
click reflected: yes (position 60550, applied 1.2 ms after arrival) · request r-06GZQ3EF12DBW20W1GXWKXG · 0.6 ms
`, "")
	runOn(t, t.Context(), server.URL, nil, "recommend", "--user", "ada", "-n", "4", "--diff", "--json").check(t, exitOK, recorded(t, "slate_diff"), "")
}

func TestWhatIsMissingFromASlateIsSaid(t *testing.T) {
	const item = `{"item_id":"b-1","rank":1,"score":0,"fields":{"title":"One"},"was":0,"why":{"code":"fallback","text":"popular","routes":[]}}`
	for _, tt := range []struct {
		name, reply    string
		args           []string
		stdout, stderr string
	}{
		{"routes and fallback",
			`{"request_id":"r-1","items":[` + item + `],"freshness":{"reflected":true,"position":"1"},"degraded":["recall.covisit:timeout","recall.hot:error","slate:fallback_popular","ranker:odd"],"filled_by":{"fallback":1},"took_ms":1}`,
			[]string{"-n", "1"},
			" #   item      score   because\n 1   One  b-1  0       popular\nrequest r-1 · reflected: yes · 1 of 1 places · 1 ms\n",
			"warning: route covisit did not answer in time; the slate does without it\nwarning: route hot failed; the slate does without it\n" +
				"warning: 1 place filled with popular items, because routes are missing\nwarning: degraded: ranker:odd\n"},
		{"fewer than asked for",
			`{"request_id":"r-1","items":[` + item + `],"freshness":{"reflected":true,"position":"1"},"shortfall":[{"stage":"filter","reason":"unavailable","removed":3},
			{"stage":"filter","reason":"excluded","removed":1},{"stage":"filter","reason":"seen","removed":1412},{"stage":"rules","reason":"block","removed":2},{"stage":"recall","reason":"few_items","missing":2}],"took_ms":1}`,
			[]string{"-n", "3"},
			" #   item      score   because\n 1   One  b-1  0       popular\nrequest r-1 · reflected: yes · 1 of 3 places · 1 ms\n",
			"warning: 1 of 3 places filled: of all items 3 unavailable, 1 excluded, 1,412 already seen, 2 removed by rules: block; no route has more to propose\n"},
		{"nothing, all seen",
			`{"request_id":"r-1","items":[],"freshness":{"reflected":true,"position":"1"},"shortfall":[{"stage":"filter","reason":"seen","removed":12},{"stage":"recall","reason":"few_items","missing":10}],"took_ms":1}`,
			nil, "no items: of all items 12 already seen; no route has more to propose\nrequest r-1 · reflected: yes · 0 of 10 places · 1 ms\n", ""},
		{"nothing at all",
			`{"request_id":"r-1","items":[],"freshness":{"reflected":true,"position":"0"},"shortfall":[{"stage":"recall","reason":"few_items","missing":10}],"previous_request_id":"","took_ms":1}`,
			[]string{"--diff"}, "no items: no route has anything to propose yet\n  bring in items and events: freshet import FILE, or freshet send EVENT\nno events from this user yet · request r-1 · 1 ms\n", ""},
		{"not there yet, and no slate to compare with",
			`{"request_id":"r-1","items":[` + item + `],"freshness":{"reflected":false,"position":"8"},"previous_request_id":"","took_ms":21}`,
			[]string{"-n", "1", "--diff", "--min-position", "9"},
			" #   was  item      score   because\n 1   new  One  b-1  0       popular\nnewest event reflected: no (position 9 is not applied yet) · request r-1 · 21 ms\n",
			"warning: position 9 was not applied within 20ms; this slate does not know it yet\nwarning: no earlier slate of this visitor is known, so every item is new\n"},
		{"quiet", `{"request_id":"r-1","items":[` + item + `],"freshness":{"reflected":true,"position":"8"},"degraded":["recall.hot:error"],"took_ms":1}`,
			[]string{"-n", "1", "--quiet"}, " #   item      score   because\n 1   One  b-1  0       popular\nrequest r-1 · reflected: yes · 1 of 1 places · 1 ms\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := fake(t, answer{200, tt.reply})
			runOn(t, t.Context(), server.URL, nil, append([]string{"recommend"}, tt.args...)...).check(t, exitOK, tt.stdout, tt.stderr)
		})
	}
}

func TestRecommendUsage(t *testing.T) {
	for _, tt := range []struct {
		name   string
		args   []string
		stderr string
	}{
		{"an argument", []string{"ada"}, "error: freshet recommend takes no arguments, got [\"ada\"]\n"},
		{"wait for nothing", []string{"--wait", "1s"}, "error: --wait waits for --min-position, which is missing\n"},
		{"a context without value", []string{"--context", "device"}, "error: --context \"device\" is not of the form name=text\n  such as: --context device=mobile\n"},
		{"n that is no number", []string{"-n", "few"}, "error: invalid argument \"few\" for \"-n, --n\" flag: strconv.ParseInt: parsing \"few\": invalid syntax\n  see freshet recommend --help\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runOn(t, t.Context(), "http://127.0.0.1:1", nil, append([]string{"recommend"}, tt.args...)...).check(t, exitUsage, "", tt.stderr)
		})
	}
}
