package window

import (
	"math"

	"github.com/freshet-rec/freshet/internal/pack"
)

// Sample is what one event is to an aggregate.
type Sample struct {
	Time    int64   // event time, Unix ms, ≥ 0
	Number  float64 // the field, when it is a number; 1 without a field
	Text    string  // the field, when it is a text
	IsText  bool
	Hash    uint64 // of the field, for distinct: see Hash
	More    bool   // for distinct: a further value of the same event
	Lanes   uint8  // of a rate: which of its two counts the event is in, as bits
	Item    uint32 // the item's number, 0 for none
	EventID string
	// Horizon is the earliest time that a read may still be made for.
	Horizon int64
}

// Value is what is read.
type Value struct {
	Value   float64 // of a number
	Text    string  // of a text: last of a text, or a derived feature that is one
	IsText  bool
	List    []Entry // of a last_k, newest first; must not be changed
	Null    bool    // there is no value
	Events  int64   // events counted; of a rate both its counts together, of a last_k the entries
	Updated int64   // newest event time seen under the key, 0 if none; Unix ms
}

// Entry is an element of a last_k.
type Entry struct {
	Item uint32
	Time int64 // Unix ms
}

// Default reports that no event stands behind the value.
func (v *Value) Default() bool { return v.Events == 0 }

// Number is the value as a number, NaN when it is null or none.
func (v *Value) Number() float64 {
	if v.Null || v.IsText || v.List != nil {
		return math.NaN()
	}
	return v.Value
}

// Aggregate is the algebra that all aggregates share. A state is a slice of Words() words,
// empty when it is all zero; Merge is associative and commutative, and adding samples to two
// states and merging them is adding all to one. States may hold pieces of a slab that belongs
// to the aggregate; such a state must be cleared before its words are given away.
//
// An Aggregate is for one writer or many readers.
type Aggregate interface {
	// Words is the length of a state, ≥ 1.
	Words() int
	// Add adds a sample.
	Add(state []uint64, s *Sample)
	// Merge adds what from holds, which stays as it is.
	Merge(into, from []uint64)
	// Read gives the value of all states together, as if they were merged. q is the time of
	// the read. Updated is not set.
	Read(v *Value, states States, q int64)
	// Clear makes a state empty.
	Clear(state []uint64)
	// Pack encodes a state: equal values have equal bytes. Unpack fills an empty state from it.
	Pack(w *pack.Writer, state []uint64)
	Unpack(r *pack.Reader, state []uint64)
}

// States are states that stand one behind the other in a ring.
type States struct {
	ring  []uint64
	words int // of one
	first int // place of the first
	n     int
}

// Of returns the one state.
func Of(state []uint64) States { return States{ring: state, words: len(state), n: 1} }

// Len is the number of states.
func (s *States) Len() int { return s.n }

// At returns state i.
func (s *States) At(i int) []uint64 {
	at := (s.first + i) * s.words
	if at >= len(s.ring) {
		at -= len(s.ring)
	}
	return s.ring[at : at+s.words : at+s.words]
}

// Cells is how a feature's state is kept under one key: in a cell of Words() words, empty when it
// is all zero, of which the first is the newest event time added plus one.
//
// Cells are for one writer or many readers.
type Cells interface {
	Words() int
	// Add adds a sample that is not Beyond.
	Add(cell []uint64, s *Sample)
	// Read gives the value at time q, which must not lie before the last horizon. An empty cell,
	// and a nil one, has the value of no events.
	Read(v *Value, cell []uint64, q int64)
	// Number is the Value of what Read gives, NaN when it is null or no number.
	Number(cell []uint64, q int64) float64
	// Beyond reports that no read at q ≥ horizon can cover an event at time t. It never is when
	// there is no window.
	Beyond(t, horizon int64) bool
	// Clear makes a cell empty.
	Clear(cell []uint64)
	// Pack encodes a cell that is not empty. Unpack fills an empty one.
	Pack(w *pack.Writer, cell []uint64)
	Unpack(r *pack.Reader, cell []uint64)
	// Export writes what a read at any q ≥ newest can find, "" when that is nothing.
	Export(cell []uint64, newest int64) string
}

// Newest is the newest event time added to a cell, 0 when it is empty.
func Newest(cell []uint64) int64 { return max(0, int64(cell[0]&^wideFlag)-1) }

// note moves the newest event time of a cell on to t.
func note(cell []uint64, t int64) {
	if flag := cell[0] & wideFlag; uint64(t+1) > cell[0]&^wideFlag {
		cell[0] = uint64(t+1) | flag
	}
}

// wideFlag marks a cell of Counters whose counts stand elsewhere.
const wideFlag = 1 << 63

func packWords(w *pack.Writer, words []uint64) {
	for _, word := range words {
		w.Uint(word)
	}
}

func unpackWords(r *pack.Reader, words []uint64) {
	for i := range words {
		words[i] = r.Uint()
	}
}

func addSaturating(a, b int64) int64 {
	const most, least = 1<<63 - 1, -1 << 63
	switch sum := a + b; {
	case b > 0 && sum < a:
		return most
	case b < 0 && sum > a:
		return least
	default:
		return sum
	}
}
