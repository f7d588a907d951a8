package sim

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/freshet-rec/freshet"
)

// theHit is the number of the sea book that everybody but ada has heard of.
const theHit = 417

// book is an item with what the shop's visitors feel about it.
type book struct {
	item    freshet.Item
	shelf   int     // index of its first category
	second  int     // index of its second category, -1 if none
	weight  float64 // relative sales, > 0
	quality float64 // about [-1, 1.5]; raises everybody's click probability
	latent  []float64
}

// newBooks writes the catalogue. Sales follow a power law over a random order of the books.
func newBooks(o Options, rng *rand.Rand) []book {
	authors := newAuthors(max(len(shelves), o.Items/8), rng)
	order := salesOrder(o.Items, rng)
	titles := map[string]bool{}
	for _, title := range pinned {
		titles[title] = true
	}
	books := make([]book, o.Items)
	for i := range books {
		number := i + 1
		title, isPinned := pinned[number]
		shelfIndex := rng.IntN(len(shelves))
		if isPinned {
			shelfIndex = sea
		} else {
			title = newTitle(&shelves[shelfIndex], titles, rng)
		}
		b := book{shelf: shelfIndex, second: -1}
		if second := rng.IntN(len(shelves)); rng.Float64() < 0.3 && second != shelfIndex {
			b.second = second
		}
		b.weight = math.Pow(float64(order[i]+8), -0.9)
		b.quality = 1.2*(0.5-float64(order[i])/float64(o.Items)) + 0.4*rng.NormFloat64()
		b.latent = normals(o.Tastes, rng)
		if number == theHit { // sells best by far, to those who like the sea
			b.second, b.quality = -1, 1.5
			b.weight *= 2.5
		}
		b.item = describe(number, title, &b, authors, o, rng)
		books[i] = b
	}
	return books
}

// salesOrder is a random permutation of 0..n-1 in which theHit, if it exists, comes first.
func salesOrder(n int, rng *rand.Rand) []int {
	order := rng.Perm(n)
	if n >= theHit {
		for i, place := range order {
			if place == 0 {
				order[i], order[theHit-1] = order[theHit-1], order[i]
				break
			}
		}
	}
	return order
}

// describe fills in what the catalogue says of a book.
func describe(number int, title string, b *book, authors []author, o Options, rng *rand.Rand) freshet.Item {
	shelf := &shelves[b.shelf]
	item := freshet.Item{
		ID:           freshet.ItemID(fmt.Sprintf("b-%04d", number)),
		Title:        title,
		Categories:   []string{shelf.name},
		Published:    published(o, rng).UnixMilli(),
		HasPublished: true,
		Price:        float64(5+rng.IntN(30)) + []float64{0.5, 0.9, 0.95}[rng.IntN(3)],
		HasPrice:     true,
	}
	if number == theHit { // known for years, so that the whole history could click it
		item.Published = o.End.Add(-3 * 365 * 24 * time.Hour).Truncate(24 * time.Hour).UnixMilli()
	}
	if b.second >= 0 {
		item.Categories = append(item.Categories, shelves[b.second].name)
	}
	thing, place, mood := pick(shelf.things, rng), pick(shelf.places, rng), pick(shelf.moods, rng)
	item.Tags = []string{strings.ToLower(thing), strings.ToLower(mood)}
	by := authors[rng.IntN(len(authors))]
	if rng.Float64() < 0.8 { // most authors stay with their shelf
		by = authors[b.shelf+len(shelves)*rng.IntN(len(authors)/len(shelves))]
	}
	item.Text = fmt.Sprintf("%s and the %s. A book for the %s shelf, %s throughout, by %s; set near %s.",
		thing, strings.ToLower(place), shelf.name, strings.ToLower(mood), by, pick(harbours, rng))
	item.Attributes = map[string]any{
		"author": string(by),
		"pages":  json.Number(strconv.Itoa(80 + rng.IntN(520))),
	}
	return item
}

// published is a midnight (UTC) in the eight years before End; one book in twenty-five
// appears during the history.
func published(o Options, rng *rand.Rand) time.Time {
	days := o.Days + rng.IntN(8*365)
	if rng.Float64() < 0.04 {
		days = rng.IntN(o.Days)
	}
	return o.End.Add(-time.Duration(days) * 24 * time.Hour).Truncate(24 * time.Hour)
}

type author string

// newAuthors returns n invented names; author i writes for shelf i mod len(shelves).
func newAuthors(n int, rng *rand.Rand) []author {
	authors := make([]author, n)
	for i := range authors {
		authors[i] = author(pick(givenNames, rng) + " " + pick(familyNames, rng))
		if i >= 300 { // the plain names run short
			authors[i] = author(pick(givenNames, rng) + " " + string(rune('A'+rng.IntN(26))) + ". " + pick(familyNames, rng))
		}
	}
	return authors
}

// newTitle makes a title for the shelf that is not in taken, and adds it there.
func newTitle(s *shelf, taken map[string]bool, rng *rand.Rand) string {
	for try := 0; ; try++ {
		title := drawTitle(s, rng)
		if try >= 30 {
			title += ", Volume " + strconv.Itoa(2+try-30)
		}
		if !taken[title] {
			taken[title] = true
			return title
		}
	}
}

func drawTitle(s *shelf, rng *rand.Rand) string {
	thing, place, mood := pick(s.things, rng), pick(s.places, rng), pick(s.moods, rng)
	switch rng.IntN(10) {
	case 0, 1:
		return thing + " in the " + place
	case 2, 3:
		return "The " + mood + " " + place
	case 4:
		return "The " + place + " at " + pick(harbours, rng)
	case 5:
		return mood + " " + thing
	case 6:
		return thing + " for Two"
	case 7:
		return thing + " from " + pick(harbours, rng)
	case 8:
		return "Beyond the " + mood + " " + place
	}
	if other := pick(s.things, rng); other != thing {
		return thing + " and " + other
	}
	return "A Year of " + thing
}

func pick(words []string, rng *rand.Rand) string { return words[rng.IntN(len(words))] }
