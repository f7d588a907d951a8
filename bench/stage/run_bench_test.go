//go:build unix

package stage

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// rigFor is a server over the full size, over a tenth of it with -short.
func rigFor(b *testing.B) *rig {
	if shared == nil {
		o := Full()
		if testing.Short() {
			o.Items, o.Users, o.Events = o.Items/10, o.Users/10, o.Events/10
		}
		o.Now, o.Say = time.Now, b.Logf
		o.Budget *= 1000 // no slate gives up
		r, err := build(context.Background(), &o)
		if err != nil {
			b.Fatal(err)
		}
		r.Say = func(string, ...any) {}
		shared = r
	}
	return shared
}

// processorTime is that of the whole process: what routes do in parallel and what the collector
// does counts.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSlate makes slates one after the other, as many events coming meanwhile.
func BenchmarkSlate(b *testing.B) {
	r := rigFor(b)
	ctx := context.Background()
	events, i := 0, 0
	before := processorTime(b)
	for b.Loop() {
		for events < i {
			visit := r.world.visit(r.Now().UnixMilli())
			for k := range visit {
				visit[k].Time = r.Now().UnixMilli()
			}
			if _, err := r.stream.Events(ctx, stream.SourceHTTP, r.Now().UnixMilli(), visit, nil); err != nil {
				b.Fatal(err)
			}
			events += len(visit)
		}
		reply, err := r.slate(ctx, i)
		if err != nil || len(reply.Items) < r.Places || len(reply.Degraded) > 0 {
			b.Fatal(reply, err)
		}
		i++
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(time.Millisecond)/float64(i), "cpu-ms/op")
}

// BenchmarkRoute asks one route after the other, without the rest of the stage.
func BenchmarkRoute(b *testing.B) {
	r := rigFor(b)
	ctx := context.Background()
	for at, route := range r.server.State.Routes {
		b.Run(strings.ToLower(r.Routes[at].Kind), func(b *testing.B) {
			r.stream.View(func(freshet.Position) {
				i := 0
				before := processorTime(b)
				for b.Loop() {
					req := r.request(i)
					if _, err := route.Recall(ctx, req, r.N); err != nil {
						b.Fatal(err)
					}
					i++
				}
				b.ReportMetric(float64(processorTime(b)-before)/float64(time.Millisecond)/float64(i), "cpu-ms/op")
			})
		})
	}
}

// request is what routes are asked for the slate of r.slate(i).
func (r *rig) request(i int) *recall.Request {
	const odd = 2654435761
	user := userID(int(uint64(i) * odd % uint64(r.Users)))
	state := r.server.State
	return state.Request(state.Visitor(freshet.VisitorOf(user, "", "")), r.Now().UnixMilli())
}
