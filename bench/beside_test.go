package bench

import (
	"context"
	"errors"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

func TestRunBeside(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		name string
		fail error
	}{{"goes well", nil}, {"fails", broken}} {
		t.Run(tt.name, func(t *testing.T) {
			shop := &shop{clicked: map[freshet.UserID]map[freshet.ItemID]bool{}, newest: map[freshet.UserID]freshet.Position{}, ids: map[string]bool{}}
			server := httptest.NewServer(shop)
			defer server.Close()
			var times atomic.Int64
			lines, err := RunBeside(t.Context(), "wait", "without", Options{
				URL: server.URL, Users: []freshet.UserID{"ada"}, Items: shopItems, At: 123456, Kinds: freshet.BuiltinEvents(), Disk: fsys.NewMem(),
				Now: time.Now, Duration: MinDuration, MaxLag: time.Minute,
			}, func(ctx context.Context) error {
				times.Add(1)
				if tt.fail == nil {
					<-ctx.Done() // as long as the measurement lasts
				}
				return tt.fail
			})
			if !errors.Is(err, tt.fail) || times.Load() == 0 {
				t.Fatalf("%d times, error %v", times.Load(), err)
			}
			if tt.fail == nil && (len(lines) != 2 || lines[0].Metric != "wait" || lines[0].Value <= 0 || lines[0].Limits[0] <= 0) {
				t.Errorf("lines %+v", lines)
			}
		})
	}
}

func TestAgainst(t *testing.T) {
	l := Against("start", 4, "s", true, "reading", [2]float64{1, 3})
	if l.Ratio != 0.5 || l.Value != 4 || l.Metric != "start" || l.Unit != "s" || l.Bound != "reading" || l.P50 != nil {
		t.Errorf("line %+v", l)
	}
	if l = Against("rate", 4, "/s", false, "bare", [2]float64{8, 8}); l.Ratio != 0.5 {
		t.Errorf("line %+v", l)
	}
}
