package recall

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet"
)

// position is a place on the Earth, taken for a sphere, in degrees.
type position struct {
	lat, lon float64 // −90 to 90, −180 to 180
}

// earthRadius is the mean one in metres (IUGG).
const earthRadius = 6_371_008.8

// positionOf reads a position out of free data: numbers under lat and lon, or under location an
// object with these or a text "lat,lon". Numbers may be written as texts. What is out of range is
// no position, nor is a list, of which nobody knows which number comes first.
func positionOf(data map[string]any) (p position, ok bool) {
	lat, hasLat := degrees(data["lat"], 90)
	lon, hasLon := degrees(data["lon"], 180)
	if hasLat && hasLon {
		return position{lat, lon}, true
	}
	switch location := data["location"].(type) {
	case map[string]any:
		lat, hasLat = degrees(location["lat"], 90)
		lon, hasLon = degrees(location["lon"], 180)
	case string:
		one, other, _ := strings.Cut(location, ",")
		lat, hasLat = degrees(one, 90)
		lon, hasLon = degrees(other, 180)
	}
	return position{lat, lon}, hasLat && hasLon
}

// itemPosition is that of an entry.
func itemPosition(doc *freshet.Item) (position, bool) { return positionOf(doc.Attributes) }

// degrees reads an angle within ±most.
func degrees(v any, most float64) (float64, bool) {
	text := ""
	switch v := v.(type) {
	case json.Number:
		text = string(v)
	case string:
		text = strings.TrimSpace(v)
	default:
		return 0, false
	}
	d, err := strconv.ParseFloat(text, 64)
	if err != nil || !(math.Abs(d) <= most) { // not NaN either
		return 0, false
	}
	return d + 0, true
}

const radian = math.Pi / 180

// metres is the distance along the great circle, by the haversine formula, which keeps its digits
// where places are close (Sinnott, "Virtues of the Haversine", Sky & Telescope 1984).
func metres(a, b position) float64 {
	north, east := math.Sin((b.lat-a.lat)*radian/2), math.Sin((b.lon-a.lon)*radian/2)
	h := float64(north*north) + float64(math.Cos(a.lat*radian)*math.Cos(b.lat*radian)*float64(east*east))
	return 2 * earthRadius * math.Asin(math.Sqrt(min(1, h)))
}
