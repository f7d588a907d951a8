// Package plot draws figures of one or two panels for people: values over a few ordered
// categories, as lines with bands or as points with whiskers, as SVG or PNG.
//
//	f := &plot.Figure{Title: "What freshness earns", Panels: []plot.Panel{{
//		Title: "HitRate@20", X: "events withheld for", Categories: []string{"0s", "1h"},
//		Series: []plot.Series{{Name: "slate", Values: …, Low: …, High: …}},
//	}}}
//	err := f.SVG(w)
//
// An SVG follows the reader's light or dark scheme and stands on a card of its own, so that it can
// be read on any page; a PNG is light, two pixels a unit. Equal figures give equal bytes. Series are told apart
// by colour, by mark and by the names at their ends, so that no legend has to be searched.
//
// Left out: continuous scales (categories are spaced evenly, whatever they mean), interaction, and
// more panels than fit beside each other.
package plot
