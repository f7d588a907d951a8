package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// shop is the least server that the workloads can measure: it counts positions, remembers who
// clicked what, and shows what its visitor did not click.
type shop struct {
	forgets  bool // slates pass over what was clicked
	refuses  bool // events are not taken
	degraded bool // and slates say so, and are short

	mu      sync.Mutex // guards what follows
	last    freshet.Position
	clicked map[freshet.UserID]map[freshet.ItemID]bool
	newest  map[freshet.UserID]freshet.Position
	ids     map[string]bool
	wrong   []string
}

var shopItems = func() (ids []freshet.ItemID) {
	for i := range 200 {
		ids = append(ids, freshet.ItemID(fmt.Sprintf("b-%d", i)))
	}
	return ids
}()

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := ""
	switch r.URL.Path {
	case pathEvents:
		form := codec.JSON
		if r.Header.Get("Content-Type") == mediaNDJSON {
			form = codec.NDJSON
		}
		reply = s.events(body, form)
	case pathRecommend:
		reply = s.slate(body)
	default:
		s.wrong = append(s.wrong, "path "+r.URL.Path)
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(reply)))
	if _, err := io.WriteString(w, reply); err != nil {
		s.wrong = append(s.wrong, err.Error())
	}
}

func (s *shop) events(body []byte, form codec.Form) string {
	batch, err := codec.DecodeEvents(body, form, &codec.Rules{Kinds: freshet.BuiltinEvents(), Strict: true, Now: time.Now().UnixMilli()})
	if err != nil || batch.Refused > 0 {
		s.wrong = append(s.wrong, fmt.Sprintf("events %.200s: %v %v", body, err, batch.Problems))
	}
	if s.refuses {
		return `{"accepted":0,"duplicate":0,"refused":1,"late":0,"errors":[]}`
	}
	for _, e := range batch.List {
		if s.ids[e.ID] {
			s.wrong = append(s.wrong, "the id "+e.ID+" came twice")
		}
		s.ids[e.ID] = true
		s.last++
		if e.Name == "click" {
			if s.clicked[e.User] == nil {
				s.clicked[e.User] = map[freshet.ItemID]bool{}
			}
			s.clicked[e.User][e.Item] = true
			s.newest[e.User] = s.last
		}
	}
	return fmt.Sprintf(`{"accepted":%d,"duplicate":0,"refused":0,"late":0,"position":"%s","errors":[]}`, len(batch.List), s.last)
}

func (s *shop) slate(body []byte) string {
	var ask struct {
		User freshet.UserID `json:"user_id"`
		N    int            `json:"n"`
		At   int64          `json:"at"`
	}
	if err := json.Unmarshal(body, &ask); err != nil || ask.User == "" || ask.N != slateLength || ask.At != 123456 {
		s.wrong = append(s.wrong, fmt.Sprintf("asked %s: %v", body, err))
	}
	var items []string
	for _, id := range shopItems {
		if len(items) < ask.N && (s.forgets || !s.clicked[ask.User][id]) {
			items = append(items, fmt.Sprintf(`{"item_id":%q}`, id))
		}
	}
	degraded, filled := "", len(items)
	if s.degraded {
		degraded, filled = `"recall.hot:timeout"`, 9
	}
	return fmt.Sprintf(`{"items":[%s],"freshness":{"reflected":true,"user_last_event":{"position":"%s"}},"degraded":[%s],"filled":%d,"took_ms":1}`,
		strings.Join(items, ","), s.newest[ask.User], degraded, filled)
}

// measureShop runs a workload on a shop.
func measureShop(t *testing.T, s *shop, name string) (*Result, error) {
	t.Helper()
	s.clicked, s.newest, s.ids = map[freshet.UserID]map[freshet.ItemID]bool{}, map[freshet.UserID]freshet.Position{}, map[string]bool{}
	server := httptest.NewServer(s)
	defer server.Close()
	users := []freshet.UserID{"ada", `bo "the" 2nd`, "ceĉil"}
	result, err := Run(t.Context(), name, Options{
		URL: server.URL, Users: users, Items: shopItems, At: 123456, Kinds: freshet.BuiltinEvents(), Disk: fsys.NewMem(),
		Effect: func(p freshet.Position) (time.Duration, bool) { return time.Duration(p), p%2 == 0 },
		Now:    time.Now, Duration: MinDuration, MaxLag: time.Minute, Seed: 1, patience: 20 * time.Millisecond, Ranking: "by counting",
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wrong) > 0 {
		t.Errorf("%d requests were wrong, such as: %s", len(s.wrong), s.wrong[0])
	}
	return result, err
}

// lines picks the lines of a metric.
func lines(r *Result, metric string) (found []Line) {
	for _, l := range r.Lines {
		if l.Metric == metric {
			found = append(found, l)
		}
	}
	return found
}

func TestEveryWorkload(t *testing.T) {
	for name, want := range map[string][]string{
		"freshness": {"event_to_slate", "receive_to_applied", "reflected", "events", "schedule_lag"},
		"ingest":    {"single_post", "single_post", "single_post", "ndjson_1000"},
		"recommend": {"slates", "slate_latency", "schedule_lag", "slate_latency_at_2000", "schedule_lag_at_2000"},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := measureShop(t, &shop{}, name)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, l := range result.Lines {
				got = append(got, l.Metric)
				if l.Value <= 0 || l.Ratio <= 0 || l.Limits[0] <= 0 || l.Limits[1] <= 0 || l.Bound == "" || l.Unit == "" {
					t.Errorf("a line without meaning: %+v", l)
				}
				if l.P50 != nil && (*l.P50 > *l.P99 || *l.P50 <= 0) {
					t.Errorf("%s: p50 %v, p99 %v", l.Metric, *l.P50, *l.P99)
				}
			}
			for _, l := range lines(result, "reflected") {
				if l.Value != 100 || l.Warning != "" { // the shop is honest
					t.Errorf("reflected %+v", l)
				}
			}
			for _, metric := range []string{"slates", "slate_latency", "slate_latency_at_2000", "event_to_slate"} {
				for _, l := range lines(result, metric) {
					if !strings.Contains(l.Bound, "by counting") {
						t.Errorf("%s does not say how slates are ranked: %q", metric, l.Bound)
					}
				}
			}
			if result.Bench != name || !slices.Equal(got, want) {
				t.Errorf("bench %q has %q, want %q", result.Bench, got, want)
			}
		})
	}
}

// TestAForgetfulShopIsFoundOut, although its replies claim that all is reflected.
func TestAForgetfulShopIsFoundOut(t *testing.T) {
	result, err := measureShop(t, &shop{forgets: true}, "freshness")
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(result, "reflected")[0]; got.Value >= 100 || !strings.Contains(got.Warning, "were not in the slate asked for next") {
		t.Errorf("reflected %+v", got)
	}
	if got := lines(result, "event_to_slate")[0]; !strings.Contains(got.Warning, "did not reflect their event within 20ms") {
		t.Errorf("event_to_slate %+v", got)
	}
}

func TestRefusedEventsFailTheRun(t *testing.T) {
	for _, name := range []string{"freshness", "ingest"} {
		if _, err := measureShop(t, &shop{refuses: true}, name); err == nil || !strings.Contains(err.Error(), `\"accepted\":0`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDegradedSlatesAreTold(t *testing.T) {
	result, err := measureShop(t, &shop{degraded: true}, "recommend")
	if err != nil {
		t.Fatal(err)
	}
	for _, metric := range []string{"slates", "slate_latency", "slate_latency_at_2000"} {
		if got := lines(result, metric)[0].Warning; !strings.Contains(got, `were degraded (such as "recall.hot:timeout")`) || strings.Contains(got, " 0 were degraded") {
			t.Errorf("%s has the warning %q", metric, got)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := Options{URL: "http://127.0.0.1:1", Users: []freshet.UserID{"ada"}, Items: shopItems, Kinds: freshet.BuiltinEvents(), Disk: fsys.NewMem(), Now: time.Now, Duration: time.Second}
	for _, tt := range []struct {
		name, workload string
		change         func(o *Options)
		want           string
	}{
		{"no such workload", "latency", func(*Options) {}, "there are freshness, ingest, recommend"},
		{"no disk", "ingest", func(o *Options) { o.Disk = nil }, "need Disk"},
		{"no clock", "ingest", func(o *Options) { o.Now = nil }, "need Disk, Now"},
		{"nobody", "ingest", func(o *Options) { o.Users = nil }, "0 users"},
		{"one item", "ingest", func(o *Options) { o.Items = o.Items[:1] }, "1 items"},
		{"too short", "ingest", func(o *Options) { o.Duration = MinDuration - 1 }, "is not in 50ms to 1m0s"},
		{"too long", "ingest", func(o *Options) { o.Duration = MaxDuration + 1 }, "is not in 50ms to 1m0s"},
		{"no server", "ingest", func(*Options) {}, "refused"},
		{"no address", "ingest", func(o *Options) { o.URL = "here" }, "is not http://host:port"},
	} {
		o := good
		tt.change(&o)
		if _, err := Run(t.Context(), tt.workload, o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}

func TestARunCanBeStopped(t *testing.T) {
	for _, name := range Names() {
		ctx, cancel := context.WithCancel(t.Context())
		s := &shop{clicked: map[freshet.UserID]map[freshet.ItemID]bool{}, newest: map[freshet.UserID]freshet.Position{}, ids: map[string]bool{}}
		server := httptest.NewServer(s)
		o := Options{URL: server.URL, Users: []freshet.UserID{"ada"}, Items: shopItems, At: 123456, Kinds: freshet.BuiltinEvents(), Disk: fsys.NewMem(), Now: time.Now,
			Effect: func(freshet.Position) (time.Duration, bool) { return 1, true }, Duration: MaxDuration,
			Say: func(string, ...any) { cancel() }} // it speaks when it begins to measure
		if _, err := Run(ctx, name, o); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want the context's error", name, err)
		}
		server.Close()
		cancel()
	}
}
