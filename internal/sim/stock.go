package sim

import (
	"math/rand/v2"
	"sort"
)

// stock draws books by their sales, over the whole shop and within each shelf.
type stock struct {
	all     drawer
	byShelf []drawer // a shelf may be empty
	books   int
}

func newStock(books []book) *stock {
	s := &stock{byShelf: make([]drawer, len(shelves)), books: len(books)}
	for i := range books {
		s.all.add(i, books[i].weight)
		s.byShelf[books[i].shelf].add(i, books[i].weight)
	}
	return s
}

// draw proposes a book for v, who likes what likes says: a bestseller, one from the shelf of the errand or,
// without one, from a shelf v likes, or (one in five) any.
func (s *stock) draw(v *visitor, likes *tastes, errand int8, rng *rand.Rand) int {
	switch p := rng.Float64(); {
	case p < v.trend:
		return s.all.draw(rng)
	case p < 0.8:
		from := int(errand)
		if errand == noErrand || p < v.trend+errandBrowsing*(0.8-v.trend) {
			from = likedShelf(likes, rng)
		}
		if shelf := &s.byShelf[from]; len(shelf.books) > 0 {
			return shelf.draw(rng)
		}
	}
	return rng.IntN(s.books)
}

// likedShelf draws a shelf in proportion to taste.
func likedShelf(likes *tastes, rng *rand.Rand) int {
	var sum float64
	for _, t := range likes.taste {
		sum += t
	}
	at := sum * rng.Float64()
	for s, t := range likes.taste {
		if at -= t; at < 0 {
			return s
		}
	}
	return len(likes.taste) - 1
}

// drawer draws indices in proportion to their weights, by bisection of the running sum.
type drawer struct {
	books []int
	upTo  []float64 // upTo[i] is the sum of the weights of books[:i+1]
}

func (d *drawer) add(index int, weight float64) {
	if n := len(d.upTo); n > 0 {
		weight += d.upTo[n-1]
	}
	d.books = append(d.books, index)
	d.upTo = append(d.upTo, weight)
}

// draw needs at least one book.
func (d *drawer) draw(rng *rand.Rand) int {
	at := rng.Float64() * d.upTo[len(d.upTo)-1]
	i := sort.Search(len(d.upTo), func(i int) bool { return d.upTo[i] > at })
	return d.books[min(i, len(d.books)-1)]
}
