package plot

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"strconv"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// pixels is how many there are to a unit.
const pixels = 2

// PNG writes the figure as an image in light colours. The error is that of w, or says why the
// figure cannot be drawn.
func (f *Figure) PNG(w io.Writer) error {
	c := &raster{image: image.NewRGBA(image.Rect(0, 0, pixels*figureWidth, pixels*figureHeight)), faces: map[typeface]font.Face{}}
	if err := f.draw(c); err != nil {
		return err
	}
	if c.err != nil {
		return c.err
	}
	return png.Encode(w, c.image)
}

// raster paints pixels.
type raster struct {
	image *image.RGBA
	faces map[typeface]font.Face
	err   error // the first of a font
}

type typeface struct {
	size float64
	bold bool
}

func (c *raster) card(w, h float64) {
	draw.Draw(c.image, c.image.Bounds(), image.NewUniform(parse(light.ground, 1)), image.Point{}, draw.Src)
	for _, side := range [][]point{{{0, 0}, {w, 0}}, {{w, 0}, {w, h}}, {{w, h}, {0, h}}, {{0, h}, {0, 0}}} {
		c.polygons(parse(light.rim, 1), thick(side, 1)...)
	}
}

func (c *raster) stroke(points []point, width float64, ink ink, dash bool) {
	lines := [][]point{points}
	if dash {
		lines = dashed(points)
	}
	var parts [][]point
	for _, line := range lines {
		parts = append(parts, thick(line, width)...)
	}
	c.polygons(parse(light.inks[ink], 1), parts...)
}

func (c *raster) fill(points []point, ink ink) {
	c.polygons(parse(light.inks[ink], paleness), points)
}

func (c *raster) mark(at point, series int) {
	shape := outline(at, series)
	closed := append(append([]point{}, shape...), shape[0])
	c.polygons(parse(light.inks[int(seriesInk)+series], 1), shape)
	c.polygons(parse(light.ground, 1), thick(closed, rimWidth)...)
}

func (c *raster) text(at point, anchor anchor, size float64, bold bool, ink ink, s string) {
	face, err := c.face(typeface{size, bold})
	if err != nil {
		c.err = err
		return
	}
	d := font.Drawer{Dst: c.image, Src: image.NewUniform(parse(light.inks[ink], 1)), Face: face}
	x := fixed.Int26_6(math.Round(64 * pixels * at.x))
	switch width := d.MeasureString(s); anchor {
	case middle:
		x -= width / 2
	case end:
		x -= width
	}
	d.Dot = fixed.Point26_6{X: x, Y: fixed.Int26_6(math.Round(64 * pixels * at.y))}
	d.DrawString(s)
}

func (c *raster) face(t typeface) (font.Face, error) {
	if face, ok := c.faces[t]; ok {
		return face, nil
	}
	data := goregular.TTF
	if t.bold {
		data = gobold.TTF
	}
	parsed, err := opentype.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("a font of the figure: %w", err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: pixels * t.size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("a font of the figure: %w", err)
	}
	c.faces[t] = face
	return face, nil
}

// polygons paints the union of polygons that all turn the same way.
func (c *raster) polygons(colour color.Color, list ...[]point) {
	r := vector.NewRasterizer(c.image.Bounds().Dx(), c.image.Bounds().Dy())
	for _, polygon := range list {
		for i, p := range polygon {
			if i == 0 {
				r.MoveTo(float32(pixels*p.x), float32(pixels*p.y))
			} else {
				r.LineTo(float32(pixels*p.x), float32(pixels*p.y))
			}
		}
		r.ClosePath()
	}
	r.Draw(c.image, c.image.Bounds(), image.NewUniform(colour), image.Point{})
}

// thick are the polygons that make up a line of a width: one for each piece, and a round one at
// each inner corner. All turn the same way.
func thick(line []point, width float64) (list [][]point) {
	half := width / 2
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		length := math.Hypot(b.x-a.x, b.y-a.y)
		if length == 0 {
			continue
		}
		dx, dy := half*(b.x-a.x)/length, half*(b.y-a.y)/length
		list = append(list, []point{{a.x + dy, a.y - dx}, {b.x + dy, b.y - dx}, {b.x - dy, b.y + dx}, {a.x - dy, a.y + dx}})
		if i > 1 {
			round := make([]point, 16)
			for k := range round {
				sin, cos := math.Sincos(2 * math.Pi * float64(k) / float64(len(round)))
				round[k] = point{a.x + half*cos, a.y + half*sin}
			}
			list = append(list, round)
		}
	}
	return list
}

// dashed cuts a line into dashes.
func dashed(line []point) (list [][]point) {
	on, left := true, dashOn
	var dash []point
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		length := math.Hypot(b.x-a.x, b.y-a.y)
		for at := 0.0; at < length; {
			if on && len(dash) == 0 {
				dash = append(dash, between(a, b, at/length))
			}
			step := min(left, length-at)
			at += step
			left -= step
			if on {
				dash = append(dash, between(a, b, at/length))
			}
			if left == 0 {
				if on {
					list, dash = append(list, dash), nil
				}
				on = !on
				left = dashOff
				if on {
					left = dashOn
				}
			}
		}
	}
	if len(dash) > 1 {
		list = append(list, dash)
	}
	return list
}

// between is the point at a share of the way from a to b.
func between(a, b point, share float64) point {
	return point{a.x + share*(b.x-a.x), a.y + share*(b.y-a.y)}
}

// parse reads a colour of the palette, #rrggbb.
func parse(text string, opacity float64) color.Color {
	n, err := strconv.ParseUint(text[1:], 16, 32)
	if err != nil {
		panic("BUG: the palette has a colour " + text)
	}
	return color.NRGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), uint8(math.Round(255 * opacity))}
}
