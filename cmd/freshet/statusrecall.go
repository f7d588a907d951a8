package main

import (
	"fmt"
	"strings"
)

// recallStatus is how the recall routes of a server do.
type recallStatus struct {
	Held *struct {
		Route string `json:"route"`
		Since string `json:"since"`
	} `json:"held"` // the route that keeps the state from changing; nil is none
	Places int64         `json:"places"` // of the slates served last
	Clicks int64         `json:"clicks"` // of places
	Routes []routeStatus `json:"routes"`
}

// routeStatus is how one of them does: since the start, but for what was shown and clicked, which is
// about the slates served last.
type routeStatus struct {
	Name       string           `json:"name"`
	Asked      int64            `json:"asked"`
	Failed     map[string]int64 `json:"failed"` // of asked, by what went wrong
	Candidates int64            `json:"candidates"`
	P50MS      float64          `json:"p50_ms"` // how long it took
	P99MS      float64          `json:"p99_ms"`
	Slots      *struct {
		Of    int  `json:"of"`
		Taken int  `json:"taken"`
		Blown bool `json:"blown"`
	} `json:"slots"` // of a route that asks outside
	Shown  int64 `json:"shown"`
	Alone  int64 `json:"alone"`
	Clicks int64 `json:"clicks"`
}

// lines are a table of the routes that were asked; without any there is none.
func (s *recallStatus) lines() []string {
	rows := [][]string{{"route", "asked", "candidates", "p50 ms", "p99 ms", "shown", "alone", "clicked", "failed"}}
	for i := range s.Routes {
		r := &s.Routes[i]
		if r.Asked == 0 && r.Shown == 0 {
			continue
		}
		mean := "–"
		if r.Asked > 0 {
			mean = fmt.Sprintf("%.0f", float64(r.Candidates)/float64(r.Asked))
		}
		rows = append(rows, []string{shownID(r.Name), grouped(r.Asked), mean, millisText(r.P50MS), millisText(r.P99MS),
			share64(r.Shown, s.Places), share64(r.Alone, s.Places), share64(r.Clicks, s.Clicks), r.trouble()})
	}
	if len(rows) == 1 {
		return nil
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], width(cell))
		}
	}
	var lines []string
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-width(cell))
			if i == 0 || i == len(row)-1 {
				b.WriteString(cell + pad + "  ")
			} else {
				b.WriteString(pad + cell + "  ")
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

// trouble is what went wrong with a route, in a few words.
func (r *routeStatus) trouble() string {
	var list []string
	for _, what := range sortedKeys(r.Failed) {
		if n := r.Failed[what]; n > 0 {
			list = append(list, grouped(n)+" "+clean(what))
		}
	}
	if s := r.Slots; s != nil {
		if s.Blown {
			list = append(list, "asked once a second until it answers")
		}
		if s.Taken > 0 {
			list = append(list, fmt.Sprintf("%d of %d slots taken", s.Taken, s.Of))
		}
	}
	return strings.Join(list, ", ")
}

// share64 is a part of a whole in percent.
func share64(part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}

// millisText is a time of which only the class is known.
func millisText(ms float64) string {
	if ms == 0 {
		return "–"
	}
	return fmt.Sprintf("≤ %g", ms)
}
