package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/deadletter"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/httpapi"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// t0 is where the clocks of these tests begin: 2026-11-20T15:04:05Z.
const t0 = int64(1_795_187_045_000)

// plan is what a rig is made from; the zero plan is a server with every kind of route.
type plan struct {
	disk    *fsys.Mem
	defs    []feature.Definition // nil is features
	now     func() time.Time     // nil is the rig's own clock
	strict  bool
	prepare func(s *fold.State) // before the first record
	updater fold.Updater        // nil learns nothing
}

// rig is a whole server over a disk in memory.
type rig struct {
	*httpapi.API
	disk   *fsys.Mem
	log    *journal.Log
	stream *stream.Stream
	clock  atomic.Int64 // Unix ms
	ids    atomic.Int64
	broken bool // closing the journal is expected to fail

	mu      sync.Mutex
	seen    map[string]bool // request ids
	reports []string
}

var features = []feature.Definition{
	{Name: "user.clicks_5m", Key: []string{"user"}, On: []string{"click"}, Agg: feature.Count, Window: 5 * freshet.Minute, Hop: 30 * freshet.Second},
	{Name: "user.last_click_age", Key: []string{"user"}, On: []string{"click"}, Agg: feature.Age},
	{Name: "item.ctr", Key: []string{"item"}, Agg: feature.Rate, Of: []string{"click"}, Per: []string{"expose"}, Window: freshet.Hour, Hop: freshet.Minute, Prior: [2]float64{1, 3}},
	{Name: "pair.clicks", Key: []string{"user", "item"}, On: []string{"click"}, Agg: feature.Count},
}

func newRig(t testing.TB, p plan) *rig {
	t.Helper()
	if p.disk == nil {
		p.disk = fsys.NewMem()
	}
	r := &rig{disk: p.disk, seen: map[string]bool{}}
	r.clock.Store(t0)
	if p.defs == nil {
		p.defs = features
	}
	now := p.now
	if now == nil {
		now = func() time.Time { return time.UnixMilli(r.clock.Load()) }
	}
	report := func(msg string, err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.reports = append(r.reports, msg+": "+err.Error())
	}
	journalReport := func(msg string, err error) {
		if err != nil {
			report("journal: "+msg, err)
		}
	}
	newID := func() string { return "r-" + strconv.FormatInt(r.ids.Add(1), 10) }
	kinds := freshet.BuiltinEvents()
	var err error
	if r.log, _, err = journal.Open(journal.Options{FS: p.disk, Now: now, Report: journalReport}); err != nil {
		t.Fatal(err)
	}
	state, err := fold.New(fold.Options{Kinds: kinds, Features: p.defs, MaxFuture: freshet.Minute, NewTable: mem.New, Updater: p.updater,
		Routes: []fold.Route{{Name: "covisit", Kind: "itemcf"}, {Name: "hot", Kind: "popular", Window: freshet.Hour}, {Name: "new", Kind: "new", Within: 72 * freshet.Hour}}})
	if err != nil {
		t.Fatal(err)
	}
	if p.prepare != nil {
		p.prepare(state)
	}
	r.stream = stream.New(stream.Options{Log: r.log, Fold: state, Now: now, Lateness: freshet.Hour})
	reader, err := journal.OpenReader(p.disk)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.stream.Replay(t.Context(), reader, nil); err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	r.stream.Start()
	server, err := serve.New(serve.Options{
		Stream: r.stream, State: state, Now: now, NewID: newID, Kinds: kinds, MaxFuture: freshet.Minute, Report: report, Disk: p.disk,
		Routes: []serve.Route{{Name: "covisit", Kind: "itemcf", N: 200, Budget: freshet.Minute}, {Name: "hot", Kind: "popular", N: 100, Budget: freshet.Minute}, {Name: "new", Kind: "new", N: 50, Budget: freshet.Minute}},
		Scenes: map[string]serve.Scene{"home": {Budget: freshet.Minute}, "item": {Routes: []string{"covisit"}, Budget: freshet.Minute}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.API = httpapi.New(httpapi.Options{Stream: r.stream, Server: server, Now: now, NewID: newID, Kinds: kinds, Strict: p.strict, MaxFuture: freshet.Minute,
		Versions: httpapi.Versions{Freshet: "test", Go: "go", Journal: journal.FormatVersion, Definitions: feature.Hash(p.defs)}, Report: report,
		Rejected: func(after deadletter.ID, limit int) (deadletter.Page, error) {
			return deadletter.List(p.disk, after, limit)
		}})
	t.Cleanup(func() {
		server.Close()
		r.stream.Close()
		if err := r.log.Close(); (err != nil) != r.broken {
			t.Errorf("closing the journal: %v, failed before: %v", err, r.broken)
		}
	})
	return r
}

// reply is an answer of the API, with what every answer must obey already checked.
type reply struct {
	status int
	header http.Header
	body   string
}

// do sends a request straight to the handler. headers are names and values in turn.
func (r *rig) do(t testing.TB, method, target, body string, headers ...string) *reply {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	got := &reply{w.Code, w.Header(), w.Body.String()}
	r.check(t, got)
	return got
}

// check holds an answer against what is promised of all of them.
func (r *rig) check(t testing.TB, got *reply) {
	t.Helper()
	id := got.header.Get("Freshet-Request-Id")
	r.mu.Lock()
	again := r.seen[id]
	r.seen[id] = true
	r.mu.Unlock()
	if id == "" || again {
		t.Errorf("Freshet-Request-Id %q is missing or was given before", id)
	}
	if got.status < 400 {
		return
	}
	var p problemDoc
	if kind := got.header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("status %d with Content-Type %q", got.status, kind)
	}
	got.into(t, &p)
	if p.Status != got.status || p.Type != "/problems/"+p.Code || p.Code == "" || p.Title == "" || p.Detail == "" || p.RequestID != id {
		t.Errorf("problem document with a part missing or wrong: %s", got.body)
	}
	wait := got.status == http.StatusServiceUnavailable || got.status == http.StatusTooManyRequests || got.status == http.StatusInsufficientStorage
	if (got.header.Get("Retry-After") != "") != wait || (p.RetryAfterMS != nil) != wait {
		t.Errorf("status %d with Retry-After %q and %s", got.status, got.header.Get("Retry-After"), got.body)
	}
}

func (got *reply) into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(got.body), v); err != nil {
		t.Fatalf("status %d, reply %q: %v", got.status, got.body, err)
	}
}

// want decodes an answer that must have a status.
func (got *reply) want(t testing.TB, status int, v any) {
	t.Helper()
	if got.status != status {
		t.Fatalf("status %d, want %d: %s", got.status, status, got.body)
	}
	got.into(t, v)
}

// outcome is the reply to a batch.
type outcome struct {
	Accepted, Duplicate, Refused, Late int
	Position                           string
	Errors                             []faultDoc
}

type faultDoc struct {
	Index   int
	EventID string `json:"event_id"`
	ItemID  string `json:"item_id"`
	UserID  string `json:"user_id"`
	Code    string
	Pointer string
	Message string
	Hint    string
	Line    int
}

type problemDoc struct {
	outcome
	Type, Title  string
	Status       int
	Code, Detail string
	RequestID    string `json:"request_id"`
	Offset       *int64
	RetryAfterMS *int64 `json:"retry_after_ms"`
}

// found lists faults as "code pointer".
func found(faults []faultDoc) []string {
	list := []string{}
	for _, f := range faults {
		list = append(list, strings.TrimSpace(f.Code+" "+f.Pointer))
	}
	return list
}

// slateDoc is the reply to a recommend request.
type slateDoc struct {
	RequestID string `json:"request_id"`
	Scene     string
	Items     []struct {
		ID     string `json:"item_id"`
		Rank   int
		Score  float64
		Fields map[string]any
		Was    *int
		Why    struct {
			Code, Text string
			ItemID     string `json:"item_id"`
			Routes     []string
		}
	}
	Freshness struct {
		Reflected bool
		Position  string
		LastMS    *int64 `json:"user_last_event_ms"`
		Last      *struct {
			Event, Position string
			EffectMS        *float64 `json:"effect_ms"`
		} `json:"user_last_event"`
	}
	Degraded  []string
	Filled    int
	FilledBy  struct{ Ranked, Fallback int } `json:"filled_by"`
	Shortfall []struct {
		Stage, Reason    string
		Removed, Missing int
	}
	Previous *string `json:"previous_request_id"`
	TimeMS   int64   `json:"ts_ms"`
}

func (s *slateDoc) ids() []string {
	list := []string{}
	for _, it := range s.Items {
		list = append(list, it.ID)
	}
	return list
}

// slate asks for a slate, which must come.
func (r *rig) slate(t testing.TB, body string) *slateDoc {
	t.Helper()
	var s slateDoc
	r.do(t, "POST", "/v1/recommend", body).want(t, http.StatusOK, &s)
	if s.Filled != len(s.Items) || s.FilledBy.Ranked+s.FilledBy.Fallback != s.Filled || s.Degraded == nil || s.Items == nil {
		t.Errorf("a slate that does not add up: %+v", s)
	}
	seen := map[string]bool{}
	for i, it := range s.Items {
		if it.Rank != i+1 || seen[it.ID] || it.Why.Code == "" || it.Why.Text == "" || it.Why.Routes == nil {
			t.Errorf("place %d of a slate: %+v", i+1, it)
		}
		seen[it.ID] = true
	}
	if len(s.Items) == 0 && len(s.Shortfall) == 0 {
		t.Errorf("an unexplained empty list: %+v", s)
	}
	return &s
}

// post sends events that must all be accepted.
func (r *rig) post(t testing.TB, events ...string) outcome {
	t.Helper()
	var out outcome
	r.do(t, "POST", "/v1/events", `{"events":[`+strings.Join(events, ",")+`]}`).want(t, http.StatusOK, &out)
	if out.Accepted+out.Duplicate != len(events) {
		t.Fatalf("accepted %d of %d events", out.Accepted, len(events))
	}
	return out
}

// stock puts items i-1 to i-n into the catalogue.
func (r *rig) stock(t testing.TB, n int) {
	t.Helper()
	var items []string
	for i := range n {
		items = append(items, fmt.Sprintf(`{"item_id":"i-%d","title":"Title %d","categories":["c-%d"],"price":%d}`, i+1, i+1, i%3, i))
	}
	var out outcome
	r.do(t, "POST", "/v1/items", `[`+strings.Join(items, ",")+`]`).want(t, http.StatusOK, &out)
	if out.Accepted != n {
		t.Fatalf("stocked %d of %d items", out.Accepted, n)
	}
}

// settled waits until the newest record, a served slate perhaps, is applied.
func (r *rig) settled(t testing.TB) {
	t.Helper()
	if err := r.stream.WaitApplied(t.Context(), r.log.Last()); err != nil {
		t.Fatal(err)
	}
}

// act is an event at a time, as JSON.
func act(user, name, item string, ts int64) string {
	return fmt.Sprintf(`{"user_id":%q,"event":%q,"item_id":%q,"ts":%d}`, user, name, item, ts)
}

// balance checks the books.
func balance(t testing.TB, l stream.Ledger) {
	t.Helper()
	if l.Received != l.Accepted+l.Duplicate+l.Refused || l.Accepted != l.Applied+l.Late+l.DeadLettered+l.Erased+l.Pending {
		t.Errorf("the books do not balance: %+v", l)
	}
}
