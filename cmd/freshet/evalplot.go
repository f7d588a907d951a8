package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
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

// plotted are the rows that a figure of freshness shows: the routes alone would crowd it.
var plotted = []string{"slate", "recall", "popular"}

// freshnessFigure shows hits and NDCG by the time for which events were withheld.
func freshnessFigure(results *eval.Results, source string) *plot.Figure {
	var delays []string
	at := map[string]int{} // by delay
	for _, r := range results.Rows {
		if _, known := at[r.Delay.String()]; !known {
			at[r.Delay.String()] = len(delays)
			delays = append(delays, r.Delay.String())
		}
	}
	k := results.Rows[0].K
	hits, ndcg := plot.Panel{Title: fmt.Sprintf("HitRate@%d", k)}, plot.Panel{Title: fmt.Sprintf("NDCG@%d", k)}
	for _, panel := range []*plot.Panel{&hits, &ndcg} {
		panel.X, panel.Categories, panel.Points = "events withheld for", delays, len(delays) == 1
		for _, name := range plotted {
			panel.Series = append(panel.Series, plot.Series{Name: name, Values: make([]float64, len(delays)), Low: make([]float64, len(delays)), High: make([]float64, len(delays))})
		}
	}
	for _, r := range results.Rows {
		for i, name := range plotted {
			if r.Name == name {
				d := at[r.Delay.String()]
				set(&hits.Series[i], d, r.Hit, r.HitCI)
				set(&ndcg.Series[i], d, r.NDCG, r.CI)
			}
		}
	}
	return &plot.Figure{
		Title:    "What freshness earns",
		Subtitle: fmt.Sprintf("%s · %s asks, each before its event is known · 95 %% intervals", source, grouped(int64(results.Rows[0].N))),
		Panels:   []plot.Panel{hits, ndcg},
	}
}

func set(s *plot.Series, i int, value float64, ci eval.Interval) {
	s.Values[i], s.Low[i], s.High[i] = value, ci[0], ci[1]
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
		at := -1
		for k := range panel.Series {
			if panel.Series[k].Name == r.Name {
				at = k
			}
		}
		if at < 0 {
			at = len(panel.Series)
			panel.Series = append(panel.Series, plot.Series{Name: r.Name})
		}
		share := r.Share
		if o.shift {
			share = r.Late
		}
		s := &panel.Series[at]
		s.Values, s.Low, s.High = append(s.Values, share.Gap), append(s.Low, share.GapCI[0]), append(s.High, share.GapCI[1])
	}
	return &plot.Figure{Title: "Ways of recommending in invented shops", Subtitle: subtitle, Panels: []plot.Panel{panel}}
}
