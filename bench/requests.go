package bench

import (
	"math/rand/v2"
	"strconv"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
)

// The paths of the server.
const (
	pathEvents    = "/v1/events"
	pathRecommend = "/v1/recommend"
)

// slateLength is how many items are asked for.
const slateLength = 10

// acts is how many different acts a workload draws before it begins; then they come round.
const acts = 1 << 16

// act is something a user does to an item, by index.
type act struct {
	user, item int32
	click      bool // else it was only shown
}

// requests writes the bodies of requests. It never changes, so any goroutine may use it.
type requests struct {
	users, items [][]byte // as JSON
	ids          []freshet.ItemID
	acts         []act
	rests        [][]byte // of the event of each act, what stands behind its number
	at           int64
}

// newRequests draws the acts: users uniformly, items by a Zipf law of exponent 1.1, one click
// for every eight items shown.
func newRequests(o *Options) *requests {
	r := &requests{ids: o.Items, at: o.At, acts: make([]act, acts)}
	for _, id := range o.Users {
		r.users = append(r.users, codec.AppendText(nil, string(id)))
	}
	for _, id := range o.Items {
		r.items = append(r.items, codec.AppendText(nil, string(id)))
	}
	random := rand.New(rand.NewPCG(o.Seed, 0))
	popular := rand.NewZipf(random, 1.1, 8, uint64(len(r.items)-1))
	order := random.Perm(len(r.items))
	for i := range r.acts {
		r.acts[i] = act{user: int32(random.IntN(len(r.users))), item: int32(order[popular.Uint64()]), click: random.IntN(9) == 0}
	}
	var texts []byte
	ends := make([]int, acts)
	for i, a := range r.acts {
		name := "expose"
		if a.click {
			name = "click"
		}
		texts = appendRest(texts, name, r.users[a.user], r.items[a.item])
		ends[i] = len(texts)
	}
	begin := 0
	for _, end := range ends {
		r.rests = append(r.rests, texts[begin:end])
		begin = end
	}
	return r
}

// event appends the event number n, which is its id and picks the act.
func (r *requests) event(dst []byte, n uint64) []byte {
	return append(appendNumber(dst, n), r.rests[n%acts]...)
}

// acted appends an event; user and item are JSON.
func (r *requests) acted(dst []byte, n uint64, name string, user, item []byte) []byte {
	return appendRest(appendNumber(dst, n), name, user, item)
}

// appendNumber begins the event number n.
func appendNumber(dst []byte, n uint64) []byte {
	return strconv.AppendUint(append(dst, `{"event_id":"bench-`...), n, 36)
}

// appendRest ends an event behind its number.
func appendRest(dst []byte, name string, user, item []byte) []byte {
	dst = append(dst, `","user_id":`...)
	dst = append(dst, user...)
	dst = append(dst, `,"item_id":`...)
	dst = append(dst, item...)
	dst = append(dst, `,"event":"`...)
	dst = append(dst, name...)
	return append(dst, `"}`...)
}

// slate appends a request for a slate by the user of act n.
func (r *requests) slate(dst []byte, n uint64) []byte {
	return r.slateFor(dst, r.users[r.acts[n%acts].user])
}

func (r *requests) slateFor(dst, user []byte) []byte {
	dst = append(dst, `{"user_id":`...)
	dst = append(dst, user...)
	dst = append(dst, `,"n":`...)
	dst = strconv.AppendInt(dst, slateLength, 10)
	if r.at != 0 {
		dst = append(dst, `,"at":`...)
		dst = strconv.AppendInt(dst, r.at, 10)
	}
	return append(dst, '}')
}
