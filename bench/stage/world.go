package stage

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/freshet-rec/freshet"
)

// world draws what happens in a shop of many items: visits of a few acts each, to items of which a
// few are wanted by many (Zipf) and that lie near each other. Everything follows from the seed.
type world struct {
	rng   *rand.Rand
	items int
	users int
	zipf  *rand.Zipf
}

// Measures of the world.
const (
	departments = 200  // categories, each a stretch of the item numbers
	skew        = 1.05 // of the Zipf distribution
	perVisit    = 5    // acts of a visit, about
)

func newWorld(seed uint64, items, users int) *world {
	rng := rand.New(rand.NewPCG(seed, 7))
	return &world{rng: rng, items: items, users: users, zipf: rand.NewZipf(rng, skew, 20, uint64(items-1))}
}

// scatter spreads the most wanted items over all numbers, as catalogues have them.
func (w *world) scatter(rank uint64) int {
	const odd = 0x9e3779b97f4a7c15
	return int((rank*odd>>7 ^ rank) % uint64(w.items))
}

func itemID(i int) freshet.ItemID { return freshet.ItemID(fmt.Sprintf("item-%07d", i)) }

func userID(i int) freshet.UserID { return freshet.UserID(fmt.Sprintf("user-%06d", i)) }

// entry is item i of the catalogue, published some time before t.
func (w *world) entry(i int, t int64) *freshet.Item {
	department := i * departments / w.items
	return &freshet.Item{
		ID: itemID(i), Title: fmt.Sprintf("Thing %d of kind %d", i, i%977), HasPublished: true, Published: t - int64(float64(400*freshet.Day)*w.rng.Float64()),
		Categories: []string{fmt.Sprintf("department %d", department)}, Tags: []string{fmt.Sprintf("kind %d", i%977), fmt.Sprintf("make %d", i%131)},
	}
}

// visit are the acts of one visit at time t, in their order.
func (w *world) visit(t int64) []freshet.Event {
	user := userID(int(float64(w.users) * math.Pow(w.rng.Float64(), 2)))
	n := 1 + w.rng.IntN(2*perVisit-1)
	list := make([]freshet.Event, n)
	at := w.scatter(w.zipf.Uint64())
	for i := range list {
		if w.rng.IntN(3) == 0 { // or one near the last
			at = w.scatter(w.zipf.Uint64())
		} else {
			at = (at + w.rng.IntN(50)) % w.items
		}
		list[i] = freshet.Event{User: user, Item: itemID(at), Name: "click", Time: t + int64(i)*20_000}
	}
	return list
}
