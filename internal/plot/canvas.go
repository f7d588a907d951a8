package plot

// canvas is what a figure is drawn on: SVG or pixels. Units are those of the figure, y downwards.
type canvas interface {
	// card paints the ground, w × h.
	card(w, h float64)
	// stroke draws a line through points.
	stroke(points []point, width float64, ink ink, dash bool)
	// fill paints an area, pale.
	fill(points []point, ink ink)
	// mark draws the shape of a series around a point, upon a rim of the ground's colour.
	mark(at point, series int)
	// text writes on a base line; anchor says which part of the text stands at the point.
	text(at point, anchor anchor, size float64, bold bool, ink ink, s string)
}

type point struct{ x, y float64 }

// ink is what something is drawn with: one of the constants, or seriesInk plus the number of a series.
type ink int

const (
	strong ink = iota // titles
	soft              // labels
	faint             // the grid
	seriesInk
)

type anchor int

const (
	start anchor = iota
	middle
	end
)

// colours are those of a scheme, written as in CSS.
type colours struct {
	ground, rim string
	inks        [int(seriesInk) + MaxSeries]string
}

// Each series colour has a contrast of at least 3 with its ground, and of the first three any two can be told apart
// by people who see two colours only, by their lightness.
var (
	light = colours{"#ffffff", "#e2e5ea", [...]string{"#14171c", "#5a616c", "#e8eaee",
		"#1f5fd0", "#c2500a", "#6d7480", "#0d8a6a", "#9a3fb5", "#b3861a", "#c2335f", "#2b93b8"}}
	dark = colours{"#14171c", "#2a2f38", [...]string{"#f1f3f6", "#a6adb8", "#2a2f38",
		"#6ea3ff", "#ff9a52", "#9aa2ae", "#45c9a3", "#d08be6", "#e0b64a", "#f0799d", "#6cc9ea"}}
)
