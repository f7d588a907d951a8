package plot

import (
	"cmp"
	"slices"
)

// The measures of a figure, in units of which a reader's screen has one a pixel.
const (
	figureWidth  = 880.0
	figureHeight = 420.0
	edge         = 24.0 // around everything
	gutter       = 20.0 // between panels
	titleSize    = 18.0
	textSize     = 12.0
	lineGap      = 15.0 // least distance of two names
	lineWidth    = 2.25
)

// draw draws the figure.
func (f *Figure) draw(c canvas) error {
	if err := f.check(); err != nil {
		return err
	}
	c.card(figureWidth, figureHeight)
	y := edge + 14
	c.text(point{edge, y}, start, titleSize, true, strong, f.Title)
	if f.Subtitle != "" {
		y += 21
		c.text(point{edge, y}, start, textSize+0.5, false, soft, f.Subtitle)
	}
	n := float64(len(f.Panels))
	width := (figureWidth - 2*edge - (n-1)*gutter) / n
	for i := range f.Panels {
		f.Panels[i].draw(c, edge+float64(i)*(width+gutter), y+16, width, figureHeight-edge-y-16)
	}
	return nil
}

// textWidth is about how wide a text is: enough for room to be left.
func textWidth(s string, size float64) float64 { return 0.56 * size * float64(len([]rune(s))) }

// draw draws the panel into a box.
func (p *Panel) draw(c canvas, x, y, w, h float64) {
	low, high := p.span()
	s := newScale(low, high, 5, p.Percent)
	s.top, s.bottom = y+34, y+h-40
	c.text(point{x, y + 14}, start, textSize+1, true, strong, p.Title)

	left, right := x, x+w
	room := 0.0
	for _, tick := range s.ticks() {
		room = max(room, textWidth(s.text(tick), textSize))
	}
	left += room + 8
	names := 0.0
	for i := range p.Series {
		names = max(names, textWidth(p.label(i, &s), textSize))
	}
	right -= names + 14
	for _, tick := range s.ticks() {
		at := s.y(tick)
		c.stroke([]point{{left, at}, {right, at}}, 1, faint, false)
		c.text(point{left - 8, at + 4}, end, textSize, false, soft, s.text(tick))
	}
	place := p.places(left, right)
	for i, category := range p.Categories {
		c.text(point{place(i), s.bottom + 19}, middle, textSize, false, soft, category)
	}
	if p.X != "" {
		c.text(point{(left + right) / 2, s.bottom + 38}, middle, textSize, false, soft, p.X)
	}
	if p.Points {
		p.drawPoints(c, &s, place, (right-left)/float64(len(p.Categories)))
	} else {
		p.drawLines(c, &s, place)
	}
	p.drawNames(c, &s, right+12)
}

// places says where a category stands: in the middle of its share of the width when points are
// drawn, from edge to edge when lines are.
func (p *Panel) places(left, right float64) func(i int) float64 {
	n := float64(len(p.Categories))
	if p.Points || len(p.Categories) == 1 {
		return func(i int) float64 { return left + (float64(i)+0.5)*(right-left)/n }
	}
	const inset = 14 // half a label
	return func(i int) float64 { return left + inset + float64(i)*(right-left-inset-4)/(n-1) }
}

// drawLines draws bands, then lines, then marks, the first series uppermost.
func (p *Panel) drawLines(c canvas, s *scale, place func(int) float64) {
	for k, series := range slices.Backward(p.Series) {
		if series.Low == nil {
			continue
		}
		eachRun(series.Values, series.Low, series.High, func(from, to int) {
			var area []point
			for i := from; i < to; i++ {
				area = append(area, point{place(i), s.y(series.High[i])})
			}
			for i := to - 1; i >= from; i-- {
				area = append(area, point{place(i), s.y(series.Low[i])})
			}
			c.fill(area, seriesInk+ink(k))
		})
	}
	for k, series := range slices.Backward(p.Series) {
		eachRun(series.Values, nil, nil, func(from, to int) {
			var line []point
			for i := from; i < to; i++ {
				line = append(line, point{place(i), s.y(series.Values[i])})
			}
			c.stroke(line, lineWidth, seriesInk+ink(k), k == 2) // the third is dashed: in greys it is nearest to the grid
			for _, at := range line {
				c.mark(at, k)
			}
		})
	}
}

// eachRun calls draw for every run [from, to) of values that can be drawn; with ends, for those
// whose ends can.
func eachRun(values, low, high []float64, draw func(from, to int)) {
	from := -1
	for i := 0; i <= len(values); i++ {
		fine := i < len(values) && finite(values[i]) && (low == nil || finite(low[i]) && finite(high[i]))
		switch {
		case fine && from < 0:
			from = i
		case !fine && from >= 0:
			draw(from, i)
			from = -1
		}
	}
}

// drawPoints draws the series of each category beside each other.
func (p *Panel) drawPoints(c canvas, s *scale, place func(int) float64, width float64) {
	step := min(16, 0.72*width/float64(len(p.Series)))
	for k, series := range p.Series {
		shift := (float64(k) - float64(len(p.Series)-1)/2) * step
		for i, v := range series.Values {
			if !finite(v) {
				continue
			}
			at := place(i) + shift
			if series.Low != nil && finite(series.Low[i]) && finite(series.High[i]) {
				c.stroke([]point{{at, s.y(series.Low[i])}, {at, s.y(series.High[i])}}, lineWidth, seriesInk+ink(k), false)
			}
			c.mark(point{at, s.y(v)}, k)
		}
	}
}

// label is what stands beside the end of a series: its name, and where lines end their last value.
func (p *Panel) label(i int, s *scale) string {
	if last := p.last(i); !p.Points && finite(last) {
		return p.Series[i].Name + "  " + s.value(last)
	}
	return p.Series[i].Name
}

// last is the last value of a series that can be drawn.
func (p *Panel) last(i int) float64 {
	for _, v := range slices.Backward(p.Series[i].Values) {
		if finite(v) {
			return v
		}
	}
	return p.Series[i].Values[0]
}

// drawNames writes each name at the height at which its series ends, moved apart where they would
// meet.
func (p *Panel) drawNames(c canvas, s *scale, x float64) {
	type name struct {
		series int
		y      float64
	}
	var names []name
	for i := range p.Series {
		if last := p.last(i); finite(last) {
			names = append(names, name{i, s.y(last)})
		}
	}
	slices.SortStableFunc(names, func(a, b name) int { return cmp.Compare(a.y, b.y) })
	heights := make([]float64, len(names))
	for i := range names {
		heights[i] = names[i].y
	}
	apart(heights, s.top, s.bottom)
	for i, n := range names {
		if p.Points { // the marks are not at the edge: show which is meant
			c.mark(point{x, heights[i]}, n.series)
			c.text(point{x + 9, heights[i] + 4}, start, textSize, true, seriesInk+ink(n.series), p.label(n.series, s))
			continue
		}
		c.text(point{x, heights[i] + 4}, start, textSize, true, seriesInk+ink(n.series), p.label(n.series, s))
	}
}

// apart moves sorted heights so that neighbours are lineGap apart and all lie within, as far as
// there is room, and none further than needed: heights that meet become one block around their mean
// (pooling of adjacent violators).
func apart(heights []float64, top, bottom float64) {
	type block struct {
		mean float64 // of where its first would stand
		n    int
	}
	var blocks []block
	for _, h := range heights {
		b := block{h, 1}
		for len(blocks) > 0 {
			before := blocks[len(blocks)-1]
			if before.mean+float64(before.n)*lineGap <= b.mean {
				break
			}
			n := before.n + b.n
			b = block{(before.mean*float64(before.n) + (b.mean-float64(before.n)*lineGap)*float64(b.n)) / float64(n), n}
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, b)
	}
	i := 0
	for _, b := range blocks {
		for k := range b.n {
			heights[i] = b.mean + float64(k)*lineGap
			i++
		}
	}
	// Into the box, the last one first and then the first.
	for i := len(heights) - 1; i >= 0; i-- {
		heights[i] = min(heights[i], bottom-float64(len(heights)-1-i)*lineGap)
	}
	for i := range heights {
		heights[i] = max(heights[i], top+float64(i)*lineGap)
	}
}
