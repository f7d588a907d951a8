package bench

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// TestApart: the load of another process is measured by what it says and by the processor time
// told; here each request costs 10 µs.
func TestApart(t *testing.T) {
	server := httptest.NewServer(&shop{clicked: map[freshet.UserID]map[freshet.ItemID]bool{}, newest: map[freshet.UserID]freshet.Position{}, ids: map[string]bool{}})
	defer server.Close()
	o := Options{URL: server.URL, Users: []freshet.UserID{"ada"}, Items: shopItems, At: 123456, Kinds: freshet.BuiltinEvents(), Disk: fsys.NewMem(),
		Now: time.Now, Duration: MinDuration, MaxLag: time.Minute}
	var spent time.Duration
	o.CPU = func() (time.Duration, error) { return spent, nil }
	o.Apart = func(ctx context.Context, l *Load) (Loaded, error) {
		loaded, err := l.Send(ctx, time.Now)
		spent += time.Duration(loaded.Requests) * 10 * time.Microsecond
		return loaded, err
	}
	result, err := Run(t.Context(), "ingest", o)
	if err != nil {
		t.Fatal(err)
	}
	if l := lines(result, "single_post_cpu"); len(l) != 1 || l[0].Value != 10 || l[0].Ratio != 1 {
		t.Errorf("processor time %+v", l)
	}
	if l := lines(result, "single_post_apart"); len(l) != 1 || l[0].Value <= 0 || l[0].Limits[0] <= 0 {
		t.Errorf("rate %+v", l)
	}
	broken := errors.New("broken")
	o.Disk = fsys.NewMem()
	o.Apart = func(context.Context, *Load) (Loaded, error) { return Loaded{}, broken }
	if _, err := Run(t.Context(), "ingest", o); !errors.Is(err, broken) {
		t.Errorf("a load that fails: %v", err)
	}
}

func TestNoLoad(t *testing.T) {
	valid := Load{URL: "http://127.0.0.1:1", Path: pathEvents, Users: []freshet.UserID{"ada"}, Items: shopItems, Duration: MinDuration}
	for name, change := range map[string]func(l *Load){
		"no users":  func(l *Load) { l.Users = nil },
		"one item":  func(l *Load) { l.Items = l.Items[:1] },
		"too short": func(l *Load) { l.Duration = MinDuration/2 - 1 },
		"too long":  func(l *Load) { l.Duration = MaxDuration + 1 },
		"no host":   func(l *Load) { l.URL = "nowhere" },
	} {
		t.Run(name, func(t *testing.T) {
			l := valid
			change(&l)
			if loaded, err := l.Send(t.Context(), time.Now); err == nil {
				t.Errorf("sent %+v", loaded)
			}
		})
	}
}
