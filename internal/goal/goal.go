// Package goal sizes the tests that prove a promise, and prints what they found:
//
//	g := goal.Begin(t, "G2", "0 lost, 0 invented", goal.Sizes{Quick: 2_000, CI: 20_000})
//	for g.More() {
//		… one case; t.Errorf on a breach
//		g.Add(1)
//	}
//	g.End("0 lost, 0 invented")
//
// How much is tried depends on the variable FRESHET_GOALS. Unset, the quick size, for work on the
// code; ci, the size that the promise is made with; soak, cases until FRESHET_GOAL_SECONDS have
// passed, and no fewer than in ci. Beside quick a line is printed for each goal:
//
//	GOAL G2 figure=… target=… n=… seed=… PASS
//
// Goals whose figure is a time begin with Timed, and run only where FRESHET_GOALS_TIMED is set; one that
// has a time beside asks its Run whether times count.
//
// What it leaves out: what is tried, and what a breach is. A Run is for one goroutine.
package goal

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Sizes are how many cases are tried.
type Sizes struct{ Quick, CI int }

// Run is one goal while it is tried.
type Run struct {
	t          testing.TB
	id, target string
	n, want    int
	until      time.Time // soak: go on until then
	seed       uint64
	printed    bool
	ended      bool
}

// timed is the variable that says that times count.
const timed = "FRESHET_GOALS_TIMED"

// defaultSoak is how long a goal is tried in a soak that does not say.
const defaultSoak = 10 * time.Minute

// Begin returns a Run of a goal, by its name and target in words. A test that ends without End
// has not met it.
func Begin(t testing.TB, id, target string, sizes Sizes) *Run {
	t.Helper()
	r := &Run{t: t, id: id, target: target, want: sizes.Quick, seed: 1}
	switch mode := os.Getenv("FRESHET_GOALS"); mode {
	case "":
	case "ci":
		r.want, r.printed = sizes.CI, true
	case "soak":
		r.want, r.printed = sizes.CI, true
		lasts := defaultSoak
		if text := os.Getenv("FRESHET_GOAL_SECONDS"); text != "" {
			seconds, err := strconv.Atoi(text)
			if err != nil || seconds < 1 {
				t.Fatalf("FRESHET_GOAL_SECONDS is %q; it takes a number of seconds, at least 1", text)
			}
			lasts = time.Duration(seconds) * time.Second
		}
		r.until = time.Now().Add(lasts)
	default:
		t.Fatalf("FRESHET_GOALS is %q; it takes ci or soak", mode)
	}
	t.Cleanup(func() {
		if !r.ended {
			r.print("ended early", false)
		}
	})
	return r
}

// Timed skips a test whose figure is a time or a speed, unless FRESHET_GOALS_TIMED is set: such a
// figure is true of a machine that does nothing else, so no other run depends on it.
func Timed(t testing.TB) {
	t.Helper()
	if os.Getenv(timed) == "" {
		t.Skip("its figure is a time: make goals runs it, on a machine that does nothing else")
	}
}

// Quick reports that few cases are wanted.
func (r *Run) Quick() bool { return !r.printed }

// TimesCount reports that times count, as they do on a machine that does nothing else:
// FRESHET_GOALS_TIMED is set.
func (r *Run) TimesCount() bool { return os.Getenv(timed) != "" }

// Want is how many cases are tried at least.
func (r *Run) Want() int { return r.want }

// Seed is that of the cases: it stands in the line.
func (r *Run) Seed() uint64 { return r.seed }

// SetSeed says that the cases are those of another seed.
func (r *Run) SetSeed(seed uint64) { r.seed = seed }

// More reports whether to try another case: until there were enough, and in a soak until the time
// is up. It is false once the test has failed.
func (r *Run) More() bool {
	return !r.t.Failed() && (r.n < r.want || !r.until.IsZero() && time.Now().Before(r.until))
}

// Add counts cases.
func (r *Run) Add(n int) { r.n += n }

// N is how many cases were counted.
func (r *Run) N() int { return r.n }

// End ends the goal with what was found. It is met when the test has not failed, and enough cases
// were tried.
func (r *Run) End(format string, args ...any) {
	r.t.Helper()
	if r.n < r.want {
		r.t.Errorf("goal %s: %d cases were tried, want %d", r.id, r.n, r.want)
	}
	r.ended = true
	r.print(fmt.Sprintf(format, args...), !r.t.Failed())
}

func (r *Run) print(figure string, met bool) {
	if !r.printed {
		r.t.Logf("goal %s: %s (target %s), n=%d", r.id, figure, r.target, r.n)
		return
	}
	verdict := "FAIL"
	if met {
		verdict = "PASS"
	}
	one := func(s string) string { return strings.ReplaceAll(s, " ", "_") }
	fmt.Printf("GOAL %s figure=%s target=%s n=%d seed=%d %s\n", r.id, one(figure), one(r.target), r.n, r.seed, verdict)
}
