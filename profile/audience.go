package profile

import (
	"cmp"
	"slices"
)

// Audience is who took an item.
type Audience struct {
	Visitors int64 `parquet:"visitors"` // different ones
	// Repeat is the share of them who took it more than once. nil: nobody took it.
	Repeat   *float64 `parquet:"repeat_share,optional"`
	Audience []Group  `parquet:"audience,list"` // attributes as they were met; the greatest group of each first
}

// Group is those of an audience whose entry has a value of an attribute.
type Group struct {
	Attribute string  `parquet:"attribute,dict"`
	Value     string  `parquet:"value,dict"`
	Visitors  int64   `parquet:"visitors"`
	Share     float64 `parquet:"share"` // of the visitors whose entry has the attribute; 0 to 1
}

// audience is that of one item's takes, which are sorted.
func (f *Fold) audience(takes []uint64) (a Audience) {
	type value struct {
		attribute int
		text      string
	}
	groups, have := map[value]int64{}, make([]int64, len(f.userNames))
	again := int64(0)
	for from := 0; from < len(takes); {
		to := from + 1
		for to < len(takes) && takes[to] == takes[from] {
			to++
		}
		a.Visitors++
		if to-from > 1 {
			again++
		}
		if doc := f.people[uint32(takes[from])].doc; doc != nil {
			for i, name := range f.userNames {
				found := texts(doc.Attributes[name])
				if len(found) > 0 {
					have[i]++
				}
				for _, text := range found {
					groups[value{i, text}]++
				}
			}
		}
		from = to
	}
	if a.Visitors > 0 {
		a.Repeat = number(float64(again) / float64(a.Visitors))
	}
	byAttribute := make([][]Group, len(f.userNames))
	for v, n := range groups { // in any order: sorted below
		byAttribute[v.attribute] = append(byAttribute[v.attribute], Group{f.userNames[v.attribute], v.text, n, float64(n) / float64(have[v.attribute])})
	}
	for _, list := range byAttribute {
		slices.SortFunc(list, func(x, y Group) int {
			return cmp.Or(cmp.Compare(y.Visitors, x.Visitors), cmp.Compare(x.Value, y.Value))
		})
		a.Audience = append(a.Audience, list[:min(f.Named, len(list))]...)
	}
	return a
}
