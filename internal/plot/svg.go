package plot

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// SVG writes the figure as one SVG element. It refers to nothing outside; its colours follow the
// reader's scheme. The error is that of w, or says why the figure cannot be drawn.
func (f *Figure) SVG(w io.Writer) error {
	c := &svg{}
	if err := f.draw(c); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif">`,
		figureWidth, figureHeight, figureWidth, figureHeight)
	fmt.Fprintf(&b, "\n<title>%s</title>\n<style>\n", escape(f.Title))
	b.WriteString(light.css("", f.series()))
	fmt.Fprintf(&b, "@media (prefers-color-scheme: dark) {\n%s}\n", dark.css("  ", f.series()))
	b.WriteString("</style>\n")
	b.WriteString(c.body.String())
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// series is how many series colours the figure needs.
func (f *Figure) series() (most int) {
	for _, p := range f.Panels {
		most = max(most, len(p.Series))
	}
	return most
}

// css is the colours of a scheme: k0, k1, … draw lines, f0, f1, … fill and write.
func (s *colours) css(indent string, series int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s.card { fill: %s; stroke: %s }\n%s.mark { stroke: %s }\n", indent, s.ground, s.rim, indent, s.ground)
	for i, colour := range s.inks[:int(seriesInk)+series] {
		fmt.Fprintf(&b, "%s.k%d { stroke: %s } .f%d { fill: %s }\n", indent, i, colour, i, colour)
	}
	return b.String()
}

// svg collects elements.
type svg struct{ body strings.Builder }

func (c *svg) card(w, h float64) {
	fmt.Fprintf(&c.body, `<rect class="card" x="0.5" y="0.5" width="%s" height="%s" rx="10"/>`+"\n", short(w-1), short(h-1))
}

func (c *svg) stroke(points []point, width float64, ink ink, dash bool) {
	dashes := ""
	if dash {
		dashes = fmt.Sprintf(` stroke-dasharray="%g %g"`, dashOn, dashOff)
	}
	fmt.Fprintf(&c.body, `<polyline class="k%d" fill="none" stroke-width="%s" stroke-linejoin="round"%s points="%s"/>`+"\n", ink, short(width), dashes, list(points))
}

func (c *svg) fill(points []point, ink ink) {
	fmt.Fprintf(&c.body, `<polygon class="f%d" fill-opacity="%g" points="%s"/>`+"\n", ink, paleness, list(points))
}

func (c *svg) mark(at point, series int) {
	fmt.Fprintf(&c.body, `<polygon class="mark f%d" stroke-width="%g" points="%s"/>`+"\n", int(seriesInk)+series, rimWidth, list(outline(at, series)))
}

func (c *svg) text(at point, anchor anchor, size float64, bold bool, ink ink, s string) {
	weight := ""
	if bold {
		weight = ` font-weight="600"`
	}
	where := [...]string{"", ` text-anchor="middle"`, ` text-anchor="end"`}[anchor]
	fmt.Fprintf(&c.body, `<text class="f%d" x="%s" y="%s" font-size="%s"%s%s xml:space="preserve">%s</text>`+"\n", ink, short(at.x), short(at.y), short(size), weight, where, escape(s))
}

// list writes points.
func list(points []point) string {
	var b strings.Builder
	for i, p := range points {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(short(p.x) + "," + short(p.y))
	}
	return b.String()
}

// short writes a number to a hundredth of a unit.
func short(x float64) string {
	text := strings.TrimRight(strings.TrimRight(strconv.FormatFloat(x, 'f', 2, 64), "0"), ".")
	if text == "" || text == "-0" {
		return "0"
	}
	return text
}

// escape makes text safe between tags; characters that XML has no place for become U+FFFD.
func escape(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return 0xFFFD
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(clean)
}
