package recall

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

// apart is the oracle of metres: the angle between two vectors in space.
func apart(a, b position) float64 {
	vector := func(p position) [3]float64 {
		lat, lon := p.lat*math.Pi/180, p.lon*math.Pi/180
		return [3]float64{math.Cos(lat) * math.Cos(lon), math.Cos(lat) * math.Sin(lon), math.Sin(lat)}
	}
	v, w := vector(a), vector(b)
	cross := [3]float64{v[1]*w[2] - v[2]*w[1], v[2]*w[0] - v[0]*w[2], v[0]*w[1] - v[1]*w[0]}
	return earthRadius * math.Atan2(math.Hypot(math.Hypot(cross[0], cross[1]), cross[2]), v[0]*w[0]+v[1]*w[1]+v[2]*w[2])
}

func TestMetres(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b position
		want float64
	}{
		{"a degree of the equator", position{0, 0}, position{0, 1}, 111195.08},
		{"across the antimeridian", position{0, 179.5}, position{0, -179.5}, 111195.08},
		{"across the pole", position{89.5, 0}, position{89.5, 180}, 111195.08},
		{"around the Earth", position{0, 0}, position{0, 180}, math.Pi * earthRadius},
		{"pole to pole", position{90, 17}, position{-90, -3}, math.Pi * earthRadius},
		{"nowhere", position{60, 25}, position{60, 25}, 0},
		{"a centimetre", position{60, 25}, position{60 + 9e-8, 25}, 0.010007},
	} {
		if got := metres(c.a, c.b); math.Abs(got-c.want) > 0.01+c.want*1e-7 {
			t.Errorf("%s: %v m, want %v", c.name, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyPlace(t), anyPlace(t)
		if got, want := metres(a, b), apart(a, b); math.Abs(got-want) > 0.2 { // haversine loses digits at antipodes
			t.Fatalf("%v to %v: %v m, want %v", a, b, got, want)
		}
	})
}

// anyPlace draws a position, often at the ends of the grid.
func anyPlace(t *rapid.T) position {
	lat := rapid.OneOf(rapid.Float64Range(-90, 90), rapid.SampledFrom([]float64{-90, -89.999, 0, 60, 89.99, 90})).Draw(t, "lat")
	lon := rapid.OneOf(rapid.Float64Range(-180, 180), rapid.SampledFrom([]float64{-180, -179.999, 0, 179.999, 180})).Draw(t, "lon")
	return position{lat, lon}
}

func at(p position) map[string]any {
	return map[string]any{"lat": json.Number(fmt.Sprint(p.lat)), "lon": json.Number(fmt.Sprint(p.lon))}
}

// TestGeoAgreesWithOracle looks at all items, which lie around the request as far as twice the
// radius, for radii from a metre to half the Earth.
func TestGeoAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		within := math.Exp(rapid.Float64Range(0, math.Log(20_000_000)).Draw(t, "radius"))
		r, places := NewGeo("close", within), map[uint32]position{}
		from := anyPlace(t)
		for range rapid.IntRange(1, 60).Draw(t, "entries") {
			item := rapid.Uint32Range(1, 30).Draw(t, "item")
			p := anyPlace(t)
			if rapid.IntRange(0, 3).Draw(t, "near") > 0 {
				reach := within / earthRadius / radian
				p = position{from.lat + rapid.Float64Range(-2, 2).Draw(t, "north")*reach, from.lon + rapid.Float64Range(-2, 2).Draw(t, "east")*reach/math.Max(0.01, math.Cos(from.lat*radian))}
				p.lat = math.Max(-90, math.Min(90, p.lat))
				p.lon = math.Mod(math.Mod(p.lon+180, 360)+360, 360) - 180
			}
			r.Entry(item, &freshet.Item{Attributes: at(p)})
			places[item] = p
			if rapid.IntRange(0, 9).Draw(t, "lost") == 0 {
				r.Entry(item, &freshet.Item{})
				delete(places, item)
			}
		}
		n := rapid.IntRange(1, 30).Draw(t, "n")
		skip := func(item uint32) bool { return item%5 == 0 }
		got, err := r.Recall(testContext, &Request{Context: at(from), Skip: skip}, n)
		if err != nil {
			t.Fatal(err)
		}
		var want []scored
		for item, p := range places {
			if d := metres(from, p); d <= within && !skip(item) {
				want = append(want, scored{0 - d/1000, item})
			}
		}
		slices.SortFunc(want, func(a, b scored) int {
			if a.before(b) {
				return -1
			}
			return 1
		})
		want = want[:min(n, len(want))]
		if len(got) != len(want) {
			t.Fatalf("within %v m of %v: %v, want %v", within, from, got, want)
		}
		for i := range want {
			if got[i].Item != want[i].item || got[i].Score != want[i].score || got[i].Because != (Because{Code: Nearby}) {
				t.Fatalf("place %d is %+v, want %+v", i+1, got[i], want[i])
			}
		}
	})
}

func TestPositions(t *testing.T) {
	for _, c := range []struct {
		data string
		want position
		ok   bool
	}{
		{`{"lat": 60.17, "lon": 24.94}`, position{60.17, 24.94}, true},
		{`{"lat": "60.17", "lon": " 24.94 "}`, position{60.17, 24.94}, true},
		{`{"location": {"lat": -33, "lon": 151}}`, position{-33, 151}, true},
		{`{"location": "60.17, 24.94"}`, position{60.17, 24.94}, true},
		{`{"lat": 91, "lon": 0, "location": "1,2"}`, position{1, 2}, true},
		{`{"lat": 90, "lon": -180}`, position{90, -180}, true},
		{`{"lat": 1000, "lon": 0}`, position{}, false},
		{`{"lat": 0, "lon": 180.001}`, position{}, false},
		{`{"lat": "NaN", "lon": "Inf"}`, position{}, false},
		{`{"lat": 1e999, "lon": 0}`, position{}, false},
		{`{"lat": 1}`, position{}, false},
		{`{"lat": null, "lon": true}`, position{}, false},
		{`{"location": [60.17, 24.94]}`, position{}, false},
		{`{"location": "60.17"}`, position{}, false},
		{`{"location": "60.17,24.94,3"}`, position{}, false},
		{`{}`, position{}, false},
	} {
		var data map[string]any
		decoder := json.NewDecoder(strings.NewReader(c.data))
		decoder.UseNumber()
		if err := decoder.Decode(&data); err != nil {
			t.Fatal(err)
		}
		if got, ok := positionOf(data); ok != c.ok || ok && got != c.want {
			t.Errorf("%s is %v, %t; want %v, %t", c.data, got, ok, c.want, c.ok)
		}
	}
}

// A crowd in one cell is read as far as the bound goes, those met last first.
func TestGeoIsBounded(t *testing.T) {
	r := NewGeo("close", 5000)
	here := at(position{60, 25})
	for item := range uint32(geoVisits + 100) {
		r.Entry(item+1, &freshet.Item{Attributes: here})
	}
	asked := 0
	got, err := r.Recall(t.Context(), &Request{Context: here, Skip: func(item uint32) bool { asked++; return item != 101 && item != 100 }}, 10)
	if err != nil || asked > geoVisits || len(got) != 1 || got[0].Item != 101 {
		t.Errorf("%v, %v after %d items", got, err, asked)
	}
}

func BenchmarkGeo(b *testing.B) {
	r, rng := NewGeo("close", 5000), rand.New(rand.NewPCG(1, 2))
	for item := range uint32(100_000) { // a city
		r.Entry(item+1, &freshet.Item{Attributes: at(position{60.2 + rng.NormFloat64()*0.05, 24.9 + rng.NormFloat64()*0.1})})
	}
	n := 0
	for b.Loop() {
		n++
		if _, err := r.Recall(b.Context(), &Request{Context: at(position{60.2 + float64(n%10)/100, 24.9}), Skip: nothing}, 200); err != nil {
			b.Fatal(err)
		}
	}
}
