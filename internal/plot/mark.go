package plot

import "math"

// How things are drawn, on either canvas.
const (
	markSize = 4.6 // about the radius of a mark
	rimWidth = 1.5
	paleness = 0.16 // of bands
	dashOn   = 6.0
	dashOff  = 4.0
)

// outline is the shape of a series' marks: circle, square, triangle, diamond, and again.
func outline(at point, series int) []point {
	corner := func(turns, radius float64) point {
		sin, cos := math.Sincos(2 * math.Pi * turns)
		return point{at.x + radius*sin, at.y - radius*cos}
	}
	corners, first, radius := 24, 0.0, markSize
	switch series % 4 {
	case 1:
		corners, first, radius = 4, 0.125, 1.25*markSize
	case 2:
		corners, first, radius = 3, 0, 1.35*markSize
	case 3:
		corners, first, radius = 4, 0, 1.35*markSize
	}
	list := make([]point, corners)
	for i := range list {
		list[i] = corner(first+float64(i)/float64(corners), radius)
	}
	return list
}
