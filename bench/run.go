package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// The bounds of Options.Duration, and the lag allowed unless Options say so.
const (
	MinDuration   = 50 * time.Millisecond
	MaxDuration   = time.Minute
	DefaultMaxLag = 10 * time.Millisecond
)

// Options say what is measured and how. Everything but Effect, At, Ranking, MaxLag, Seed, Say,
// Apart, CPU and Batches is required; the workloads write events to the server that cannot be taken back.
type Options struct {
	URL     string           // of the server: http://host:port
	Users   []freshet.UserID // who acts and asks, at least one
	Items   []freshet.ItemID // what exists, at least two
	At      int64            // the time that slates are asked for, Unix ms; 0 is now
	Ranking string           // what the server does for a slate, such as "300 candidates ranked by lr@1", told with every bound of slates
	// Effect returns how long the event at a position took from arrival until it was applied, and
	// whether that is known. The workload freshness needs it.
	Effect   func(p freshet.Position) (time.Duration, bool)
	Kinds    freshet.EventKinds // as the server has them
	Disk     fsys.FS            // an empty directory on the disk that holds the server's journal
	Now      func() time.Time   // with a monotonic reading
	Duration time.Duration      // of each measurement of the system, in [MinDuration, MaxDuration]; each limit takes half of it
	MaxLag   time.Duration      // how late the schedule of an open loop may be, p99; 0 is DefaultMaxLag
	Seed     uint64             // equal seeds send equal requests
	Say      func(format string, args ...any)

	// Apart sends a load from a process of its own, and CPU tells the processor time that the process
	// of the server and of whoever calls Run has used. Without either, ingest leaves out what
	// they are for.
	Apart func(ctx context.Context, load *Load) (Loaded, error)
	CPU   func() (time.Duration, error)

	// Batches has ingest measure batches only, under metrics that end in this, for a server that
	// is set up in another way; "" measures everything.
	Batches string

	patience time.Duration // how long a slate that does not reflect its event is asked for again; 0 is askAgainUntil
}

// workloads lists what can be run.
var workloads = []struct {
	name  string
	parts func(ctx context.Context, k *kit) ([]part, error)
}{
	{"freshness", freshness},
	{"ingest", ingest},
	{"recommend", recommend},
}

// Names lists the workloads. The caller owns the slice.
func Names() []string {
	var names []string
	for _, w := range workloads {
		names = append(names, w.name)
	}
	return names
}

// Run runs a workload to its end. The error wraps ctx's or tells what the server did that it
// should not have. Nothing that Run starts outlives it.
func Run(ctx context.Context, name string, o Options) (result *Result, err error) {
	at := slices.Index(Names(), name)
	if at < 0 {
		return nil, fmt.Errorf("there is no workload %q; there are %s", name, strings.Join(Names(), ", "))
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	k, err := newKit(ctx, &o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	parts, err := workloads[at].parts(ctx, k)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return measure(ctx, name, parts, o.Duration, o.Say)
}

// measure runs the parts of a workload in turn.
func measure(ctx context.Context, name string, parts []part, d time.Duration, say func(format string, args ...any)) (*Result, error) {
	result := &Result{Bench: name, Lines: []Line{}}
	for i := range parts {
		lines, err := parts[i].run(ctx, d, say)
		if err != nil {
			return nil, err
		}
		result.Lines = append(result.Lines, lines...)
	}
	return result, nil
}

// check fills in defaults and refuses what cannot work.
func (o *Options) check() error {
	o.URL = strings.TrimSuffix(o.URL, "/")
	if o.MaxLag == 0 {
		o.MaxLag = DefaultMaxLag
	}
	if o.patience == 0 {
		o.patience = askAgainUntil
	}
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	switch {
	case o.Disk == nil || o.Now == nil || o.Kinds == nil:
		return errors.New("bench: Options need Disk, Now and Kinds")
	case len(o.Users) == 0 || len(o.Items) < 2:
		return fmt.Errorf("bench: %d users and %d items are not a world", len(o.Users), len(o.Items))
	case o.Duration < MinDuration || o.Duration > MaxDuration:
		return fmt.Errorf("bench: a duration of %s is not in %s to %s", o.Duration, MinDuration, MaxDuration)
	}
	o.Users, o.Items = slices.Clone(o.Users), slices.Clone(o.Items)
	return nil
}

// kit is what the workloads share.
type kit struct {
	*Options
	requests *requests
	bound    *yardstick
}

// newKit starts the yardstick with a slate of the server's own as its sample.
func newKit(ctx context.Context, o *Options) (*kit, error) {
	k := &kit{Options: o, requests: newRequests(o)}
	c, err := dial(ctx, o.URL)
	if err != nil {
		return nil, err
	}
	slate, err := c.post(pathRecommend, mediaJSON, k.requests.slate(nil, 0))
	if err := errors.Join(err, c.close()); err != nil {
		return nil, fmt.Errorf("ask for a first slate: %w", err)
	}
	disk, err := newCommitter(o.Disk)
	if err != nil {
		return nil, err
	}
	k.bound, err = newYardstick(ctx, o, slices.Clone(slate), disk)
	return k, err
}

// ranking is what the server does for a slate, to be put behind a bound.
func (k *kit) ranking() string {
	if k.Ranking == "" {
		return ""
	}
	return " (the server's: " + k.Ranking + ")"
}

func (k *kit) close() error { return k.bound.close() }
