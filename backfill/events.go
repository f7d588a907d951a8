package backfill

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
)

// events keeps events to be sorted by time: 32 bytes each without a pointer, and the event itself
// in canonical JSON, 100 to 200 bytes, in large pieces.
type events struct {
	list  []kept
	text  [][]byte
	rules codec.Rules
}

// kept is where an event stands.
type kept struct {
	time          int64
	position      freshet.Position
	piece, offset uint32
	length        uint32
}

// pieceBytes is the size of a piece of text.
const pieceBytes = 4 << 20

// add keeps an event.
func (s *events) add(e *freshet.Event, p freshet.Position) {
	if n := len(s.text); n == 0 || len(s.text[n-1]) > pieceBytes*15/16 {
		s.text = append(s.text, make([]byte, 0, pieceBytes))
	}
	piece := len(s.text) - 1
	from := len(s.text[piece])
	text := codec.AppendEvent(s.text[piece], e)
	s.text[piece] = text
	s.list = append(s.list, kept{e.Time, p, uint32(piece), uint32(from), uint32(len(text) - from)})
}

// sort puts the events into the order of (time, position).
func (s *events) sort() {
	slices.SortFunc(s.list, func(a, b kept) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.position, b.position))
	})
}

// read gives an event back.
func (s *events) read(k *kept) freshet.Event {
	s.rules = codec.Rules{Now: k.time, MaxFuture: math.MaxInt64 / 4}
	e, problems := codec.DecodeEvent(s.text[k.piece][k.offset:k.offset+k.length], &s.rules)
	if len(problems) > 0 {
		panic(fmt.Sprintf("BUG: the event at position %s, which was decoded before, has %v", k.position, problems[0]))
	}
	return e
}
