package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/color"
	"image/png"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func sample() *Figure {
	return &Figure{Title: "a < b & c", Subtitle: "two delays", Panels: []Panel{
		{Title: "HitRate@20", X: "events withheld for", Categories: []string{"0s", "10m", "24h"}, Series: []Series{
			{Name: "slate", Values: []float64{0.7, math.NaN(), 0.1}, Low: []float64{0.68, 0.5, 0.05}, High: []float64{0.72, 0.6, 0.15}},
			{Name: "recall", Values: []float64{0.6, 0.5, 0.1}},
		}},
		{Title: "gap", Points: true, Percent: true, Categories: []string{"d4"}, Series: []Series{{Name: "slate", Values: []float64{0.3}, Low: []float64{0.25}, High: []float64{0.35}}}},
	}}
}

func TestSVGIsXML(t *testing.T) {
	var one, two bytes.Buffer
	if err := sample().SVG(&one); err != nil {
		t.Fatal(err)
	}
	if err := sample().SVG(&two); err != nil || !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Errorf("equal figures differ, %v", err)
	}
	texts := map[string]bool{}
	shapes := 0
	d := xml.NewDecoder(bytes.NewReader(one.Bytes()))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.CharData:
			texts[string(token)] = true
		case xml.StartElement:
			if token.Name.Local == "polygon" || token.Name.Local == "polyline" {
				shapes++
			}
			for _, a := range token.Attr {
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("%s has %s=%q", token.Name.Local, a.Name.Local, a.Value)
				}
			}
		}
	}
	for _, want := range []string{"a < b & c", "two delays", "HitRate@20", "24h", "slate  0.100", "0.8", "24 %"} {
		if !texts[want] {
			t.Errorf("no text %q in %v", want, slices.Collect(func(yield func(string) bool) {
				for s := range texts {
					if !yield(s) {
						return
					}
				}
			}))
		}
	}
	if !strings.Contains(one.String(), "prefers-color-scheme: dark") || shapes < 15 {
		t.Errorf("%d shapes:\n%s", shapes, one.String())
	}
}

func TestPNG(t *testing.T) {
	var b bytes.Buffer
	if err := sample().PNG(&b); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds().Size(); size.X != pixels*figureWidth || size.Y != pixels*figureHeight {
		t.Errorf("an image of %v", size)
	}
	counts := map[color.Color]int{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			counts[color.NRGBAModel.Convert(img.At(x, y))]++
		}
	}
	for name, colour := range map[string]string{"ground": light.ground, "title": light.inks[strong], "slate": light.inks[seriesInk], "recall": light.inks[seriesInk+1]} {
		if counts[parse(colour, 1)] < 100 {
			t.Errorf("%d pixels of %s, %s", counts[parse(colour, 1)], name, colour)
		}
	}
}

func TestRefuses(t *testing.T) {
	for name, spoil := range map[string]func(f *Figure){
		"no panel":           func(f *Figure) { f.Panels = nil },
		"three panels":       func(f *Figure) { f.Panels = append(f.Panels, f.Panels[0]) },
		"no category":        func(f *Figure) { f.Panels[0].Categories = nil },
		"many categories":    func(f *Figure) { f.Panels[0].Categories = make([]string, MaxCategories+1) },
		"no series":          func(f *Figure) { f.Panels[0].Series = nil },
		"many series":        func(f *Figure) { f.Panels[0].Series = make([]Series, MaxSeries+1) },
		"too few values":     func(f *Figure) { f.Panels[0].Series[1].Values = []float64{1} },
		"one end only":       func(f *Figure) { f.Panels[0].Series[0].Low = nil },
		"nothing to be seen": func(f *Figure) { f.Panels[1].Series[0].Values[0] = math.Inf(1) },
	} {
		f := sample()
		spoil(f)
		if f.SVG(io.Discard) == nil || f.PNG(io.Discard) == nil {
			t.Errorf("%s was drawn", name)
		}
	}
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		percent   bool
		want      string
	}{
		{0.1, 0.72, false, "0.0 0.2 0.4 0.6 0.8"},
		{0.55, 0.74, false, "0.55 0.60 0.65 0.70 0.75"},
		{0, 0.4, true, "0 % 10 % 20 % 30 % 40 %"},
		{-0.1, 0.4, true, "−10 % 0 % 10 % 20 % 30 % 40 %"},
		{5, 5, false, "2 3 4 5 6 7 8"},
		{0, 0, false, "−0.06 −0.04 −0.02 0.00 0.02 0.04 0.06"},
	} {
		s := newScale(c.low, c.high, 5, c.percent)
		var texts []string
		for _, tick := range s.ticks() {
			texts = append(texts, s.text(tick))
		}
		if got := strings.Join(texts, " "); got != c.want {
			t.Errorf("%v to %v: %s, want %s", c.low, c.high, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(-1e6, 1e6).Draw(t, "low")
		high := low + rapid.Float64Range(0, 1e6).Draw(t, "above")
		s := newScale(low, high, 5, false)
		n := len(s.ticks())
		if s.low > low+1e-6*s.step || s.high < high-1e-6*s.step || n < 2 || n > 12 {
			t.Fatalf("%v to %v: %d ticks from %v to %v", low, high, n, s.low, s.high)
		}
	})
}

// TestNamesAreApart: in order, apart, and unmoved where they do not meet.
func TestNamesAreApart(t *testing.T) {
	for _, c := range []struct{ in, want []float64 }{
		{[]float64{50, 100}, []float64{50, 100}},
		{[]float64{100, 100}, []float64{92.5, 107.5}},
		{[]float64{100, 100, 100}, []float64{85, 100, 115}},
		{[]float64{0, 200}, []float64{10, 190}},
		{[]float64{195, 195}, []float64{175, 190}},
	} {
		got := slices.Clone(c.in)
		if apart(got, 10, 190); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.in, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		heights := rapid.SliceOfN(rapid.Float64Range(0, 300), 1, MaxSeries).Draw(t, "heights")
		slices.Sort(heights)
		apart(heights, 0, 300)
		for i := range heights {
			if heights[i] < -1e-9 || heights[i] > 300+1e-9 || i > 0 && heights[i]-heights[i-1] < lineGap-1e-9 {
				t.Fatalf("%v", heights)
			}
		}
	})
}

func TestDashes(t *testing.T) {
	line := []point{{0, 0}, {30, 0}, {30, 40}}
	total := 0.0
	for _, dash := range dashed(line) {
		for i := 1; i < len(dash); i++ {
			total += math.Hypot(dash[i].x-dash[i-1].x, dash[i].y-dash[i-1].y)
		}
	}
	if total != 42 { // seven times on and off
		t.Errorf("dashes of %v in a line of 70", total)
	}
}
