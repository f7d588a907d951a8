package engine

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/freshet-rec/freshet"
)

const (
	span       = 24 * time.Hour // of event time
	began      = 1_795_132_800_000
	exponent   = 1.1 // of the Zipf laws of users and items
	categories = 1000
)

// The shares of the event names, in percent; likes are the rest.
const (
	exposeShare = 70
	clickShare  = 25
)

// world is a seeded stream of events over a day, by ascending time, and the texts of its ids,
// made beforehand so that a measurement does not pay for them.
type world struct {
	happened []happening
	users    []string // by number, from 1 on; users[0] is ""
	items    []string
	category []uint16 // of an item, by its number; from 1 to categories
}

// happening is an event without its texts: 16 bytes.
type happening struct {
	user, item uint32 // from 1 on
	after      uint32 // ms since began
	reaction   uint32 // 0 is an exposure, 1 a click, 2 a like
}

var names = [...]string{expose, click, like}

func (h *happening) time() int64 { return began + int64(h.after) }

func newWorld(s *Size, seed uint64) *world {
	rng := rand.New(rand.NewPCG(seed, 1))
	w := &world{
		happened: make([]happening, s.Events),
		users:    texts("u", s.Users), items: texts("i", s.Items),
		category: make([]uint16, s.Items+1),
	}
	for i := range w.category {
		w.category[i] = categoryOf(uint32(i))
	}
	user, item := rand.NewZipf(rng, exponent, 1, uint64(s.Users-1)), rand.NewZipf(rng, exponent, 1, uint64(s.Items-1))
	for i := range w.happened {
		h := &w.happened[i]
		h.user, h.item = uint32(user.Uint64())+1, uint32(item.Uint64())+1
		h.after = uint32(float64(i) / float64(s.Events) * float64(span.Milliseconds()))
		switch share := rng.IntN(100); {
		case share < exposeShare:
		case share < exposeShare+clickShare:
			h.reaction = 1
		default:
			h.reaction = 2
		}
	}
	return w
}

// newest is the time of the newest event.
func (w *world) newest() int64 { return w.happened[len(w.happened)-1].time() }

// event fills e with a happening.
func (w *world) event(h *happening, e *freshet.Event) {
	e.User, e.Item = freshet.UserID(w.users[h.user]), freshet.ItemID(w.items[h.item])
	e.Name, e.Time = names[h.reaction], h.time()
}

// categoryOf spreads the items over the categories.
func categoryOf(item uint32) uint16 { return uint16(mix(uint64(item))%categories) + 1 }

// categoryName is the text of a category.
func categoryName(category uint16) string { return "c" + strconv.Itoa(int(category)) }

// texts makes the ids prefix1 to prefixN, one after the other in one piece of memory.
func texts(prefix string, n int) []string {
	var arena strings.Builder
	ends := make([]int, n+1)
	for i := 1; i <= n; i++ {
		arena.WriteString(prefix)
		arena.WriteString(strconv.Itoa(i))
		ends[i] = arena.Len()
	}
	all, list := arena.String(), make([]string, n+1)
	for i := 1; i <= n; i++ {
		list[i] = all[ends[i-1]:ends[i]]
	}
	return list
}
