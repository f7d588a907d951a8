package profile

import (
	"cmp"
	"iter"
	"slices"
	"sort"

	"github.com/freshet-rec/freshet"
)

// Item is a row of what is known of items.
type Item struct {
	Item      string   `parquet:"item_id"`
	Category  *string  `parquet:"category,dict,optional"` // the first; nil: none, or no entry
	Available bool     `parquet:"available"`              // it may be shown
	Born      int64    `parquet:"born_ms"`                // published, else first named; Unix ms
	AgeDays   float64  `parquet:"age_days"`               // at the newest event's time; below 0: not published yet
	Price     *float64 `parquet:"price,optional"`
	// PricePercentile is the share of the prices of its category below its own, those equal by half: 0
	// to 1. nil without a price.
	PricePercentile *float64 `parquet:"price_percentile,optional"`
	Activity
	Audience
	Quality
}

// Items are all that an entry or an event named, sorted by id. No entry may be applied until the
// sequence has ended.
func (f *Fold) Items() iter.Seq[Item] {
	return func(yield func(Item) bool) {
		slices.Sort(f.takes)
		inCategory, total := f.pricesByCategory(), f.total()
		for _, n := range f.sortedItems() {
			if !yield(f.item(n, inCategory, &total)) {
				return
			}
		}
	}
}

func (f *Fold) sortedItems() []uint32 {
	numbers := make([]uint32, 0, f.items.Len())
	for n := uint32(1); int(n) < f.items.Len(); n++ {
		numbers = append(numbers, n)
	}
	slices.SortFunc(numbers, func(a, b uint32) int { return cmp.Compare(f.items.ID(a), f.items.ID(b)) })
	return numbers
}

// total is the activity of all items.
func (f *Fold) total() (t Activity) {
	for i := range f.histories {
		a := &f.histories[i].activity
		t.Impressions += a.Impressions
		t.Clicks += a.Clicks
		t.Engages += a.Engages
		t.Intents += a.Intents
		t.Converts += a.Converts
		t.Negatives += a.Negatives
	}
	return t
}

func (f *Fold) item(n uint32, inCategory map[string]prices, total *Activity) Item {
	doc, born := f.items.Entry(n), f.items.Born(n)
	row := Item{Item: string(f.items.ID(n)), Available: f.items.Available(n), Born: born, AgeDays: float64(f.Newest-born) / float64(freshet.Day)}
	if category := categoryOf(doc); category != "" {
		row.Category = &category
	}
	if doc != nil && doc.HasPrice {
		row.Price, row.PricePercentile = number(doc.Price), number(inCategory[categoryOf(doc)].percentile(doc.Price))
	}
	h := &history{}
	if int(n) < len(f.histories) {
		h = &f.histories[n]
	}
	row.Activity, row.Quality = h.activity, h.quality(total, f.shown)
	from := sort.Search(len(f.takes), func(i int) bool { return f.takes[i]>>32 >= uint64(n) })
	to := from + sort.Search(len(f.takes)-from, func(i int) bool { return f.takes[from+i]>>32 > uint64(n) })
	row.Audience = f.audience(f.takes[from:to])
	return row
}

// pricesByCategory are the prices of the catalogue by the items' first category, sorted.
func (f *Fold) pricesByCategory() map[string]prices {
	lists := map[string]prices{}
	for n := uint32(1); int(n) < f.items.Len(); n++ {
		if doc := f.items.Entry(n); doc != nil && doc.HasPrice {
			lists[categoryOf(doc)] = append(lists[categoryOf(doc)], doc.Price)
		}
	}
	for _, list := range lists {
		slices.Sort(list)
	}
	return lists
}

// prices are all of the catalogue, sorted.
func (f *Fold) prices() (list prices) {
	for n := uint32(1); int(n) < f.items.Len(); n++ {
		if doc := f.items.Entry(n); doc != nil && doc.HasPrice {
			list = append(list, doc.Price)
		}
	}
	slices.Sort(list)
	return list
}
