package clock

import (
	"testing"
	"time"
)

// fake is a machine whose clock can be set.
type fake struct {
	awake, slept time.Duration
	set          time.Duration
	said         []string
}

var began = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func (f *fake) wall() time.Time { return began.Add(f.awake + f.slept + f.set) }

func (f *fake) clock() *Clock {
	return New(Options{Wall: f.wall, Elapsed: func() time.Duration { return f.awake }, Slept: func() time.Duration { return f.slept },
		Most: time.Minute, Report: func(msg string) { f.said = append(f.said, msg) }})
}

// pass lets time pass, in which the system's clock is set ahead.
func (f *fake) pass(d, set time.Duration) { f.awake += d; f.set += set }

func (f *fake) want(t *testing.T, c *Clock, passed time.Duration, said int) {
	t.Helper()
	if got := c.Now().Sub(began); got != passed {
		t.Errorf("after %s it is %s", f.awake+f.slept, got)
	}
	if len(f.said) != said {
		t.Errorf("said %q", f.said)
	}
}

func TestStepsThatAreFollowed(t *testing.T) {
	f := &fake{}
	c := f.clock()
	f.pass(time.Hour, 0)
	f.want(t, c, time.Hour, 0)
	f.pass(time.Second, time.Second)
	f.want(t, c, time.Hour+2*time.Second, 0)
	f.pass(time.Second, -time.Minute)
	f.want(t, c, time.Hour+3*time.Second-time.Minute, 0)
	f.slept += 8 * time.Hour
	f.want(t, c, 9*time.Hour+3*time.Second-time.Minute, 0)
	if c.Off() != 0 {
		t.Errorf("off by %s", c.Off())
	}
}

func TestStepsThatAreNot(t *testing.T) {
	const years = 10 * 365 * 24 * time.Hour
	for _, step := range []time.Duration{time.Hour, -time.Hour, 24 * time.Hour, years, -years} {
		f := &fake{}
		c := f.clock()
		f.pass(time.Second, step)
		f.want(t, c, time.Second, 1)
		f.pass(time.Second, 0)
		f.want(t, c, 2*time.Second, 1)
		if c.Off() != step {
			t.Errorf("off by %s, want %s", c.Off(), step)
		}
		f.slept += 90 * time.Minute
		f.want(t, c, 90*time.Minute+2*time.Second, 1)
		f.pass(time.Second, -step+time.Second) // back, but for a second
		f.want(t, c, 90*time.Minute+4*time.Second, 2)
		if c.Off() != 0 {
			t.Errorf("off by %s", c.Off())
		}
	}
}

func TestAClockThatIsBehindMayCatchUp(t *testing.T) {
	f := &fake{}
	c := f.clock()
	c.Expect(began.Add(time.Hour))
	f.pass(time.Second, 30*time.Minute)
	f.want(t, c, time.Second, 1)
	f.pass(time.Second, 24*time.Hour)
	f.want(t, c, 24*time.Hour+30*time.Minute+2*time.Second, 2)
	f.pass(time.Second, 24*time.Hour) // once
	f.want(t, c, 24*time.Hour+30*time.Minute+3*time.Second, 3)
}
