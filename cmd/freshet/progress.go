package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

// bar tells how far a long piece of work has come, on stderr: a drawn bar on a terminal, a
// line of key=value every ten seconds elsewhere, JSON lines with --progress=json. Work that
// takes less than a second says nothing until its one summary line.
type bar struct {
	app   *app
	name  string
	unit  string
	total int64
	count int64
	begun time.Time
	told  time.Time
	drawn *progressbar.ProgressBar // nil off a terminal
	mute  bool
}

const (
	tellEvery = 10 * time.Second
	drawAfter = time.Second
)

// bar starts to tell of work on total units.
func (a *app) bar(name string, total int64, unit string) *bar {
	b := &bar{app: a, name: name, unit: unit, total: total, begun: a.now(), told: a.now(), mute: a.quiet}
	if !b.mute && a.progress != "json" && isTerminal(a.stderr) && !a.plain() {
		b.drawn = progressbar.NewOptions64(total, progressbar.OptionSetWriter(a.stderr), progressbar.OptionSetDescription("  "+name),
			progressbar.OptionSetWidth(20), progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	}
	return b
}

// set says that count units are done.
func (b *bar) set(count int64) {
	b.count = count
	now := b.app.now()
	switch {
	case b.mute || now.Sub(b.begun) < drawAfter:
	case b.drawn != nil:
		_ = b.drawn.Set64(count) // a terminal that cannot be drawn on is no reason to stop
	case b.app.progress == "json" && now.Sub(b.told) >= drawAfter || now.Sub(b.told) >= tellEvery:
		b.told = now
		b.tell(now)
	}
}

func (b *bar) tell(now time.Time) {
	seconds := now.Sub(b.begun).Seconds()
	rate := float64(b.count) / max(seconds, 1e-3)
	eta := 0.0
	if rate > 0 {
		eta = float64(max(0, b.total-b.count)) / rate
	}
	if b.app.progress == "json" {
		line, err := json.Marshal(map[string]any{"task": b.name, "done": b.count, "total": b.total, "unit": b.unit, "per_second": int64(rate), "eta_s": int64(eta)})
		if err == nil {
			fmt.Fprintf(b.app.stderr, "%s\n", line)
		}
		return
	}
	fmt.Fprintf(b.app.stderr, "task=%s done=%d total=%d unit=%s per_second=%.0f eta_s=%.0f\n", b.name, b.count, b.total, b.unit, rate, eta)
}

// done ends the work with its summary line.
func (b *bar) done() {
	if b.drawn != nil {
		_ = b.drawn.Clear()
	}
	if b.mute || b.count == 0 {
		return
	}
	now := b.app.now()
	if b.app.progress == "json" {
		b.tell(now)
		return
	}
	b.app.say("%s", b.app.step(b.name, 1, fmt.Sprintf("%s %s   %.1f s", grouped(b.count), b.unit, now.Sub(b.begun).Seconds())))
}

// step is a line about a piece of work of which a share is done, with a gauge on a terminal.
func (a *app) step(name string, share float64, text string) string {
	if isTerminal(a.stderr) && !a.plain() {
		full := int(20 * min(1, max(0, share)))
		text = strings.Repeat("█", full) + strings.Repeat("░", 20-full) + " " + text
	}
	return fmt.Sprintf("  %-10s %s", name, text)
}

// grouped writes a number with commas.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// progressFlag adds --progress to a command.
func (a *app) progressFlag(c *cobra.Command) {
	c.Flags().Var(&progressForm{&a.progress}, "progress", "json: progress as JSON lines on stderr")
}

// progressForm is the value of --progress.
type progressForm struct{ form *string }

func (p *progressForm) String() string {
	if p.form == nil {
		return ""
	}
	return *p.form
}

func (p *progressForm) Type() string { return "string" }

func (p *progressForm) Set(form string) error {
	if form != "json" {
		return fmt.Errorf("it takes json, not %q", form)
	}
	*p.form = form
	return nil
}
