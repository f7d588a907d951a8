package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/internal/plot"
)

// plotFlag are the files to which a figure is drawn.
type plotFlag struct{ files []string }

func (p *plotFlag) add(c *cobra.Command) {
	c.Flags().StringSliceVar(&p.files, "plot", nil, "also draw the figures to this file, .svg or .png; several with commas")
}

// check refuses a file that could not be drawn, before the work begins.
func (p *plotFlag) check() error {
	for _, file := range p.files {
		switch strings.ToLower(filepath.Ext(file)) {
		case ".svg", ".png":
		default:
			return usagef("--plot %s: a figure is drawn as .svg or .png", shownID(file))
		}
		if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
			return usagef("--plot %s: there is no folder %s", shownID(file), shownID(filepath.Dir(file)))
		}
	}
	return nil
}

// draw draws a figure to each file.
func (p *plotFlag) draw(a *app, figure *plot.Figure) error {
	for _, file := range p.files {
		var b bytes.Buffer
		draw := figure.SVG
		if strings.EqualFold(filepath.Ext(file), ".png") {
			draw = figure.PNG
		}
		if err := draw(&b); err != nil {
			return &failure{code: exitFailed, err: fmt.Errorf("eval: draw %s: %w", file, err)}
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			return &failure{code: exitFailed, err: fmt.Errorf("eval: %w", err)}
		}
		a.say("drawn to %s", shownID(file))
	}
	return nil
}

// plotted are the rows that a figure of freshness shows: the routes alone would crowd it. Where
// configurations are compared only their slates are shown.
var plotted = []string{"slate", "recall", "popular"}

// freshnessFigure shows hits and NDCG by the time for which events were withheld.
func freshnessFigure(results *eval.Results, source string) *plot.Figure {
	k := results.Rows[0].K
	hits, ndcg := plot.Panel{Title: fmt.Sprintf("HitRate@%d", k)}, plot.Panel{Title: fmt.Sprintf("NDCG@%d", k)}
	rows := slices.Clone(results.Rows)
	slices.SortStableFunc(rows, func(a, b eval.Row) int { return cmp.Compare(a.Delay, b.Delay) })
	var delays []string
	for _, r := range rows {
		if !slices.Contains(delays, r.Delay.String()) {
			delays = append(delays, r.Delay.String())
		}
		name := r.Name
		switch {
		case !slices.Contains(plotted, r.Name), r.Config != "" && r.Name != "slate":
			continue
		case r.Config != "":
			name = r.Config
		}
		grow(&hits, name, r.Hit, r.HitCI)
		grow(&ndcg, name, r.NDCG, r.CI)
	}
	for _, panel := range []*plot.Panel{&hits, &ndcg} {
		panel.X, panel.Categories, panel.Points = "events withheld for", delays, len(delays) == 1
	}
	return &plot.Figure{
		Title:    "What freshness earns",
		Subtitle: fmt.Sprintf("%s · %s asks, each before its event is known · 95 %% intervals", source, grouped(int64(results.Rows[0].N))),
		Panels:   []plot.Panel{hits, ndcg},
	}
}

// grow adds the next value of a series to a panel.
func grow(p *plot.Panel, name string, value float64, ci eval.Interval) {
	at := slices.IndexFunc(p.Series, func(s plot.Series) bool { return s.Name == name })
	if at < 0 {
		at = len(p.Series)
		p.Series = append(p.Series, plot.Series{Name: name})
	}
	s := &p.Series[at]
	s.Values, s.Low, s.High = append(s.Values, value), append(s.Low, ci[0]), append(s.High, ci[1])
}

// worldsFigure shows how much of the gap between popularity and the oracle each way closes, by world
// and delay; after a shift, in the second half of the visits.
func worldsFigure(rates *eval.Rates, o *worldOptions) *plot.Figure {
	panel := plot.Panel{Title: "Share of the gap between popularity and the oracle that is closed", X: "world", Points: true, Percent: true}
	subtitle := fmt.Sprintf("%s a world, %s each · 95 %% intervals, by shop", plural(o.seeds, "shop"), plural(o.visits, "visit"))
	if o.shift {
		subtitle = "after everybody's tastes changed · " + subtitle
	}
	for i, r := range rates.Rows {
		if i == 0 || r.World != rates.Rows[i-1].World || r.Delay != rates.Rows[i-1].Delay {
			name := r.World
			if len(o.delays) > 1 {
				name += " " + r.Delay.String()
			}
			panel.Categories = append(panel.Categories, name)
		}
		if r.Name == "popular" || r.Name == "oracle" {
			continue // the ends
		}
		share := r.Share
		if o.shift {
			share = r.Late
		}
		grow(&panel, r.Name, share.Gap, share.GapCI)
	}
	return &plot.Figure{Title: "Ways of recommending in invented shops", Subtitle: subtitle, Panels: []plot.Panel{panel}}
}
