package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Titles give way when a line does not fit; they keep at least so many columns, more where
// no terminal sets the width.
const (
	leastTitle      = 12
	leastTitlePlain = 40
)

// slatePage is a slate as a table for people, with a last line that says how fresh it is.
type slatePage struct {
	reply       *slateReply
	n           int    // places asked for
	diff        bool   // say where each item stood before
	why         bool   // say what spoke for each item in the ranking
	minPosition string // what the request waited for, "" for nothing
	columns     int    // width of a line
	terminal    bool   // columns are those of a terminal
	colour      bool
}

// slateRow is one line of the table.
type slateRow struct {
	rank, was, title, id, score, because, routes string
}

// String is the whole page.
func (p *slatePage) String() string {
	var b strings.Builder
	if len(p.reply.Items) == 0 {
		b.WriteString(p.empty())
	} else {
		p.table(&b)
	}
	b.WriteString(p.last() + "\n")
	return b.String()
}

func (p *slatePage) rows() []slateRow {
	rows := make([]slateRow, len(p.reply.Items))
	for i := range p.reply.Items {
		it := &p.reply.Items[i]
		row := slateRow{rank: strconv.Itoa(it.Rank), title: clean(it.Fields.Title), id: shownID(it.ID), score: score(it.Score), because: clean(it.Why.Text)}
		if p.diff {
			row.was = was(it.Rank, it.Was)
		}
		var routes []string
		for _, route := range it.Why.Routes {
			routes = append(routes, shownID(route))
		}
		if routes != nil {
			row.routes = "[" + strings.Join(routes, ", ") + "]"
		}
		rows[i] = row
	}
	alignPoints(rows)
	return rows
}

// was says how an item came to rank from where it stood, 0 for nowhere.
func was(rank, before int) string {
	switch {
	case before == 0:
		return "new"
	case before > rank:
		return "▲ " + strconv.Itoa(before)
	case before < rank:
		return "▼ " + strconv.Itoa(before)
	}
	return "="
}

// score writes a score with three significant digits.
func score(x float64) string {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	short := strconv.FormatFloat(x, 'e', 2, 64) // rounded, so that the exponent is that of what is shown
	exponent, err := strconv.Atoi(short[strings.IndexByte(short, 'e')+1:])
	if err != nil || exponent < -6 || exponent > 8 {
		return short
	}
	return strconv.FormatFloat(x, 'f', max(0, 2-exponent), 64)
}

// alignPoints puts spaces in front of scores, so that their decimal points stand in a column.
func alignPoints(rows []slateRow) {
	whole := func(s string) int {
		if i := strings.IndexByte(s, '.'); i >= 0 {
			return i
		}
		return len(s)
	}
	most := 0
	for i := range rows {
		most = max(most, whole(rows[i].score))
	}
	for i := range rows {
		rows[i].score = strings.Repeat(" ", most-whole(rows[i].score)) + rows[i].score
	}
}

// table writes the heads and the rows.
func (p *slatePage) table(b *strings.Builder) {
	rows := p.rows()
	widest := func(head string, cell func(*slateRow) string) int {
		most := width(head)
		for i := range rows {
			most = max(most, width(cell(&rows[i])))
		}
		return most
	}
	rank := widest(" #", func(r *slateRow) string { return r.rank })
	before := widest("was", func(r *slateRow) string { return r.was })
	title := widest("", func(r *slateRow) string { return r.title })
	id := widest("", func(r *slateRow) string { return r.id })
	points := widest("score", func(r *slateRow) string { return r.score })
	because := widest("because", func(r *slateRow) string { return r.because })
	routes := widest("", func(r *slateRow) string { return r.routes })

	rest := rank + 3 + id + 2 + points + 3 + because + 2 + routes + 2
	if p.diff {
		rest += before + 2
	}
	least := leastTitle
	if !p.terminal {
		least = leastTitlePlain
	}
	title = min(title, max(least, p.columns-rest))

	line := func(rank, was, item, score, because, routes string) string {
		text := rank + "   "
		if p.diff {
			text += was + "  "
		}
		text += item + "  " + pad(score, points) + "   " + because + "  " + routes
		return strings.TrimRight(text, " ")
	}
	item := id
	if title > 0 {
		item += title + 2
	}
	item = max(item, len("item"))
	b.WriteString(p.paint(faint, line(padLeft("#", rank), pad("was", before), pad("item", item), "score", "because", "")) + "\n")
	for i := range rows {
		r := &rows[i]
		cell := r.id
		if title > 0 {
			cell = pad(shorten(r.title, title), title) + "  " + r.id
		}
		b.WriteString(line(padLeft(r.rank, rank), p.tint(pad(r.was, before)), pad(cell, item), r.score, pad(r.because, because), r.routes) + "\n")
		if p.why {
			b.WriteString(p.paint(faint, pad("", rank+3)+spoke(p.reply.Items[i].Why.Strong)) + "\n")
		}
	}
}

// spoke says what spoke for an item. A field without a number stands by its name alone: it may be of
// words, which a reply does not carry, or have no value.
func spoke(list []contribution) string {
	if len(list) == 0 {
		return "no field of the ranking speaks for it more than for others"
	}
	var parts []string
	for _, c := range list {
		what := shownID(c.Feature)
		if c.Value != nil {
			what += " = " + score(*c.Value)
		}
		parts = append(parts, fmt.Sprintf("%s (+%s)", what, score(c.Adds)))
	}
	return strings.Join(parts, " · ")
}

// tint colours what is said of where an item stood.
func (p *slatePage) tint(was string) string {
	switch {
	case strings.HasPrefix(was, "▲"):
		return p.paint(green, was)
	case strings.HasPrefix(was, "▼"):
		return p.paint(red, was)
	case strings.HasPrefix(was, "new"):
		return p.paint(cyan, was)
	}
	return was
}

func (p *slatePage) paint(colour, text string) string {
	if !p.colour {
		return text
	}
	return colour + text + reset
}

// empty explains a slate without items.
func (p *slatePage) empty() string {
	if len(p.reply.Shortfall) == 0 || p.reply.missing() == nothingMore {
		return "no items: no route has anything to propose yet\n  bring in items and events: freshet import FILE, or freshet send EVENT\n"
	}
	return "no items: " + p.reply.missing() + "\n"
}

// last is the line below the table: how fresh the slate is, and where to find it again.
func (p *slatePage) last() string {
	r := p.reply
	request, took := "request "+shownID(r.RequestID), millis(r.TookMS)
	last := r.Freshness.Last
	switch {
	case !p.diff:
		reflected := "yes"
		if !r.Freshness.Reflected {
			reflected = "no"
		}
		return fmt.Sprintf("%s · reflected: %s · %d of %d places · %s", request, reflected, len(r.Items), p.n, took)
	case !r.Freshness.Reflected: // the event asked for is none that the server knows of yet
		return fmt.Sprintf("newest event reflected: no (position %s is not applied yet) · %s · %s", shownID(p.minPosition), request, took)
	case last == nil:
		return fmt.Sprintf("no events from this user yet · %s · %s", request, took)
	}
	effect := ""
	if last.EffectMS != nil {
		effect = fmt.Sprintf(", applied %s after arrival", millis(*last.EffectMS))
	}
	return fmt.Sprintf("%s reflected: yes (position %s%s) · %s · %s", shownID(last.Event), shownID(last.Position), effect, request, took)
}

// millis writes a length of time given in milliseconds, seconds from one on.
func millis(ms float64) string {
	switch {
	case ms > 0 && ms < 0.05:
		return "<0.1 ms"
	case ms < 9.95:
		return strings.TrimSuffix(strconv.FormatFloat(ms, 'f', 1, 64), ".0") + " ms"
	case ms < 999.5:
		return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
	}
	return strings.TrimSuffix(strconv.FormatFloat(ms/1000, 'f', 1, 64), ".0") + " s"
}
