package recall

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
)

// GeoRoute proposes items that are near the position in the request's context, nearest first.
// Positions are read by positionOf, of the context and of an entry's attributes.
//
// Items stand in a grid of rows of equal latitude, an eighth of the radius high, each cut into as
// many cells as make them about as wide as high there, so that a row at a pole has one. A request
// goes through the cells that come within the radius, those first whose nearest point can be
// nearest: a cell lies no nearer than its middle less the farthest it reaches from there. It ends
// once n items are nearer than the next cell can be. So the answer is exact, across the
// antimeridian and around the poles, unless it takes more than 20,000 items: of a cell those that
// the catalogue met last come first.
//
// The grid follows from the newest entries alone and is packed as nothing. It takes 20 bytes an
// item with a position, and 16 another.
type GeoRoute struct {
	name   string
	within float64 // metres
	rows   int     // from the south
	cells  map[uint64][]uint32
	places []located // by item
}

type located struct {
	position
	known bool
}

const (
	geoVisits = 20_000
	geoRows   = 8       // of a radius
	geoFinest = 500_000 // rows from pole to pole, at most: some 40 m each
	rounding  = 1e-9    // degrees, far more than the arithmetic errs by
)

// NewGeo returns the route. within is the greatest distance proposed, in metres, above 0.
func NewGeo(name string, within float64) *GeoRoute {
	halfway := math.Pi * earthRadius
	rows := int(min(geoFinest, max(1, math.Floor(halfway/within*geoRows))))
	return &GeoRoute{name: name, within: within, rows: rows, cells: map[uint64][]uint32{}}
}

// Name implements Route.
func (r *GeoRoute) Name() string { return r.name }

// Apply implements Route.
func (r *GeoRoute) Apply(*Act) {}

// Pack implements Route.
func (r *GeoRoute) Pack(*pack.Writer) {}

// Unpack implements Route.
func (r *GeoRoute) Unpack(*pack.Reader, int) {}

// Entry implements EntryReader.
func (r *GeoRoute) Entry(item uint32, doc *freshet.Item) {
	for int(item) >= len(r.places) {
		r.places = append(r.places, located{})
	}
	was := r.places[item]
	p, ok := itemPosition(doc)
	if now := (located{p, ok}); now != was {
		if was.known {
			r.leave(r.cellOf(was.position), item)
		}
		if ok {
			r.enter(r.cellOf(p), item)
		} else {
			now = located{}
		}
		r.places[item] = now
	}
}

func (r *GeoRoute) enter(c cell, item uint32) {
	list := r.cells[c.key()]
	i, _ := slices.BinarySearch(list, item)
	r.cells[c.key()] = slices.Insert(list, i, item)
}

func (r *GeoRoute) leave(c cell, item uint32) {
	list := r.cells[c.key()]
	if i, found := slices.BinarySearch(list, item); found {
		list = slices.Delete(list, i, i+1)
	}
	if len(list) == 0 {
		delete(r.cells, c.key())
		return
	}
	r.cells[c.key()] = list
}

// cell is a place of the grid: a row from the south, a column from −180°.
type cell struct{ row, column int }

func (c cell) key() uint64 { return uint64(c.row)<<32 | uint64(c.column) }

// columns is how many cells a row is cut into.
func (r *GeoRoute) columns(row int) int {
	south, north := r.row(row), r.row(row+1)
	widest := math.Cos(min(math.Abs(south), math.Abs(north)) * radian)
	if south < 0 && north > 0 {
		widest = 1
	}
	return int(max(1, math.Floor(2*float64(r.rows)*widest)))
}

// row is the latitude at which a row begins.
func (r *GeoRoute) row(i int) float64 { return -90 + 180*float64(i)/float64(r.rows) }

func (r *GeoRoute) rowOf(lat float64) int {
	return min(r.rows-1, max(0, int(math.Floor((lat+90)/180*float64(r.rows)))))
}

func columnOf(lon float64, columns int) int {
	return min(columns-1, max(0, int(math.Floor((lon+180)/360*float64(columns)))))
}

func (r *GeoRoute) cellOf(p position) cell {
	row := r.rowOf(p.lat)
	return cell{row, columnOf(p.lon, r.columns(row))}
}

// least is a distance that nothing in the cell is nearer than.
func (r *GeoRoute) least(from position, c cell) float64 {
	south, north, columns := r.row(c.row), r.row(c.row+1), r.columns(c.row)
	width := 360 / float64(columns)
	middle := position{(south + north) / 2, -180 + (float64(c.column)+0.5)*width}
	// From the middle along its meridian, then along the parallel, which is nowhere longer than
	// where the cell is widest.
	widest := math.Cos(min(math.Abs(south), math.Abs(north)) * radian)
	if south < 0 && north > 0 {
		widest = 1
	}
	reach := earthRadius * radian * (180/float64(r.rows)/2 + widest*width/2)
	return max(0, metres(from, middle)-reach)
}

type within struct {
	cell  cell
	least float64
}

// around lists the cells that hold something and may come within the radius, the nearest first.
func (r *GeoRoute) around(from position) []within {
	var list []within
	look := func(c cell) {
		if len(r.cells[c.key()]) == 0 {
			return
		}
		if least := r.least(from, c); least <= r.within {
			list = append(list, within{c, least})
		}
	}
	angle := r.within / earthRadius // of the radius, as seen from the middle of the Earth
	high := angle/radian + rounding
	for row := r.rowOf(from.lat - high); row <= r.rowOf(from.lat+high); row++ {
		columns := r.columns(row)
		// The meridians that touch the circle lie this far east and west of its middle, unless
		// it has a pole within.
		east := 180.0
		if s := math.Sin(angle) / math.Cos(from.lat*radian); angle < math.Pi/2 && math.Abs(from.lat)*radian+angle < math.Pi/2 && s < 1 {
			east = math.Asin(s)/radian + rounding
		}
		reach := int(math.Ceil(east/360*float64(columns))) + 1
		if 2*reach+1 >= columns {
			for column := range columns {
				look(cell{row, column})
			}
			continue
		}
		middle := columnOf(from.lon, columns)
		for d := -reach; d <= reach; d++ {
			look(cell{row, (middle + d + columns) % columns})
		}
	}
	slices.SortFunc(list, func(a, b within) int {
		if a.least != b.least {
			return cmp.Compare(a.least, b.least)
		}
		return cmp.Compare(a.cell.key(), b.cell.key())
	})
	return list
}

// Recall implements Route. A proposal's score is its distance in kilometres, negated.
func (r *GeoRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	from, known := positionOf(req.Context)
	if !known || len(r.cells) == 0 {
		return nil, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	top, visits := best{n: n}, 0
	for _, c := range r.around(from) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if visits >= geoVisits || n <= 0 || len(top.heap) == n && -top.heap[0].score < c.least/1000 {
			break
		}
		for _, item := range slices.Backward(r.cells[c.cell.key()]) {
			if visits++; visits > geoVisits {
				break
			}
			if visits%checkEvery == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			d := metres(from, r.places[item].position)
			if s := (scored{0 - d/1000, item}); d <= r.within && top.wants(s) && !req.Skip(item) {
				top.offer(s)
			}
		}
	}
	list := top.take()
	out := proposals(len(list))[:len(list)]
	for i, c := range list {
		out[i] = Proposal{c.item, c.score, Because{Code: Nearby}}
	}
	return out, nil
}
